import { defaultParameters, fromPlane, type Place, planeAt, verdictNames } from '@waymark/presence';
import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type CrimeVersionRow, freeReference, listVersions } from '../crimes/index.ts';
import type { StoredVerdict } from '../schema/stored-verdict.ts';
import type { ShownVerdict } from '../schema/tables.ts';
import { noteSubject } from '../subjects/index.ts';
import { currentRuns, fixesAround, type VerdictServices, workOut } from '../verdicts/index.ts';
import { inAnyOrder } from './in-any-order.ts';

/** An auditor asks for a test; which crime and which wearer is drawn by lot, and the auditor is not told. */
export const askForReviewTest: Action<null, null, { askedBy: string }> = {
  name: 'reviewtest.ask',
  room: 'supervision',
  purpose: 'oversight',
  run: async ({ actor }) => ({ askedBy: actor.name }),
};

/** An auditor takes back the tests that nobody has finished. */
export const endReviewTests: Action<null, null, { ended: number }> = {
  name: 'reviewtest.end',
  room: 'supervision',
  purpose: 'oversight',
  async run({ tx, note }) {
    const { numAffectedRows } = await sql`UPDATE supervision.review_tests SET ended_at = now() WHERE ended_at IS NULL`.execute(tx);
    const ended = Number(numAffectedRows ?? 0);
    note(null, { ended });
    return { ended };
  },
};

/** Somebody tried to take out what is made up: they know now, so nobody is tested by it any more. */
export const revealReviewTest: Action<null, { crimeId: number }, null> = {
  name: 'reviewtest.reveal',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { crimeId }) {
    note({ kind: 'crime', id: crimeId });
    await sql`UPDATE supervision.review_tests SET ended_at = now() WHERE ended_at IS NULL
      AND crime_version_id IN (SELECT id FROM supervision.crime_versions WHERE crime_id = ${crimeId})`.execute(tx);
    return null;
  },
};

/** How many crimes with somebody present are tried before giving up. */
const triedAtMost = 40;
/** How sure a verdict of “present” must be to be copied: what a reviewer would think plain. */
const sureFrom = 0.8;
/** How far from where the wearer was the made-up crime is laid, m. */
const away = { least: 1500, most: 3000 };

/**
 * Makes up a crime in the likeness of a recorded one, at the same hours but so far off that the wearer who was present there
 * cannot have been here, and puts on show for it the verdict “present” with the reasons of the real one. The map and the fixes
 * stay as they are: whoever looks at them sees that the verdict is wrong.
 * @returns how far away the wearer was, or null where no crime of the caseload lends itself to it
 */
