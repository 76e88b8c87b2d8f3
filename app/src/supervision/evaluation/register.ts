import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { dayAfter, isDay } from '../../platform/days.ts';
import type { Protocol } from '../schema/tables.ts';
import { type Design, designs, powerOf } from './power.ts';

/** What is counted of somebody in a period: whether there was any. */
export const outcomes = { breach: 'An alert that was decided to be a breach', alert: 'Any alert that was not taken back' } as const;
export type Outcome = keyof typeof outcomes;
const isOutcome = (text: string): text is Outcome => Object.hasOwn(outcomes, text);
const isDesign = (text: string): text is Design => Object.hasOwn(designs, text);

/** The analysis that stands where no other is given. */
export const usualScript = readFileSync(join(import.meta.dirname, 'analyse.py'), 'utf8');

/** An effect is looked for only where it would be found so often. */
const leastPower = 0.5;

export interface EvaluationWish {
  title: string;
  question: string;
  tried: string;
  design: string;
  outcome: string;
  startsOn: string;
  periodDays: string;
  without: string;
  with: string;
  people: string;
  teams: string;
  icc: string;
  script: string;
  today: string;
}

/**
 * Puts on record, before it begins, what is asked, of whom, by which design, what is expected, and the analysis to the letter. Nothing of it can
 * be changed afterwards. The lot is drawn now: its seed is kept, and its fingerprint published.
 */
export const registerEvaluation: Action<null, EvaluationWish, { id: number }> = {
  name: 'evaluation.register',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, actor, note }, _services, wish) {
    note(null);
    const protocol = readWish(wish);
    const script = wish.script.trim() === '' ? usualScript : wish.script.replaceAll('\r\n', '\n');
    if (script.length > 100_000) throw new InvalidError('The analysis is longer than 100,000 letters.', 'script');
    const seed = randomBytes(32).toString('hex');
    const sealed = {
      ...protocol,
      script: createHash('sha256').update(script).digest('hex'),
      lot: createHash('sha256').update(seed).digest('hex'),
    };
    // The lot is between the teams of this day: one that comes later has no place in it.
    const teams = (await tx.selectFrom('supervision.teams').select('id').orderBy('id').execute()).map((team) => team.id);
    if (protocol.design === 'stepped' && teams.length < protocol.expected.teams)
      throw new InvalidError(
        `There are ${teams.length} teams on record, between which the lot would be drawn. Set up the others first.`,
        'teams',
      );
    const { id } = await tx
      .insertInto('supervision.evaluations')
      .values({
        title: protocol.title,
        protocol: JSON.stringify(sealed),
        script,
        sha256: createHash('sha256').update(canonicalJson(sealed)).digest('hex'),
        seed,
        teams: JSON.stringify(teams),
        registered_by: actor.id,
        registered_by_name: actor.name,
        starts_on: protocol.startsOn,
        ends_on: protocol.endsOn,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'evaluation', id }, { design: protocol.design, power: Math.round(100 * protocol.power) / 100 });
    return { id };
  },
};

