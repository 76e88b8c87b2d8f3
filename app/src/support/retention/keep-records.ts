import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import { type Erased, eraseTree } from '../../platform/erase-tree.ts';
import { isNamed } from '../../platform/same-name.ts';
import { personOf, readRecordsOf, waitingErasure } from '../people/index.ts';
import { keyHashOf } from '../records/index.ts';
import { anchoredTables } from '../schema/tables.ts';

/** What is listed as wrong in an agency's file holds values of people; it is kept so long, days, for the agency to mend it. */
const problemsKeptDays = 30;
/** Who has no record any more goes after so many days. */
const nobodyKeptDays = 7;
/** A person of whom no agency has sent anything for the time of its agreement goes, and so does what was done for them. */
export const supportRules: [kind: string, rule: string][] = [
  ['Statements of agencies', 'for as many months after their day as the agreement of their source says'],
  ['Records of agencies', 'for as many months as that after the agency last sent them'],
  [
    'A person with all that was done for them',
    `until no record of them has been left for ${nobodyKeptDays} days; records stay while an offer or a package is open`,
  ],
  ['Rows of files that could not be used', `${problemsKeptDays} days`],
  ['What somebody decided to erase', 'until a second person has agreed, and then until the next run of the job, within a day'],
];

/** SQL that is true of a person `p` whom a hold keeps from being removed. */
const isHeld = (today: string) => sql<boolean>`EXISTS (
  SELECT FROM support.holds h WHERE h.person_id = p.id AND h.ended_at IS NULL AND h.until >= ${today}::date)`;

/**
 * Removes what is past its date or was decided to be erased, with everything that belongs to it, and says how many rows of each
 * table went. Whoever is held back stays until the hold ends.
 */
export const keepRecords: Action<null, { today: string }, Erased> = {
  name: 'retention.run',
  room: 'support',
  purpose: 'retention',
  async run({ tx, note }, _services, { today }) {
    const erased: Erased = {};
    await eraseDecided(tx, today, erased);
    // The agreement in force says how long, else the last that was. One that is yet to come says nothing yet.
    const months = sql`(SELECT a.retention_months FROM support.agreements a WHERE a.source_id = r.source_id AND a.starts_on <= ${today}::date
      ORDER BY (a.ended_at IS NULL AND a.ends_on >= ${today}::date) DESC, a.starts_on DESC, a.id DESC LIMIT 1)`;
    const facts = await sql<{ id: number }>`
      SELECT f.id FROM support.facts f JOIN support.records r ON r.id = f.record_id LEFT JOIN support.persons p ON p.id = r.person_id
        WHERE f.on_date + make_interval(months => ${months}) < ${today}::date AND NOT ${isHeld(today)}`.execute(tx);
    await eraseTree(
      tx,
      'support.facts',
      facts.rows.map(({ id }) => id),
      erased,
    );
    const records = await sql<{ id: number }>`
      SELECT r.id FROM support.records r LEFT JOIN support.persons p ON p.id = r.person_id
        WHERE r.seen_on + make_interval(months => ${months}) < ${today}::date AND NOT ${isHeld(today)} AND NOT EXISTS (
          SELECT FROM support.packages k WHERE k.person_id = r.person_id AND k.state IN ('offered', 'accepted'))`.execute(tx);
    await eraseRecords(
      tx,
      records.rows.map(({ id }) => id),
      erased,
    );
    // Whom no record is left of is nobody from today on. They go when they have been so for a week: a linking that is under way may
    // not have given them their records yet, and what was done for them may still follow a record to somebody else.
    await sql`
      UPDATE support.persons p SET ended_at = ${today}::date
        WHERE ended_at IS NULL AND created_at < now() - interval '1 day' AND NOT EXISTS (SELECT FROM support.records r WHERE r.person_id = p.id)`.execute(
      tx,
    );
    const nobody = await sql<{ id: number }>`
      SELECT p.id FROM support.persons p
        WHERE p.ended_at < ${today}::date - ${nobodyKeptDays}::int AND NOT EXISTS (SELECT FROM support.records r WHERE r.person_id = p.id) AND NOT ${isHeld(today)}
          AND NOT EXISTS (SELECT FROM support.packages k WHERE k.person_id = p.id AND k.state IN ('offered', 'accepted'))`.execute(tx);
    await erasePersons(
      tx,
      nobody.rows.map(({ id }) => id),
      erased,
    );
    const { numAffectedRows } = await sql`
      UPDATE support.record_imports SET problems = '[]' WHERE problems <> '[]' AND at < ${today}::date - ${problemsKeptDays}::int`.execute(
      tx,
    );
    if (numAffectedRows) erased['problems of imports'] = Number(numAffectedRows);
    note(null, { erased });
    return erased;
  },
};

