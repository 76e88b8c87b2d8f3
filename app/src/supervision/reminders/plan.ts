import { intervalsOf } from '@waymark/presence';
import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { WordsChannel } from '../delivery/index.ts';
import type { Positions } from '../fixes/index.ts';
import { zonesOfWearings } from '../zones/index.ts';
import { before, type ReminderKind, type ReminderSpeech, type Speak } from './reminder.ts';

/** Planned ahead so far, ms: what falls into quiet hours is told before them. */
const aheadMs = 24 * 3_600_000;
/** A battery below this is to be charged; it is said again after so long, and only of a tag that was heard lately. */
const chargeBelow = 0.3;
const chargeAgainMs = 6 * 3_600_000;
const heardWithinMs = 2 * 3_600_000;
/** Before quiet hours begin by so much, what would fall into them is told. */
const beforeQuietMs = 5 * 60_000;
/** What should have been told longer ago than this is old news. */
const lateMs = 3_600_000;
const dayMs = 86_400_000;

interface Choice {
  subject: number;
  channel: WordsChannel;
  target: string;
  kinds: ReminderKind[];
  language: string;
  quiet_from: string;
  quiet_to: string;
  confirmed_at: Date;
}

interface Wanted {
  choice: Choice;
  kind: ReminderKind;
  key: string;
  text: string;
  /** Ms since 1970: when it is best told, and from when on it is of no use. */
  due: number;
  until: number;
}

export interface PlanServices {
  positions: Positions;
  timeZone: string;
  speak: Speak;
}

/**
 * Puts in line what people asked to be reminded of within the next day, and takes out what does not hold any more: hours that were
 * changed, appointments called off. Gives how many were put in line.
 */
export const planReminders: Action<PlanServices, { now: number }, { planned: number; dropped: number }> = {
  name: 'reminder.plan',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, services, { now }) {
    const choices = await tx
      .selectFrom('supervision.reminder_choices')
      .select(['subject_id as subject', 'channel', 'target', 'kinds', 'language', 'quiet_from', 'quiet_to', 'confirmed_at'])
      .where('confirmed_at', 'is not', null)
      .execute();
    const bySubject = new Map(choices.map((choice) => [choice.subject, choice as Choice]));
    /** Whose battery is low as they were last heard, whether it is to be told again or not. */
    const lowNow = new Set<number>();
    const wanted = [
      ...(await fromTags(tx, bySubject, services, now, lowNow)),
      ...(await fromAppointments(tx, bySubject, services.speak, now)),
      ...(await fromAnswers(tx, bySubject, services.speak, now)),
    ];
    // Somebody may wear two tags, and a rule may stand under two orders: each thing is told once.
    const once = new Map(wanted.map((one) => [`${one.choice.subject} ${one.key}`, one]));
    const rows = [...once.values()].flatMap((one) => {
      const due = dueOutsideQuiet(one, one.choice, now, services.timeZone);
      return due === null ? [] : [{ ...one, due }];
    });
    for (let i = 0; i < rows.length; i += 500) await put(tx, rows.slice(i, i + 500));
    const dropped = (await dropOthers(tx, rows, now)) + (await dropCharged(tx, lowNow, now));
    note(null, { planned: rows.length, dropped });
    return { planned: rows.length, dropped };
  },
};

/** The people of these choices who wear a tag now: its battery, and the hours that begin. */
async function fromTags(
  tx: Tx,
  choices: ReadonlyMap<number, Choice>,
  { positions, timeZone, speak }: PlanServices,
  now: number,
  lowNow: Set<number>,
): Promise<Wanted[]> {
  if (choices.size === 0) return [];
  const worn = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
    .select(['w.id', 'w.subject_id'])
    .where('w.subject_id', 'in', [...choices.keys()])
    .where(sql<boolean>`(w.ends_at IS NULL OR w.ends_at > ${new Date(now)}) AND (o.ends_at IS NULL OR o.ends_at > ${new Date(now)})`)
    .execute();
  const told = await tx
    .selectFrom('supervision.reminders')
    .select('subject_id')
    .distinct()
    .where('kind', '=', 'charge')
    .where('created_at', '>', new Date(now - chargeAgainMs))
    .execute();
  const toldOfCharge = new Set(told.map(({ subject_id }) => subject_id));
  const zones = await zonesOfWearings(
    tx,
    worn.map(({ id }) => id),
  );
  return worn.flatMap(({ id, subject_id }) => {
    const choice = choices.get(subject_id) as Choice;
    const speech = speak(choice.language);
    const wanted: Wanted[] = [];
    const position = positions.of(id);
    const isLow = position?.battery != null && position.battery < chargeBelow && now - position.at < heardWithinMs;
    if (isLow) lowNow.add(subject_id);
    if (choice.kinds.includes('charge') && isLow && !toldOfCharge.has(subject_id)) {
      const text = speech.t('Your tag: the battery is at {percent}%. Charge it now.', {
        percent: Math.round(100 * (position.battery as number)),
      });
      wanted.push({ choice, kind: 'charge', key: `charge:${now}`, text, due: now, until: now + chargeAgainMs });
    }
    if (choice.kinds.includes('hours'))
      for (const zone of zones)
        if (zone.wearing_id === id && zone.kind !== 'exclusion') wanted.push(...hoursOf(choice, zone, speech, now, timeZone));
    return wanted;
  });
}

