import { duration } from '@waymark/presence';
import type { AlertFacts, AlertKind, Severity } from '../schema/tables.ts';
import { kinds } from './watchers/index.ts';

interface Told {
  kind: AlertKind;
  from: Date;
  to: Date | null;
  facts: AlertFacts;
  zone: string | null;
  now: Date;
}

export const severityOf = (kind: AlertKind): Severity => kinds[kind].severity;

/** What kind of alert it is, for a person to read. */
export const kindInWords = (kind: AlertKind): string => kinds[kind].words;

/** An alert in one sentence: what, for how long, and what it rests on. */
export function explainAlert({ kind, from, to, facts, zone, now }: Told): string {
  return kinds[kind].explain({ facts, zone, long: duration(((to ?? now).getTime() - from.getTime()) / 1000), lasts: to === null });
}

/** What kind of alert it is in the few words of a list, with the name of its zone. */
export const kindInBrief = (kind: AlertKind, zone: string | null): string => kinds[kind].brief.replace('{zone}', `“${zone ?? 'a zone'}”`);

/** Kinds that stand until somebody has decided, whatever the tag says afterwards. */
export const standingKinds = Object.entries(kinds).flatMap(([kind, { standsUntilDecided }]) =>
  standsUntilDecided ? [kind as AlertKind] : [],
);