/** Removes records. What followed one of them follows another of the same person from now on, where there is one. */
async function eraseRecords(tx: Tx, ids: readonly number[], erased: Erased): Promise<void> {
  if (ids.length === 0) return;
  const list = sql`ANY(${[...ids]}::int[])`;
  // How long somebody has waited is joined by a rule of its own where two become one; here it follows like the rest.
  for (const name of [...anchoredTables, 'waiting']) {
    await sql`
      UPDATE ${sql.table(`support.${name}`)} t SET record_id = (
        SELECT min(r.id) FROM support.records r WHERE r.person_id = t.person_id AND NOT r.id = ${list}) WHERE t.record_id = ${list}`.execute(
      tx,
    );
  }
  await eraseTree(tx, 'support.records', ids, erased);
}

async function eraseDecided(tx: Tx, today: string, erased: Erased): Promise<void> {
  const { rows } = await sql<{ id: number; person: number }>`
    SELECT id, person_id AS person FROM support.erasures WHERE done_at IS NULL AND agreed_at IS NOT NULL ORDER BY id`.execute(tx);
  for (const { id, person } of rows) {
    // All numbers that this human being has had: what became part of them, and what they became part of.
    const all = await sql<{ id: number; held: boolean }>`
      WITH RECURSIVE same (id) AS (
        SELECT ${person}::int
        UNION
        SELECT CASE WHEN p.id = s.id THEN p.merged_into ELSE p.id END FROM same s
          JOIN support.persons p ON (p.id = s.id AND p.merged_into IS NOT NULL) OR p.merged_into = s.id)
      SELECT p.id, ${isHeld(today)} AS held FROM same JOIN support.persons p ON p.id = same.id`.execute(tx);
    if (all.rows.some(({ held }) => held)) continue;
    const persons = all.rows.map((own) => own.id);
    const records = await sql<{ source_id: number; key: string }>`
      SELECT source_id, key FROM support.records WHERE person_id = ANY(${persons}::int[])`.execute(tx);
    // The agency may send them again: they are known by this and not taken in.
    for (const { source_id, key } of records.rows) {
      await tx
        .insertInto('support.erased_keys')
        .values({ source_id, key_hash: keyHashOf(source_id, key) })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    const sources = [...new Set(records.rows.map(({ source_id }) => source_id))];
    await sql`UPDATE support.record_imports SET problems = '[]' WHERE source_id = ANY(${sources}::int[])`.execute(tx);
    await erasePersons(tx, persons, erased);
    await sql`UPDATE support.erasures SET done_at = now(), reason = '', by_name = '', by_id = '', agreed_by = NULL WHERE id = ${id}`.execute(
      tx,
    );
  }
}

async function erasePersons(tx: Tx, persons: readonly number[], erased: Erased): Promise<void> {
  if (persons.length === 0) return;
  const list = sql`ANY(${[...persons]}::int[])`;
  await sql`UPDATE support.allocation_proposals SET next_person = NULL, next_need_met = NULL WHERE next_person = ${list}`.execute(tx);
  // A package that has become somebody else's stays theirs, though it was once proposed for this person.
  await sql`
    UPDATE support.packages k SET proposal_id = NULL FROM support.allocation_proposals a
      WHERE a.id = k.proposal_id AND a.person_id = ${list} AND NOT k.person_id = ${list}`.execute(tx);
  await sql`UPDATE support.persons SET merged_into = NULL WHERE merged_into = ${list}`.execute(tx);
  await sql`DELETE FROM support.person_events WHERE person_id = ${list}`.execute(tx);
  await eraseTree(tx, 'support.persons', persons, erased);
}

/** Holds a person's data back from removal, until a day and with a reason: a complaint, a court, an inquiry. */
export const placeHold: Action<null, { person: number; until: string; reason: string; today: string }, null> = {
  name: 'hold.place',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, until, reason, today }) {
    note({ kind: 'person', id: person });
    if (reason.trim().length < 10) throw new InvalidError('Say in a sentence why it must be kept.', 'hold-reason');
    if (!isDay(until) || until <= today) throw new InvalidError('Give the day until which it is kept.', 'hold-until');
    const found = await tx.selectFrom('support.persons').select('id').where('id', '=', person).executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such person.');
    await tx
      .insertInto('support.holds')
      .values({ person_id: person, reason: reason.trim().slice(0, 1000), until, by_name: actor.name, ended_at: null })
      .execute();
    return null;
  },
};