function hoursOf(
  choice: Choice,
  zone: Awaited<ReturnType<typeof zonesOfWearings>>[number],
  { t, clock }: ReminderSpeech,
  now: number,
  timeZone: string,
): Wanted[] {
  const intervals = intervalsOf(zone.schedule, now, now + aheadMs + before.hours, timeZone);
  const wanted: Wanted[] = [];
  for (let i = 0; i < intervals.length; i += 2) {
    const from = intervals[i] as number;
    // What holds already is no news.
    if (from <= now) continue;
    const text = t('Be there by {time}: {place}.', { place: zone.name, time: clock(from) });
    wanted.push({ choice, kind: 'hours', key: `hours:${zone.zone_id}:${from}`, text, due: from - before.hours, until: from });
  }
  return wanted;
}

async function fromAppointments(tx: Tx, choices: ReadonlyMap<number, Choice>, speak: Speak, now: number): Promise<Wanted[]> {
  if (choices.size === 0) return [];
  const rows = await tx
    .selectFrom('supervision.appointments')
    .select(['id', 'subject_id', 'starts_at', 'place'])
    .where('state', '=', 'planned')
    .where('subject_id', 'in', [...choices.keys()])
    .where('starts_at', '>', new Date(now))
    .where('starts_at', '<', new Date(now + aheadMs + before.appointmentDay))
    .execute();
  return rows.flatMap(({ id, subject_id, starts_at, place }) => {
    const choice = choices.get(subject_id) as Choice;
    if (!choice.kinds.includes('appointment')) return [];
    const { t, shortTime } = speak(choice.language);
    const starts = starts_at.getTime();
    const own = {
      choice,
      kind: 'appointment' as const,
      text: t('You have an appointment: {when}, {place}.', { when: shortTime(starts_at), place }),
    };
    return [
      { ...own, key: `appointment:${id}:day`, due: starts - before.appointmentDay, until: starts - before.appointmentSoon },
      { ...own, key: `appointment:${id}:soon`, due: starts - before.appointmentSoon, until: starts },
    ];
  });
}

/** What we answered since they chose to be told. */
async function fromAnswers(tx: Tx, choices: ReadonlyMap<number, Choice>, speak: Speak, now: number): Promise<Wanted[]> {
  if (choices.size === 0) return [];
  const since = new Date(now - aheadMs);
  const { rows } = await sql<{ subject: number; key: string; at: Date }>`
    SELECT subject_id AS subject, 'request:' || id AS key, decided_at AS at FROM supervision.requests
      WHERE decision IN ('agreed', 'refused') AND decided_at > ${since} AND subject_id = ANY(${[...choices.keys()]}::int[])
    UNION ALL
    SELECT subject_id, 'question:' || id, replied_at FROM supervision.own_cases
      WHERE replied_at > ${since} AND subject_id = ANY(${[...choices.keys()]}::int[])`.execute(tx);
  return rows.flatMap(({ subject, key, at }) => {
    const choice = choices.get(subject) as Choice;
    if (!choice.kinds.includes('answer') || at < choice.confirmed_at) return [];
    const text = speak(choice.language).t('We have answered you. Sign in to read it.');
    return [{ choice, kind: 'answer' as const, key, text, due: Math.max(at.getTime(), now - lateMs), until: now + 7 * 86_400_000 }];
  });
}

/** When somebody is not to be told anything, on the clock, as `HH:MM`; no time at all where both are the same. */
interface Quiet {
  quiet_from: string;
  quiet_to: string;
}

