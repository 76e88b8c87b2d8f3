import { duration, metres } from '@waymark/presence';
import type { AlertFacts, AlertKind } from '../tables.ts';

/** An alert in one sentence: what, for how long, and what it rests on. */
export function explainAlert(alert: { kind: AlertKind; from: Date; to: Date | null; facts: AlertFacts; zone: string; now: Date }): string {
  const { kind, facts, zone } = alert;
  const long = duration(((alert.to ?? alert.now).getTime() - alert.from.getTime()) / 1000);
  const seen = duration(facts.seenS);
  const lasting = alert.to === null ? `for ${long} so far` : facts.signalLost ? `seen for ${seen} within ${long}` : `for ${long}`;
  const evidence = `accuracy ${facts.accuracyM} m, ${facts.fixes} ${facts.fixes === 1 ? 'fix' : 'fixes'}`;
  const lost = facts.signalLost ? ' The signal was lost; that time counts for neither side.' : '';
  const where =
    kind === 'exclusion entered'
      ? `Up to ${metres(facts.farthestM)} inside “${zone}”`
      : `Up to ${metres(facts.farthestM)} outside “${zone}”`;
  return `${where} ${lasting} (${evidence}).${lost}`;
}

/** What kind of alert it is, for a person to read. */
export const kindInWords: Record<AlertKind, string> = {
  'exclusion entered': 'Went into an area they must keep out of',
  'inclusion left': 'Left an area they must stay in',
  'curfew missed': 'Not at the curfew address',
  'curfew late': 'Came late to the curfew address',
  'curfew ended early': 'Left the curfew address during the hours',
};
