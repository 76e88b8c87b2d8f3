import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import { type Erased, eraseTree, type WaitingErasure } from '../../platform/erase-tree.ts';
import type { Forgets } from '../../platform/fixes/fix-store.ts';
import { isNamed } from '../../platform/same-name.ts';
import { coarsenHomes } from './coarsen-homes.ts';

/** How long supervision keeps what, in months but for the last. */
export interface SupervisionKeeps {
  /** Positions, after they were taken. */
  positions: number;
  /** A subject with everything, after the end of their last order. */
  subjects: number;
  /** Days after which positions inside the wearer's own home say no more than that. */
  homeDays: number;
}

/** What came from tags that nobody wore is kept so long, days. */
const quarantineKeptDays = 90;
const messagesKeptDays = 90;
/** A list of people that has ended is kept so long, for whoever asks why they were on it, months. */
const endedListsKeptMonths = 12;
/** What came to the mailbox is on the list so long, months. */
const mailKeptMonths = 12;
/** Counts of days that no figures have been published from are kept so long, months: figures are over a year at most. */
const countedKeptMonths = 13;
/** What was proposed for a release is kept so long after its day, months. */
const proposalsKeptMonths = 12;

export function supervisionRules({ positions, subjects, homeDays }: SupervisionKeeps): [kind: string, rule: string][] {
  return [
    ['Positions, and evidence packs with positions in them', `${positions} months after they were taken`],
    ['Where in their home a wearer was', `${homeDays} days; from then on positions at the place of a curfew say “at home”`],
    [
      'A subject with numbers to ring, addresses, orders, zones, requests, appointments, alerts, reviews and packs',
      `${subjects} months after the end of their last order`,
    ],
    ['Reminders that were sent to a subject, and what other systems were told', `${messagesKeptDays} days`],
    ['Which files of crimes came by e-mail, and what was answered', `${mailKeptMonths} months`],
    ['A proposal for a release on a tag', `${proposalsKeptMonths} months after the day of the release`],
    ['A list of people for offender management', `${endedListsKeptMonths} months after it ended`],
    [
      'For how long on each day a subject was where they had to be',
      `until figures about many people have been published from it, and ${countedKeptMonths} months at most`,
    ],
    ['Positions of protected people', 'a week'],
    ['What is in quarantine', `${quarantineKeptDays} days`],
    ['What somebody decided to erase', 'until a second person has agreed, and then until the next run of the job, within a day'],
    ['Recorded crimes and counts of verdicts', 'not removed; a verdict on somebody erased is a number that leads to nobody'],
    ['The record of who did what', 'not removed; it names staff, and others by number alone'],
  ];
}

interface Due {
  subjects: number[];
  wearings: number[];
  positionsBefore: number;
  quarantineBefore: number;
}

/**
 * Removes subjects whose time is over or whom somebody decided to erase, with everything that belongs to them, and positions past
 * their date. The fix store is emptied first: should the server stop in between, the rows that say what is due are still there.
 */
