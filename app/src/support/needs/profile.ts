import { dayAfter } from '../../platform/days.ts';
import { factKinds, type Statement } from '../facts/index.ts';
import type { Trigger } from '../schema/tables.ts';
import { highestLevel, type Instrument, type InstrumentRule } from './instrument.ts';

/** A range of levels or scores, both ends included. */
export interface Range {
  low: number;
  high: number;
}

export interface FactorView extends Range {
  key: string;
  name: string;
  about: string;
  /** False where it does not apply at this age: it then counts nothing. */
  applies: boolean;
  /** Nobody has stated anything that a rule reads. */
  unknown: boolean;
  /** Statements that the range rests on. */
  because: { fact: number; level: number | null; atMost: number | null }[];
}

export interface StrengthView {
  key: string;
  name: string;
  standing: 'there' | 'not there' | 'sources differ' | 'unknown';
  because: number[];
}

export interface Profile {
  instrument: string;
  asOf: string;
  age: number | null;
  /** The stages of life that the birth dates allow: one, or several where none is known. */
  stages: string[];
  factors: FactorView[];
  strengths: StrengthView[];
  score: Range;
  /** Null where the range reaches over more than one. */
  band: string | null;
  bandsPossible: string[];
}

/** Why there is no profile. */
export type NoProfile = {
  reason: 'older than the instrument is for' | 'not born yet' | 'somebody who has stopped all support';
  age: number | null;
};

/** Whole years from a birth date to a day, both `YYYY-MM-DD`. */
export function ageOn(born: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(born.slice(0, 4));
  return day.slice(5) < born.slice(5) ? years - 1 : years;
}

/**
 * The support-need profile: from dated statements to a range of levels for each factor, and their sum.
 *
 * What nobody has stated is unknown, not nothing: the range then runs up to the highest level. A statement that has expired or
 * is challenged has no effect; one that a later statement of the same source took the place of stays out even when the
 * later one is challenged. So leaving statements out never raises the lower end of a range and, where the stage of life is
 * known, never makes it narrower. The score is the sum of its parts at both ends. The same input always gives the same profile.
 *
 * @param born birth date, or null where none is known or sources differ: then every stage of life is allowed for
 */
export function computeProfile(
  instrument: Instrument,
  statements: readonly Statement[],
  born: string | null,
  asOf: string,
): Profile | NoProfile {
  const age = born === null ? null : ageOn(born, asOf);
  const last = instrument.stages[instrument.stages.length - 1];
  if (age !== null && age < 0) return { reason: 'not born yet', age };
  if (age !== null && last && age > last.to) return { reason: 'older than the instrument is for', age };
  const stages = instrument.stages.filter(({ from, to }) => age === null || (age >= from && age <= to)).map(({ key }) => key);
  const relied = reliedOn(statements, asOf);
  const before = stageBefore(instrument, born, asOf);
  const factors = instrument.factors.map((factor) => {
    const [handed] = handedOver(factor, relied, stages, before);
    const views = handed ? [handed] : stages.map((stage) => factorAt(factor, relied, stage));
    const unknown = views.every((view) => !view.applies || view.unknown);
    const because = views[0]?.because ?? [];
    return {
      key: factor.key,
      name: factor.name,
      about: factor.about,
      applies: views.some(({ applies }) => applies),
      unknown,
      low: Math.min(...views.map(({ low }) => low)),
      high: Math.max(...views.map(({ high }) => high)),
      because:
        views.length === 1
          ? because
          : views.flatMap((view) => view.because).filter((own, i, all) => all.findIndex(({ fact }) => fact === own.fact) === i),
    };
  });
  const score = factors.reduce((sum, { low, high }) => ({ low: sum.low + low, high: sum.high + high }), { low: 0, high: 0 });
  const bandsPossible = instrument.bands
    .filter(({ from }, i) => from <= score.high && (instrument.bands[i + 1]?.from ?? Number.POSITIVE_INFINITY) > score.low)
    .map(({ name }) => name);
  return {
    instrument: instrument.version,
    asOf,
    age,
    stages,
    factors,
    strengths: instrument.strengths.map((strength) => strengthOf(strength, relied)),
    score,
    band: bandsPossible.length === 1 ? (bandsPossible[0] as string) : null,
    bandsPossible,
  };
}

/** The stage of life that somebody has left so lately that it still hands over to the next; null where there is none. */
function stageBefore({ stages, handover_months: months = 0 }: Instrument, born: string | null, asOf: string): string | null {
  if (born === null || months === 0) return null;
  const age = ageOn(born, asOf);
  const i = stages.findIndex(({ from, to }) => age >= from && age <= to);
  const began = i > 0 ? birthdayOf(born, (stages[i] as Instrument['stages'][number]).from) : null;
  return began !== null && asOf < monthsAfter(began, months) ? (stages[i - 1] as Instrument['stages'][number]).key : null;
}

/** What the stage before saw of a factor that this stage does not know: seen for sure, it goes on counting for a while. */
function handedOver(factor: Instrument['factors'][number], relied: readonly Statement[], stages: readonly string[], before: string | null) {
  if (before === null || stages.some((stage) => factorAt(factor, relied, stage).applies)) return [];
  const then = factorAt(factor, relied, before);
  return then.low > 0 ? [{ ...then, high: then.low }] : [];
}

/** The birthday with which somebody is so many years old, `YYYY-MM-DD`. Of those born on 29 February it is 1 March in other years. */
export function birthdayOf(born: string, age: number): string {
  const year = Number(born.slice(0, 4)) + age;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return `${String(year).padStart(4, '0')}-${born.endsWith('-02-29') && !isLeap ? '03-01' : born.slice(5)}`;
}