export const makeReviewTest: Action<VerdictServices, { askedBy: string; random?: () => number }, { awayM: number } | null> = {
  name: 'reviewtest.make',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, actor, access, note }, services, { askedBy, random = Math.random }) {
    for (const { crime, verdict } of await likelyModels(tx, services, random)) {
      const laid = await layFarOff(services, crime, verdict, random);
      if (!laid) continue;
      const version = await storeMadeUp(tx, crime, laid.place, random);
      const { run: _run, crime: _crime, wearing, ...shown } = verdict;
      const { id } = await tx
        .insertInto('supervision.review_tests')
        .values({
          crime_version_id: version,
          wearing_id: wearing,
          shown: JSON.stringify(shown satisfies ShownVerdict),
          away_m: laid.awayM,
          asked_by: askedBy,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      note({ kind: 'review test', id }, { wearing });
      await noteSubject({ tx, actor, access, note }, { wearing });
      return { awayM: laid.awayM };
    }
    note(null, { made: 0 });
    return null;
  },
};

/** Crimes drawn by lot, each with one wearer who is plainly present there. */
async function likelyModels(
  tx: Tx,
  { verdicts }: VerdictServices,
  random: () => number,
): Promise<{ crime: CrimeVersionRow; verdict: StoredVerdict }[]> {
  const { rows } = await sql<{ id: number }>`
    SELECT v.id FROM supervision.crime_versions v JOIN supervision.crimes c ON c.id = v.crime_id AND c.version = v.version
      WHERE NOT v.made_up AND v.place ->> 'kind' = 'point' AND (SELECT rc.present FROM supervision.run_crimes rc
        WHERE rc.crime_version_id = v.id ORDER BY rc.run_id DESC LIMIT 1) > 0 ORDER BY v.id`.execute(tx);
  const ids = inAnyOrder(
    rows.map(({ id }) => id),
    random,
  ).slice(0, triedAtMost);
  const crimes = new Map((await listVersions(tx, ids)).map((crime) => [crime.id, crime]));
  const runs = await currentRuns(tx, [...crimes.values()]);
  const models: { crime: CrimeVersionRow; verdict: StoredVerdict }[] = [];
  for (const id of ids) {
    const [crime, run] = [crimes.get(id), runs.get(id)?.run];
    if (!crime || run === undefined) continue;
    const plain = (await verdicts.ofCrime(run, id)).filter(
      ({ verdict, pWindow, wearing }) => verdictNames[verdict] === 'present' && (pWindow ?? 0) >= sureFrom && wearing > 0,
    );
    const verdict = inAnyOrder(plain, random)[0];
    if (verdict) models.push({ crime, verdict });
  }
  return models;
}

/** A place far enough from the crime that the wearer cannot have been there, as the same reckoning finds; null where none is found. */
async function layFarOff(
  { fixes }: VerdictServices,
  crime: CrimeVersionRow,
  { wearing }: StoredVerdict,
  random: () => number,
): Promise<{ place: Place; awayM: number } | null> {
  const { place } = crime;
  if (place.kind !== 'point') return null;
  const plane = planeAt(place.lon, place.lat);
  const [from, to] = [crime.from_at.getTime(), crime.to_at.getTime()];
  const marginHours = 24;
  const around = await fixesAround(fixes, wearing, { from, to, marginHours });
  for (let attempt = 0; attempt < 8; attempt++) {
    const distanceM = away.least + random() * (away.most - away.least);
    const bearing = random() * 2 * Math.PI;
    const [lon, lat] = fromPlane(plane, distanceM * Math.sin(bearing), distanceM * Math.cos(bearing));
    const moved: Place = { ...place, lon, lat };
    const found = workOut(
      {
        crime: { from: crime.from_at.toISOString(), to: crime.to_at.toISOString(), place: moved },
        wearing: { from: new Date(from - marginHours * 3_600_000).toISOString(), to: new Date(to + marginHours * 3_600_000).toISOString() },
        fixes: around,
        marginHours,
      },
      defaultParameters,
    );
    if (found.strength === 'impossible' && found.fixes > 0) return { place: moved, awayM: Math.round(found.closestM ?? distanceM) };
  }
  return null;
}

/** Stores the made-up crime under the next reference that no other has, as one recorded a little later would bear. */
async function storeMadeUp(tx: Tx, crime: CrimeVersionRow, place: Place, random: () => number): Promise<number> {
  const reference = await freeReference(tx, crime);
  const { id } = await tx
    .insertInto('supervision.crimes')
    .values({ force: crime.force, reference, version: 1 })
    .returning('id')
    .executeTakeFirstOrThrow();
  const row = await tx
    .insertInto('supervision.crime_versions')
    .values({
      crime_id: id,
      version: 1,
      type: crime.type,
      from_at: crime.from_at,
      to_at: crime.to_at,
      place: JSON.stringify(place),
      text: await textLike(tx, crime, random),
      batch: crime.batch,
      recorded_at: crime.recorded_at,
      import_id: null,
      changed: JSON.stringify([]),
      made_up: true,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** The text of another crime of the kind: one without any would be known among those that have one. */
async function textLike(tx: Tx, { id, type }: CrimeVersionRow, random: () => number): Promise<string> {
  const others = await tx
    .selectFrom('supervision.crime_versions')
    .select('text')
    .where('type', '=', type)
    .where('id', '<>', id)
    .where('made_up', '=', false)
    .orderBy('id', 'desc')
    .limit(200)
    .execute();
  return inAnyOrder(others, random)[0]?.text ?? '';
}