function readWish(wish: EvaluationWish): Omit<Protocol, 'script' | 'lot'> {
  const text = (value: string, least: number, field: string, what: string): string => {
    const own = value.trim().slice(0, 2000);
    if (own.length < least) throw new InvalidError(what, field);
    return own;
  };
  const number = (value: string, from: number, to: number, field: string, what: string): number => {
    const own = Number(value.trim().replace(',', '.'));
    if (value.trim() === '' || !(own >= from && own <= to)) throw new InvalidError(what, field);
    return own;
  };
  const title = text(wish.title, 5, 'title', 'Give it a title.').slice(0, 200);
  const question = text(wish.question, 20, 'question', 'Say in a sentence what is to be found out.');
  const tried = text(wish.tried, 20, 'tried', 'Say in a sentence what is tried, so that everybody knows who has it and who has not yet.');
  if (!isDesign(wish.design)) throw new InvalidError('Choose the design.', 'design');
  if (!isOutcome(wish.outcome)) throw new InvalidError('Choose what is counted.', 'outcome');
  if (!isDay(wish.startsOn) || wish.startsOn <= wish.today)
    throw new InvalidError('It begins after today: what is fixed in advance is fixed before anything is seen.', 'startsOn');
  const periodDays = Math.round(number(wish.periodDays, 7, 366, 'periodDays', 'Give the days of a period, from 7 to 366.'));
  const percent = (value: string, field: string) =>
    number(value.replace('%', ''), 0.1, 99.9, field, 'Give the share of people in percent, from 0.1 to 99.9.') / 100;
  const expected = {
    without: percent(wish.without, 'without'),
    with: percent(wish.with, 'with'),
    people: Math.round(number(wish.people, 5, 1_000_000, 'people', 'Give how many people there will be, at least 5.')),
    teams: wish.design === 'stepped' ? Math.round(number(wish.teams, 3, 50, 'teams', 'Give how many teams there are, from 3 to 50.')) : 0,
    icc: wish.design === 'stepped' ? number(wish.icc || '0.02', 0, 0.5, 'icc', 'Give how alike people of one team are, from 0 to 0.5.') : 0,
  };
  const power = powerOf(wish.design, expected);
  if (power < leastPower)
    throw new InvalidError(
      `An effect of this size would be found in ${Math.round(100 * power)} of 100 such evaluations only. Take more people or longer periods, or do not begin: nothing would be learnt for what people give.`,
      'people',
    );
  const periods = wish.design === 'stepped' ? expected.teams + 1 : 2;
  const endsOn = dayAfter(wish.startsOn, periods * periodDays);
  return {
    title,
    question,
    tried,
    design: wish.design,
    outcome: wish.outcome,
    startsOn: wish.startsOn,
    endsOn,
    periodDays,
    periods,
    expected,
    power,
  };
}

/** As it is published: without its seed, which is told with the outcomes. */
export interface EvaluationView {
  id: number;
  protocol: Protocol;
  script: string;
  sha256: string;
  registeredBy: string;
  registeredAt: Date;
  agreedBy: string;
  exportedAt: Date | null;
  stoppedAt: Date | null;
  stoppedBecause: string;
}

const viewColumns = [
  'id',
  'protocol',
  'script',
  'sha256',
  'registered_by_name as registeredBy',
  'registered_at as registeredAt',
  'agreed_by_name as agreedBy',
  'exported_at as exportedAt',
  'stopped_at as stoppedAt',
  'stopped_because as stoppedBecause',
] as const;

const evaluationsIn = (tx: Tx) => tx.selectFrom('supervision.evaluations').select(viewColumns).orderBy('id', 'desc').execute();

/** All that are registered, for anybody to read. */
export const publishedEvaluations = (db: Database): Promise<EvaluationView[]> =>
  withPurpose(db, 'supervision', 'transparency', evaluationsIn);

/** The same with how many take part, for auditors; none where they are fewer than five. */
export const listEvaluations: Action<null, null, (EvaluationView & { people: number | null; isOwn: boolean })[]> = {
  name: 'evaluation.list',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, actor, note }) {
    const rows = await evaluationsIn(tx);
    const { rows: counts } = await sql<{ id: number; n: number }>`
      SELECT evaluation_id AS id, count(*)::int AS n FROM supervision.evaluation_members WHERE left_at IS NULL GROUP BY 1`.execute(tx);
    const { rows: own } = await sql<{ id: number }>`SELECT id FROM supervision.evaluations WHERE registered_by = ${actor.id}`.execute(tx);
    note(null, { shown: rows.length });
    return rows.map((row) => {
      const people = counts.find(({ id }) => id === row.id)?.n ?? 0;
      return { ...row, people: people > 0 && people < 5 ? null : people, isOwn: own.some(({ id }) => id === row.id) };
    });
  },
};

/** Stops one before its end, with why. Those who take part see that it is over. */
export const stopEvaluation: Action<null, { id: number; because: string }, null> = {
  name: 'evaluation.register',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, note }, _services, { id, because }) {
    note({ kind: 'evaluation', id }, { stopped: true });
    const why = because.trim().slice(0, 1000);
    if (why.length < 10) throw new InvalidError('Say in at least 10 characters why it stops.', 'because');
    const row = await tx
      .updateTable('supervision.evaluations')
      .set({ stopped_at: new Date(), stopped_because: why })
      .where('id', '=', id)
      .where('stopped_at', 'is', null)
      .where('exported_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new NotFoundError('There is no such evaluation, or it is over.');
    return null;
  },
};
