import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import type { Action, Performer } from '../../platform/action.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import { type Calendar, todayOf } from '../../platform/days.ts';
import { districtOf, personOf, readFactsOf, readRecordsOf } from '../people/index.ts';
import { anchoredTables } from '../schema/tables.ts';
import { currentInstrument, type Instrument } from './instrument.ts';
import { computeProfile, triggersOf } from './profile.ts';

const personsTogether = 4_000;

interface Part {
  after: number;
  today: string;
  instrument: Instrument;
}

/** Works out the next persons' summaries by number; gives the last number, and how many there were. */
const profilePart: Action<null, Part, { last: number; persons: number }> = {
  name: 'people.profile',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { after, today, instrument }) {
    // Somebody may ask for it while the server does it by itself: one after the other, each from what is then so. Readers do not wait.
    await sql`LOCK TABLE support.person_summaries IN SHARE ROW EXCLUSIVE MODE`.execute(tx);
    const persons = await tx
      .selectFrom('support.persons')
      .select('id')
      .where('id', '>', after)
      .where('ended_at', 'is', null)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('support.withdrawals as w')
              .select('w.id')
              .whereRef('w.person_id', '=', 'support.persons.id')
              .where('w.ended_at', 'is', null),
          ),
        ),
      )
      .orderBy('id')
      .limit(personsTogether)
      .execute();
    const ids = persons.map(({ id }) => id);
    const records = await readRecordsOf(tx, ids);
    const facts = await readFactsOf(tx, ids, today);
    const rows = ids.flatMap((id) => {
      const own = records.get(id);
      if (!own) return [];
      const identities = own.map(({ identity }) => identity);
      const { name, born } = personOf(identities);
      const stated = facts.get(id) ?? [];
      const profile = computeProfile(instrument, stated, born, today);
      const known = 'factors' in profile ? profile : null;
      const triggers = known ? triggersOf(instrument, stated, today) : [];
      return [
        {
          person_id: id,
          name,
          born,
          records: own.length,
          sources: [...new Set(own.map(({ source }) => source))].sort(),
          as_of: today,
          instrument: instrument.version,
          age: profile.age,
          stages: known?.stages ?? [],
          low: known?.score.low ?? null,
          high: known?.score.high ?? null,
          band: known?.band ?? null,
          levels: Object.fromEntries(
            (known?.factors ?? []).filter(({ applies }) => applies).map(({ key, low, high }) => [key, [low, high]]),
          ),
          triggers,
          triggered_on: triggers[0]?.on ?? null,
          district: districtOf(identities),
        },
      ];
    });
    const last = ids[ids.length - 1] ?? after;
    await sql`DELETE FROM support.person_summaries WHERE person_id > ${after} AND person_id <= ${last}`.execute(tx);
    if (rows.length > 0) {
      await sql`
        INSERT INTO support.person_summaries (person_id, name, born, records, sources, as_of, instrument, age, stages, low, high, band, levels,
          triggers, triggered_on, district)
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x(person_id int, name text, born date, records int, sources jsonb, as_of date,
          instrument text, age int, stages jsonb, low int, high int, band text, levels jsonb, triggers jsonb, triggered_on date, district text)`.execute(
        tx,
      );
    }
    note(null, { persons: rows.length, instrument: instrument.version });
    return { last, persons: ids.length };
  },
};

/**
 * Statements expire, come in and are challenged, and people have birthdays: is there a summary of another day or instrument, a
 * person without one, or something newer than the oldest?
 */
export async function areProfilesOld(db: Database, calendar: Calendar): Promise<boolean> {
  const [today, { version }] = [todayOf(calendar), currentInstrument()];
  return withPurpose(db, 'support', 'support', async (tx) => {
    const { rows } = await sql<{ old: boolean }>`
      SELECT EXISTS (SELECT FROM support.person_summaries WHERE as_of <> ${today} OR instrument <> ${version})
        OR EXISTS (SELECT FROM support.persons p WHERE p.ended_at IS NULL AND NOT EXISTS
          (SELECT FROM support.person_summaries s WHERE s.person_id = p.id) AND NOT EXISTS
          (SELECT FROM support.withdrawals w WHERE w.person_id = p.id AND w.ended_at IS NULL))
        OR EXISTS (SELECT FROM support.record_imports WHERE greatest(at, finished_at) >= (SELECT min(computed_at) FROM support.person_summaries))
        OR EXISTS (SELECT FROM support.facts WHERE challenged_at >= (SELECT min(computed_at) FROM support.person_summaries)) AS old`.execute(
      tx,
    );
    return rows[0]?.old ?? false;
  });
}