/** Ends the holds on a person. */
export const endHold: Action<null, { person: number }, null> = {
  name: 'hold.end',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { person }) {
    note({ kind: 'person', id: person });
    const { numUpdatedRows } = await tx
      .updateTable('support.holds')
      .set({ ended_at: new Date() })
      .where('person_id', '=', person)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) throw new NotFoundError('Nothing is held back here.');
    return null;
  },
};

/** Who is named must be who is erased: a wrong number would erase somebody else. */
async function checkNamed(tx: Tx, person: number, named: string, field: string): Promise<void> {
  const records = (await readRecordsOf(tx, [person])).get(person) ?? [];
  const { name } = personOf(records.map(({ identity }) => identity));
  // Of whom no name is known, the number is typed.
  if (!isNamed(named, name) && named.trim() !== String(person))
    throw new InvalidError('Type the name of whom you mean, as it stands above, or their number. It cannot be undone.', field);
}

/**
 * Decides that a person and everything held of them is erased, and that their records are not taken in again. A second person must
 * agree before anything goes.
 * @param named the name of the person, typed by whoever decides
 */
export const decideErasure: Action<null, { person: number; reason: string; named: string }, null> = {
  name: 'erasure.decide',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, reason, named }) {
    note({ kind: 'person', id: person });
    if (reason.trim().length < 10) throw new InvalidError('Say in a sentence why they are erased.', 'erase-reason');
    const found = await tx
      .selectFrom('support.persons')
      .select('id')
      .where('id', '=', person)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such person.');
    await checkNamed(tx, person, named, 'erase-named');
    if (await waitingErasure(tx, person, actor.id)) throw new InvalidError('This has been decided already.', 'erase-reason');
    await tx
      .insertInto('support.erasures')
      .values({ person_id: person, reason: reason.trim().slice(0, 1000), by_name: actor.name, by_id: actor.id, done_at: null })
      .execute();
    return null;
  },
};

/** A second person agrees to an erasure, or either takes it back. */
export const agreeToErasure: Action<null, { person: number; answer: 'agree' | 'take back'; named: string }, null> = {
  name: 'erasure.agree',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, answer, named }) {
    note({ kind: 'person', id: person }, { answer });
    const waiting = await waitingErasure(tx, person, actor.id);
    if (!waiting) throw new InvalidError('Nobody has decided to erase them.', 'agree-named');
    const open = tx.updateTable('support.erasures').where('person_id', '=', person).where('done_at', 'is', null);
    if (answer === 'take back') {
      await open.set({ done_at: new Date(), withdrawn_by: actor.name }).execute();
      return null;
    }
    if (waiting.isOwn) throw new InvalidError('You decided this yourself. It takes a second person to agree.', 'agree-named');
    await checkNamed(tx, person, named, 'agree-named');
    await open.set({ agreed_by: actor.name, agreed_at: new Date() }).execute();
    return null;
  },
};