/**
 * When to tell: at the best time, after quiet hours where that is early enough still, else before they begin. Null where it is too
 * late for either: what should have been told long ago is old news, and what quiet hours put off is not. All in ms since 1970.
 */
export function dueOutsideQuiet({ due, until }: { due: number; until: number }, own: Quiet, now: number, timeZone: string): number | null {
  const quietAt = quietAround(own, Math.min(due, now), Math.max(due, now), timeZone);
  const over = quietAt(due);
  const planned = over === null ? due : over.ends < until ? over.ends : over.begins - beforeQuietMs;
  const isBefore = over !== null && planned < over.begins;
  if (planned < now - lateMs || (isBefore && planned < now)) return null;
  const moment = Math.max(planned, now);
  const later = quietAt(moment);
  const told = later === null ? moment : later.ends;
  return told < until ? told : null;
}

/** When the next quiet hours begin, ms since 1970; null where there are none. */
export function nextQuiet(own: Quiet, now: number, timeZone: string): number | null {
  const [first] = quietBetween(own, now, now + 2 * dayMs, timeZone).filter(({ begins }) => begins > now);
  return first?.begins ?? null;
}

/** The quiet hours that a moment lies in; for moments from one to another. */
function quietAround(own: Quiet, from: number, to: number, timeZone: string): (at: number) => { begins: number; ends: number } | null {
  const all = quietBetween(own, from - 2 * dayMs, to + 2 * dayMs, timeZone);
  return (at) => all.find(({ begins, ends }) => at >= begins && at < ends) ?? null;
}

function quietBetween({ quiet_from, quiet_to }: Quiet, from: number, to: number, timeZone: string): { begins: number; ends: number }[] {
  if (quiet_from === quiet_to) return [];
  const hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: quiet_from, to: quiet_to }];
  const found = intervalsOf({ hours, from, to, absences: [] }, from, to, timeZone);
  return Array.from({ length: found.length >> 1 }, (_, i) => ({ begins: found[2 * i] as number, ends: found[2 * i + 1] as number }));
}

async function put(tx: Tx, rows: readonly Wanted[]): Promise<void> {
  await tx
    .insertInto('supervision.reminders')
    .values(
      rows.map(({ choice, kind, key, text, due, until }) => ({
        subject_id: choice.subject,
        kind,
        key,
        text,
        channel: choice.channel,
        target: choice.target,
        due_at: new Date(due),
        until: new Date(until),
        problem: null,
        settled_at: null,
        receipt_id: null,
        receipt: null,
        receipt_at: null,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['subject_id', 'key'])
        // What is on its way or was sent stays as it is; what was taken out comes back when it holds again.
        .doUpdateSet((eb) => ({
          state: 'waiting',
          attempts: 0,
          settled_at: null,
          problem: null,
          text: eb.ref('excluded.text'),
          channel: eb.ref('excluded.channel'),
          target: eb.ref('excluded.target'),
          due_at: eb.ref('excluded.due_at'),
          until: eb.ref('excluded.until'),
        }))
        .where((eb) =>
          eb.or([
            eb('supervision.reminders.state', '=', 'not needed'),
            eb.and([eb('supervision.reminders.state', '=', 'waiting'), eb('supervision.reminders.attempts', '=', 0)]),
          ]),
        ),
    )
    .execute();
}

/** What waits and nobody wants any more. */
async function dropOthers(tx: Tx, wanted: readonly Wanted[], now: number): Promise<number> {
  const keys = wanted.map(({ choice, key }) => `${choice.subject} ${key}`);
  const { numAffectedRows } = await sql`
    UPDATE supervision.reminders SET state = 'not needed', settled_at = ${new Date(now)}
      WHERE state = 'waiting' AND attempts = 0 AND kind IN ('hours', 'appointment') AND due_at > ${new Date(now)}
        AND NOT (subject_id || ' ' || key = ANY(${keys}::text[]))`.execute(tx);
  return Number(numAffectedRows ?? 0);
}

/** Batteries that were charged before anybody was told. */
async function dropCharged(tx: Tx, lowNow: ReadonlySet<number>, now: number): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE supervision.reminders SET state = 'not needed', settled_at = ${new Date(now)}
      WHERE state = 'waiting' AND attempts = 0 AND kind = 'charge' AND NOT (subject_id = ANY(${[...lowNow]}::int[]))`.execute(tx);
  return Number(numAffectedRows ?? 0);
}