/**
 * Works out everybody's profile for today, for lists. A person's own page works theirs out when it is opened, so that a challenge
 * takes effect at once.
 * @returns for how many people they were worked out
 */
export async function computeProfiles(
  performer: Performer,
  actor: Actor,
  calendar: Calendar,
  onProgress: (done: number) => void = () => undefined,
): Promise<number> {
  const instrument = currentInstrument();
  const today = todayOf(calendar);
  await performer.perform(actor, followRecords, null, null);
  await performer.perform(actor, askAboutCopies, null, null);
  let after = 0;
  let done = 0;
  for (;;) {
    const { last, persons } = await performer.perform(actor, profilePart, null, { after, today, instrument });
    done += persons;
    onProgress(done);
    if (persons < personsTogether) break;
    after = last;
  }
  await performer.perform(actor, forgetEnded, null, null);
  return done;
}

/** What was told and agreed follows the record that it was anchored to: into a merge, and out of it again. */
const followRecords: Action<null, null, null> = {
  name: 'people.profile',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }) {
    let moved = 0;
    for (const table of anchoredTables) {
      const result = await sql`
        UPDATE ${sql.table(`support.${table}`)} t SET person_id = r.person_id
          FROM support.records r WHERE r.id = t.record_id AND r.person_id IS NOT NULL AND r.person_id <> t.person_id`.execute(tx);
      moved += Number(result.numAffectedRows ?? 0);
    }
    // Of two who were found to be one the longer wait counts.
    await sql`
      INSERT INTO support.waiting (person_id, record_id, since, left_at)
      SELECT r.person_id, min(r.id), min(w.since), CASE WHEN bool_or(w.left_at IS NULL) THEN NULL ELSE max(w.left_at) END
        FROM support.waiting w JOIN support.records r ON r.id = w.record_id WHERE r.person_id IS NOT NULL AND r.person_id <> w.person_id
        GROUP BY r.person_id
      ON CONFLICT (person_id) DO UPDATE SET since = least(support.waiting.since, excluded.since),
        left_at = CASE WHEN excluded.left_at IS NULL THEN NULL ELSE support.waiting.left_at END`.execute(tx);
    await sql`
      DELETE FROM support.waiting w USING support.records r
        WHERE r.id = w.record_id AND r.person_id IS NOT NULL AND r.person_id <> w.person_id`.execute(tx);
    note(null, { moved });
    return null;
  },
};

/**
 * What an agency states again after it was found to be wrong is not relied on, and is a question for the lead: it may be wrong
 * once more, or have happened this time.
 */
const askAboutCopies: Action<null, null, null> = {
  name: 'people.profile',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }) {
    const { numAffectedRows } = await sql`
      INSERT INTO support.challenges (fact_id, reason, by_name)
      SELECT f.id, 'The agency states again what was found to be wrong of ' || to_char(max(g.on_date), 'DD Mon YYYY') || '.', ${actor.name}::text
        FROM support.facts f
        JOIN support.facts g ON g.record_id = f.record_id AND g.kind = f.kind AND g.value = f.value AND g.id <> f.id
        JOIN support.challenges c ON c.fact_id = g.id AND c.outcome = 'upheld'
        WHERE f.challenged_at IS NOT NULL AND NOT EXISTS (SELECT FROM support.challenges own WHERE own.fact_id = f.id)
        GROUP BY f.id`.execute(tx);
    note(null, { asked: Number(numAffectedRows ?? 0) });
    return null;
  },
};

/** A person who became part of another has no summary any more. */
const forgetEnded: Action<null, null, null> = {
  name: 'people.profile',
  room: 'support',
  purpose: 'support',
  async run({ tx }) {
    await sql`DELETE FROM support.person_summaries s USING support.persons p WHERE p.id = s.person_id AND p.ended_at IS NOT NULL`.execute(
      tx,
    );
    // Whoever has stopped the support while this was going on.
    await sql`DELETE FROM support.person_summaries s USING support.withdrawals w WHERE w.person_id = s.person_id AND w.ended_at IS NULL`.execute(
      tx,
    );
    return null;
  },
};