function monthsAfter(day: string, months: number): string {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  return moved.toISOString().slice(0, 10);
}

/** Statements that may be relied on: the latest of each source and kind, unless it has expired or is challenged. */
export function reliedOn<S extends Statement>(statements: readonly S[], asOf: string): S[] {
  const stated = statements.filter(({ on }) => on <= asOf);
  const latest = new Map<string, string>();
  for (const { source, kind, on } of stated) {
    const key = `${source}\n${kind}`;
    if (on > (latest.get(key) ?? '')) latest.set(key, on);
  }
  return stated
    .filter(
      (own) =>
        !own.challenged && !own.notAllowed && own.expires >= asOf && (isEvent(own) || own.on === latest.get(`${own.source}\n${own.kind}`)),
    )
    .sort((a, b) => a.id - b.id);
}

/** Something that happened on a day is not undone by what was so later. */
function isEvent({ kind, value }: Statement): boolean {
  return (factKinds[kind] as { events?: readonly string[] }).events?.includes(value) ?? false;
}

function factorAt(
  { rules, stages }: Instrument['factors'][number],
  relied: readonly Statement[],
  stage: string,
): Range & { applies: boolean; unknown: boolean; because: FactorView['because'] } {
  if (stages && !stages.includes(stage)) return { low: 0, high: 0, applies: false, unknown: false, because: [] };
  let low = 0;
  let most = highestLevel;
  const because: FactorView['because'] = [];
  for (const statement of relied) {
    for (const rule of rules) {
      if ((rule.stages && !rule.stages.includes(stage)) || !speaks(rule, statement)) continue;
      low = Math.max(low, rule.level ?? 0);
      most = Math.min(most, rule.atMost ?? highestLevel);
      because.push({ fact: statement.id, level: rule.level ?? null, atMost: rule.atMost ?? null });
    }
  }
  // Where sources differ, what was seen counts: one agency's "none" does not undo what another knows.
  return { low, high: Math.max(low, most), applies: true, unknown: because.length === 0, because };
}

function speaks({ fact, is, below }: InstrumentRule, { kind, value }: Statement): boolean {
  if (fact !== kind) return false;
  return is ? is.includes(value) : Number(value) < (below ?? Number.NEGATIVE_INFINITY);
}

function strengthOf({ key, name, fact, is, not }: Instrument['strengths'][number], relied: readonly Statement[]): StrengthView {
  const own = relied.filter(({ kind }) => kind === fact);
  const there = own.some(({ value }) => is.includes(value));
  const missing = own.some(({ value }) => not.includes(value));
  const standing = there && missing ? 'sources differ' : there ? 'there' : missing ? 'not there' : 'unknown';
  return { key, name, standing, because: own.map(({ id }) => id) };
}

/**
 * What has lately happened that is a reason to look whether help is to be offered, the newest first: of each kind the newest
 * statement that is relied on and not older than the instrument says.
 */
export function triggersOf({ triggers = [] }: Instrument, statements: readonly Statement[], asOf: string): Trigger[] {
  const relied = reliedOn(statements, asOf);
  return triggers
    .flatMap(({ name, fact, is, weeks }): Trigger[] => {
      const since = dayAfter(asOf, -7 * weeks);
      const days = relied.filter(({ kind, value, on }) => kind === fact && is.includes(value) && on >= since).map(({ on }) => on);
      return days.length === 0 ? [] : [{ name, on: days.reduce((a, b) => (a > b ? a : b)) }];
    })
    .sort((a, b) => (a.on > b.on ? -1 : a.on < b.on ? 1 : a.name < b.name ? -1 : 1));
}

/** A day on which a profile changes by itself: a statement is relied on no longer, or the person is of another stage of life. */
export interface ComingChange {
  on: string;
  factor: string;
  before: Range;
  after: Range;
}

/** Birthdays so far ahead are announced, months. */
const announcedMonths = 24;

/** What will change by the mere passing of time, in order of days. */
export function comingChanges(instrument: Instrument, statements: readonly Statement[], born: string | null, asOf: string): ComingChange[] {
  const birthdays =
    born === null
      ? []
      : instrument.stages.flatMap(({ from, to }) => {
          const began = birthdayOf(born, from);
          return [began, monthsAfter(began, instrument.handover_months ?? 0), birthdayOf(born, to + 1)];
        });
  const expiries = statements.filter(({ expires }) => expires >= asOf).map(({ expires }) => dayAfter(expires, 1));
  const days = [...new Set([...expiries, ...birthdays.filter((day) => day > asOf && day <= monthsAfter(asOf, announcedMonths))])].sort();
  const changes: ComingChange[] = [];
  let before = computeProfile(instrument, statements, born, asOf);
  for (const on of days) {
    const after = computeProfile(instrument, statements, born, on);
    if (!('factors' in before)) break;
    if (!('factors' in after)) {
      // The instrument is for nobody older: the whole profile ends.
      changes.push({ on, factor: 'Everything: the person is older than this is for', before: before.score, after: { low: 0, high: 0 } });
      break;
    }
    after.factors.forEach((factor, i) => {
      const was = (before as Profile).factors[i];
      if (was && (was.low !== factor.low || was.high !== factor.high))
        changes.push({ on, factor: factor.name, before: { low: was.low, high: was.high }, after: { low: factor.low, high: factor.high } });
    });
    before = after;
  }
  return changes;
}