export const keepSubjects: Action<{ fixes: Forgets }, { today: string; keeps: SupervisionKeeps }, { erased: Erased; wearings: number[] }> =
  {
    name: 'retention.run',
    room: 'supervision',
    purpose: 'retention',
    async run({ tx, note, tell }, { fixes }, { today, keeps }) {
      const isHeld = sql<boolean>`EXISTS (
      SELECT FROM supervision.holds h WHERE h.subject_id = s.id AND h.ended_at IS NULL AND h.until >= ${today}::date)`;
      const { rows } = await sql<{ id: number }>`
      SELECT s.id FROM supervision.subjects s WHERE NOT ${isHeld} AND (
        (EXISTS (SELECT FROM supervision.erasures e WHERE e.subject_id = s.id AND e.done_at IS NULL AND e.agreed_at IS NOT NULL) AND NOT EXISTS (
          SELECT FROM supervision.wearings w WHERE w.subject_id = s.id AND (w.ends_at IS NULL OR w.ends_at > now())))
        OR (EXISTS (SELECT FROM supervision.orders o WHERE o.subject_id = s.id) AND NOT EXISTS (
          SELECT FROM supervision.orders o WHERE o.subject_id = s.id
            AND (o.ends_at IS NULL OR o.ends_at + make_interval(months => ${keeps.subjects}::int) >= ${today}::date))))`.execute(tx);
      const subjects = rows.map(({ id }) => id);
      const held = await sql<{ id: number }>`
        SELECT w.id FROM supervision.wearings w JOIN supervision.subjects s ON s.id = w.subject_id WHERE ${isHeld}`.execute(tx);
      const heldWearings = held.rows.map(({ id }) => id);
      const due: Due = {
        subjects,
        wearings: [],
        positionsBefore: monthsBefore(today, keeps.positions),
        quarantineBefore: daysBefore(today, quarantineKeptDays),
      };
      const erased: Erased = {};
      if (subjects.length > 0) {
        const wearings = await sql<{ id: number }>`SELECT id FROM supervision.wearings WHERE subject_id = ANY(${subjects}::int[])`.execute(
          tx,
        );
        const protections = await sql<{ id: number }>`
        SELECT p.tag_id AS id FROM supervision.protections p JOIN supervision.orders o ON o.id = p.order_id
          WHERE o.subject_id = ANY(${subjects}::int[]) AND NOT EXISTS (
            SELECT FROM supervision.protections q JOIN supervision.orders r ON r.id = q.order_id
              WHERE q.tag_id = p.tag_id AND NOT r.subject_id = ANY(${subjects}::int[]))`.execute(tx);
        due.wearings = [...wearings.rows.map(({ id }) => id), ...protections.rows.map(({ id }) => -id)];
        // The places of a subject's own zones are places of their life: their home, and whom they must keep away from.
        const zones = await sql<{ id: number }>`
        SELECT DISTINCT z.id FROM supervision.zones z JOIN supervision.zone_orders zo ON zo.zone_id = z.id
          JOIN supervision.orders o ON o.id = zo.order_id WHERE o.subject_id = ANY(${subjects}::int[]) AND NOT z.shared`.execute(tx);
        tell('supervision.erased', due.wearings);
        tell('supervision.senders');
        const gone = await fixes.forgetWearings(due.wearings);
        if (gone > 0) erased.fixes = gone;
        await eraseTree(tx, 'supervision.subjects', subjects, erased);
        await eraseTree(
          tx,
          'supervision.zones',
          zones.rows.map(({ id }) => id),
          erased,
        );
        await sql`UPDATE supervision.erasures SET done_at = now(), reason = '', by_name = '', by_id = '', agreed_by = NULL WHERE done_at IS NULL AND subject_id = ANY(${subjects}::int[])`.execute(
          tx,
        );
      }
      // A hold keeps the positions of its own subject, and of nobody else.
      const old = await fixes.forgetBefore(due.positionsBefore, heldWearings);
      if (old > 0) erased['fixes by age'] = old;
      const coarser = await coarsenHomes(tx, fixes, daysBefore(today, keeps.homeDays), heldWearings);
      if (coarser > 0) erased['positions made “at home”'] = coarser;
      const packs = await sql<{ id: number }>`
        SELECT p.id FROM supervision.evidence_packs p JOIN supervision.crime_versions v ON v.id = p.crime_version_id
          WHERE v.to_at < ${new Date(due.positionsBefore)} AND NOT p.wearing_id = ANY(${heldWearings}::int[])`.execute(tx);
      await eraseTree(
        tx,
        'supervision.evidence_packs',
        packs.rows.map(({ id }) => id),
        erased,
      );
      for (const [table, endsOn, months] of [
        ['supervision.cohorts', 'coalesce(ended_at::date, until)', endedListsKeptMonths],
        ['supervision.release_proposals', 'release_on', proposalsKeptMonths],
        ['supervision.mail_messages', 'at::date', mailKeptMonths],
      ] as const) {
        const over = await sql<{ id: number }>`
          SELECT id FROM ${sql.table(table)} WHERE ${sql.raw(endsOn)} < ${today}::date - make_interval(months => ${months}::int)`.execute(
          tx,
        );
        await eraseTree(
          tx,
          table,
          over.rows.map(({ id }) => id),
          erased,
        );
      }
      for (const table of ['supervision.days_kept', 'supervision.days_counted'] as const) {
        const { numAffectedRows = 0n } = await sql`
          DELETE FROM ${sql.table(table)} WHERE day < greatest((SELECT max(to_on) FROM supervision.published_figures),
            ${today}::date - make_interval(months => ${countedKeptMonths}::int))`.execute(tx);
        if (numAffectedRows > 0n) erased[table] = Number(numAffectedRows);
      }
      for (const table of ['supervision.reminders', 'supervision.change_messages'] as const) {
        const { numDeletedRows } = await tx
          .deleteFrom(table)
          .where('settled_at', '<', new Date(daysBefore(today, messagesKeptDays)))
          .executeTakeFirst();
        if (numDeletedRows > 0n) erased[table] = (erased[table] ?? 0) + Number(numDeletedRows);
      }
      const set = await fixes.forgetQuarantine(due.quarantineBefore);
      if (set > 0) erased.quarantine = set;
      note(null, { erased });
      return { erased, wearings: due.wearings };
    },
  };

function monthsBefore(today: string, months: number): number {
  const day = new Date(`${today}T00:00:00Z`);
  day.setUTCMonth(day.getUTCMonth() - months);
  return day.getTime();
}

function daysBefore(today: string, days: number): number {
  return Date.parse(`${today}T00:00:00Z`) - days * 86_400_000;
}

/** Holds a subject's data back from removal, until a day and with a reason. */
export const placeSubjectHold: Action<null, { subject: number; until: string; reason: string; today: string }, null> = {
  name: 'hold.place',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, { subject, until, reason, today }) {
    note({ kind: 'subject', id: subject });
    if (reason.trim().length < 10) throw new InvalidError('Say in a sentence why it must be kept.', 'hold-reason');
    if (!isDay(until) || until <= today) throw new InvalidError('Give the day until which it is kept.', 'hold-until');
    const found = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', subject).executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such subject.');
    await sql`INSERT INTO supervision.holds (subject_id, reason, until, by_name) VALUES (${subject}, ${reason.trim().slice(0, 1000)}, ${until}, ${actor.name})`.execute(
      tx,
    );
    return null;
  },
};

/** Ends the holds on a subject. */
export const endSubjectHold: Action<null, { subject: number }, null> = {
  name: 'hold.end',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, note }, _services, { subject }) {
    note({ kind: 'subject', id: subject });
    const { numAffectedRows } =
      await sql`UPDATE supervision.holds SET ended_at = now() WHERE subject_id = ${subject} AND ended_at IS NULL`.execute(tx);
    if (Number(numAffectedRows ?? 0) === 0) throw new InvalidError('Nothing is held back here.', 'hold-reason');
    return null;
  },
};

async function waitingErasure(tx: Tx, subject: number, reader: string): Promise<WaitingErasure | null> {
  const { rows } = await sql<WaitingErasure>`
    SELECT by_name AS "byName", reason, at, agreed_by AS "agreedBy", by_id = ${reader} AS "isOwn" FROM supervision.erasures
      WHERE subject_id = ${subject} AND done_at IS NULL ORDER BY id DESC LIMIT 1`.execute(tx);
  return rows[0] ?? null;
}

/** Who is named must be who is erased: a wrong number would erase somebody else. */
async function checkNamed(tx: Tx, subject: number, named: string, field: string): Promise<void> {
  const found = await tx.selectFrom('supervision.subjects').select(['name', 'reference']).where('id', '=', subject).executeTakeFirst();
  if (!found) throw new NotFoundError('There is no such subject.');
  if (!isNamed(named, found.name) && named.trim() !== found.reference)
    throw new InvalidError('Type the name or the reference of whom you mean, as it is on record. It cannot be undone.', field);
}

/** Opens the page of keeping and erasing. */
export const openKeeping: Action<null, { subject: number }, { waiting: WaitingErasure | null }> = {
  name: 'keeping.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, { subject }) {
    note({ kind: 'subject', id: subject });
    return { waiting: await waitingErasure(tx, subject, actor.id) };
  },
};

/**
 * Decides that a subject and everything held of them is erased before its time: an order that was quashed, a wrong person. A second
 * person must agree before anything goes.
 * @param named the name or the reference of the subject, typed by whoever decides
 */
export const decideSubjectErasure: Action<null, { subject: number; reason: string; named: string }, null> = {
  name: 'erasure.decide',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, { subject, reason, named }) {
    note({ kind: 'subject', id: subject });
    if (reason.trim().length < 10) throw new InvalidError('Say in a sentence why they are erased.', 'erase-reason');
    await checkNamed(tx, subject, named, 'erase-named');
    const worn = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM supervision.wearings WHERE subject_id = ${subject} AND (ends_at IS NULL OR ends_at > now())`.execute(
      tx,
    );
    if ((worn.rows[0]?.n ?? 0) > 0) throw new InvalidError('They wear a tag. Take it off first.', 'erase-reason');
    if (await waitingErasure(tx, subject, actor.id)) throw new InvalidError('This has been decided already.', 'erase-reason');
    await sql`INSERT INTO supervision.erasures (subject_id, reason, by_name, by_id) VALUES (${subject}, ${reason.trim().slice(0, 1000)}, ${actor.name}, ${actor.id})`.execute(
      tx,
    );
    return null;
  },
};

/** A second person agrees to an erasure, or either takes it back. */
export const agreeToSubjectErasure: Action<null, { subject: number; answer: 'agree' | 'take back'; named: string }, null> = {
  name: 'erasure.agree',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, { subject, answer, named }) {
    note({ kind: 'subject', id: subject }, { answer });
    const waiting = await waitingErasure(tx, subject, actor.id);
    if (!waiting) throw new InvalidError('Nobody has decided to erase them.', 'agree-named');
    if (answer === 'take back') {
      await sql`UPDATE supervision.erasures SET done_at = now(), withdrawn_by = ${actor.name} WHERE subject_id = ${subject} AND done_at IS NULL`.execute(
        tx,
      );
      return null;
    }
    if (waiting.isOwn) throw new InvalidError('You decided this yourself. It takes a second person to agree.', 'agree-named');
    await checkNamed(tx, subject, named, 'agree-named');
    await sql`UPDATE supervision.erasures SET agreed_by = ${actor.name}, agreed_at = now() WHERE subject_id = ${subject} AND done_at IS NULL`.execute(
      tx,
    );
    return null;
  },
};
