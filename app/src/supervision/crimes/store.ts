import type { Place } from '@waymark/presence';
import { sql } from 'kysely';
import { containing } from '../../platform/containing.ts';
import type { Tx } from '../../platform/database.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { type ParsedCrime, problem } from './parsed-crime.ts';

export interface CrimeVersionRow {
  id: number;
  crime_id: number;
  force: string;
  reference: string;
  version: number;
  type: string;
  from_at: Date;
  to_at: Date;
  place: Place;
  text: string;
  batch: string | null;
  changed: string[];
  recorded_at: Date;
}

export interface CrimeListRow extends CrimeVersionRow {
  run_id: number | null;
  present: number | null;
  excluded: number | null;
  unknown: number | null;
  reviews: number;
}

const columns = [
  'v.id',
  'v.crime_id',
  'c.force',
  'c.reference',
  'v.version',
  'v.type',
  'v.from_at',
  'v.to_at',
  'v.place',
  'v.text',
  'v.batch',
  'v.changed',
  'v.recorded_at',
] as const;

function currentVersions(tx: Tx) {
  return tx
    .selectFrom('supervision.crime_versions as v')
    .innerJoin('supervision.crimes as c', (join) => join.onRef('c.id', '=', 'v.crime_id').onRef('c.version', '=', 'v.version'));
}

/** The current version of every crime; with those that were made up to test reviewers only where that is asked for. */
export async function listCurrentCrimes(tx: Tx, { withMadeUp = false } = {}): Promise<CrimeVersionRow[]> {
  let query = currentVersions(tx).select(columns).orderBy('v.from_at').orderBy('v.id');
  if (!withMadeUp) query = query.where('v.made_up', '=', false);
  return (await query.execute()) as CrimeVersionRow[];
}

/** Any versions, current or not. */
export async function listVersions(tx: Tx, ids: number[]): Promise<CrimeVersionRow[]> {
  const rows: CrimeVersionRow[] = [];
  for (let i = 0; i < ids.length; i += 5000) {
    rows.push(
      ...((await tx
        .selectFrom('supervision.crime_versions as v')
        .innerJoin('supervision.crimes as c', 'c.id', 'v.crime_id')
        .select(columns)
        .where('v.id', 'in', ids.slice(i, i + 5000))
        .execute()) as CrimeVersionRow[]),
    );
  }
  return rows.sort((a, b) => a.from_at.getTime() - b.from_at.getTime() || a.id - b.id);
}

export const crimeSorts = {
  when: 'v.from_at',
  reference: 'c.reference',
  type: 'v.type',
  present: 'present',
  recorded: 'v.recorded_at',
} as const;

export interface CrimeQuery {
  search?: string;
  type?: string;
  /**
   * `new`: came or changed since a moment, or somebody present to review was found since; `present`: with somebody present; `to review`: of whom
   * somebody has not been reviewed; `waiting`: without a verdict yet; `reviewed`: with a review
   */
  show?: string;
  /** What is new since then; where nothing is said, all is. */
  since?: Date;
  force?: string;
  /** What the sender called the delivery that brought it. */
  batch?: string;
  /** Days between which the window lies in part, `YYYY-MM-DD`, on the clock of the zone. */
  from?: string;
  to?: string;
  timeZone?: string;
  /** Moments between which the window lies in part; null: open. */
  during?: { from: Date | null; to: Date | null };
  /** The one crime asked for. */
  crime?: number;
  sort: keyof typeof crimeSorts;
  descending: boolean;
  limit: number;
  offset: number;
  /** For people who review: with crimes that were made up to test them, which look like any other. */
  withTests?: boolean;
}

/** Crimes that a question asks for, with what their latest run found. */
function matching(tx: Tx, query: CrimeQuery) {
  let base = currentVersions(tx).leftJoin('supervision.run_crimes as rc', (join) =>
    join
      .onRef('rc.crime_version_id', '=', 'v.id')
      .on('rc.run_id', '=', sql<number>`(SELECT max(run_id) FROM supervision.run_crimes WHERE crime_version_id = v.id)`),
  );
  const hasTest = sql<boolean>`(v.made_up AND EXISTS (
    SELECT FROM supervision.review_tests t WHERE t.crime_version_id = v.id AND t.ended_at IS NULL))`;
  // What a test shows counts as if it had been found.
  const tested = sql<number>`CASE WHEN v.made_up THEN 1 ELSE 0 END`;
  const present = sql<number | null>`rc.present + ${tested}`;
  base = base.where(query.withTests ? sql<boolean>`(NOT v.made_up OR ${hasTest})` : sql<boolean>`NOT v.made_up`);
  if (query.search) {
    const like = containing(query.search);
    base = base.where((eb) => eb.or([eb('c.reference', 'ilike', like), eb('c.force', 'ilike', like), eb('v.text', 'ilike', like)]));
  }
  if (query.type) base = base.where('v.type', '=', query.type);
  if (query.force) base = base.where('c.force', '=', query.force);
  if (query.batch) base = base.where('v.batch', '=', query.batch);
  const dayIn = (day: string, after: number) =>
    sql<Date>`((${day}::date + ${after}::int)::timestamp AT TIME ZONE ${query.timeZone ?? 'UTC'})`;
  if (query.from) base = base.where('v.to_at', '>=', dayIn(query.from, 0));
  if (query.to) base = base.where('v.from_at', '<', dayIn(query.to, 1));
  if (query.during?.from) base = base.where('v.to_at', '>=', query.during.from);
  if (query.during?.to) base = base.where('v.from_at', '<=', query.during.to);
  if (query.crime !== undefined) base = base.where('c.id', '=', query.crime);
  if (query.show === 'present') base = base.where(present, '>', 0);
  if (query.show === 'waiting') base = base.where('rc.run_id', 'is', null);
  const reviews = sql<number>`(SELECT count(*)::int FROM supervision.reviews r WHERE r.crime_version_id = v.id AND r.run_id = rc.run_id AND r.taken_back_at IS NULL)`;
  // What was said of an earlier run is not said of what it gives way to.
  const presentReviewed = sql<number>`(SELECT count(DISTINCT r.wearing_id)::int FROM supervision.reviews r
    WHERE r.crime_version_id = v.id AND r.run_id = rc.run_id AND r.verdict = 'present' AND r.taken_back_at IS NULL)`;
  if (query.show === 'to review') base = base.where(present, '>', presentReviewed);
  if (query.show === 'new' && query.since)
    base = base
      // The few that can be, first: of every other crime nothing has to be worked out.
      .where(
        sql<boolean>`v.id = ANY (ARRAY(SELECT o.id FROM supervision.crime_versions o WHERE o.recorded_at > ${query.since}
          UNION SELECT o.crime_version_id FROM supervision.run_crimes o JOIN supervision.runs n ON n.id = o.run_id WHERE n.at > ${query.since}))`,
      )
      .where(
        sql<boolean>`(v.recorded_at > ${query.since} OR (${present} > ${presentReviewed}
          AND EXISTS (SELECT FROM supervision.runs n WHERE n.id = rc.run_id AND n.at > ${query.since})))`,
      );
  if (query.show === 'reviewed') base = base.where(reviews, '>', 0);
  return { base, present, reviews, tested, toReview: sql<boolean>`${present} > ${presentReviewed}` };
}

export async function searchCrimes(tx: Tx, query: CrimeQuery): Promise<{ rows: CrimeListRow[]; total: number }> {
  const { base, present, reviews, tested } = matching(tx, query);
  const { total } = await base.select(sql<number>`count(*)::int`.as('total')).executeTakeFirstOrThrow();
  const rows = await base
    .select([
      ...columns,
      'rc.run_id',
      present.as('present'),
      sql<number | null>`rc.excluded - ${tested}`.as('excluded'),
      'rc.unknown',
      reviews.as('reviews'),
    ])
    .orderBy(crimeSorts[query.sort], (order) => (query.descending ? order.desc().nullsLast() : order.asc().nullsLast()))
    .orderBy('v.id')
    .limit(query.limit)
    .offset(query.offset)
    .execute();
  return { rows: rows as CrimeListRow[], total };
}

/** A crime on a map: somewhere in its place, and how it stands. */
export interface CrimePoint {
  id: number;
  reference: string;
  type: string;
  from: Date;
  place: Place;
  present: number | null;
  toReview: boolean | null;
}

/** So many crimes are on a map at most, the latest. */
const mappedAtMost = 1000;

export async function mapCrimes(tx: Tx, query: CrimeQuery): Promise<CrimePoint[]> {
  const { base, present, toReview } = matching(tx, query);
  const rows = await base
    .select(['v.crime_id as id', 'c.reference', 'v.type', 'v.from_at as from', 'v.place', present.as('present'), toReview.as('toReview')])
    .orderBy('v.from_at', 'desc')
    .limit(mappedAtMost)
    .execute();
  return rows as CrimePoint[];
}

/** What is new since a moment: crimes that came or changed, and those in which somebody present to review was found since. */
export async function newSince(tx: Tx, since: Date, withTests: boolean): Promise<{ came: number; toReview: number; all: number }> {
  const { base, toReview } = matching(tx, { sort: 'when', descending: true, limit: 0, offset: 0, show: 'new', since, withTests });
  const row = await base
    .select([
      sql<number>`count(*)::int`.as('all'),
      sql<number>`(count(*) FILTER (WHERE v.recorded_at > ${since}))::int`.as('came'),
      sql<number>`(count(*) FILTER (WHERE ${toReview}))::int`.as('toReview'),
    ])
    .executeTakeFirstOrThrow();
  return row;
}

/** The latest batches that crimes came in, as their senders call them. */
export async function batchesOf(tx: Tx): Promise<string[]> {
  const rows = await tx
    .selectFrom('supervision.crime_versions')
    .select(['batch', sql<Date>`max(recorded_at)`.as('last')])
    .where('batch', 'is not', null)
    .where('batch', '<>', '')
    .groupBy('batch')
    .orderBy('last', 'desc')
    .limit(50)
    .execute();
  return rows.flatMap(({ batch }) => batch ?? []);
}

/** Forces that crimes are of, in order of name. */
export async function forcesOf(tx: Tx): Promise<string[]> {
  const rows = await tx.selectFrom('supervision.crimes').select('force').distinct().orderBy('force').execute();
  return rows.map(({ force }) => force);
}

export async function findCrime(tx: Tx, crimeId: number): Promise<{ current: CrimeVersionRow; versions: CrimeVersionRow[] } | null> {
  const versions = (await tx
    .selectFrom('supervision.crime_versions as v')
    .innerJoin('supervision.crimes as c', 'c.id', 'v.crime_id')
    .select(columns)
    .where('v.crime_id', '=', crimeId)
    .orderBy('v.version', 'desc')
    .execute()) as CrimeVersionRow[];
  return versions[0] ? { current: versions[0], versions } : null;
}

export interface StoredCounts {
  new: number;
  changed: number;
  unchanged: number;
}

/** References that are asked about at a time. */
const candidatesTogether = 1000;

/** The next reference of the same look after a crime's that no crime of the force has, nor one of those that are to come. */
export async function freeReference(
  tx: Tx,
  { force, reference }: { force: string; reference: string },
  toCome: ReadonlySet<string> = new Set(),
): Promise<string> {
  const [, before = '', figures = '', after = ''] = /^(.*?)(\d{0,15})(\D*)$/s.exec(reference) ?? [];
  const numbered = (step: number) =>
    figures === '' ? `${reference}${step}` : `${before}${String(Number(figures) + step).padStart(figures.length, '0')}${after}`;
  // References run on without gaps: the next free one may be thousands away.
  for (let first = 1; ; first += candidatesTogether) {
    const candidates = Array.from({ length: candidatesTogether }, (_, i) => numbered(first + i));
    const taken = await tx
      .selectFrom('supervision.crimes')
      .select('reference')
      .where('force', '=', force)
      .where('reference', 'in', candidates)
      .execute();
    const known = new Set([...toCome, ...taken.map((row) => row.reference)]);
    const free = candidates.find((candidate) => !known.has(candidate));
    if (free !== undefined) return free;
  }
}

/** A made-up crime gives its reference to a recorded one that bears it, and takes the next. */
async function giveWay(tx: Tx, crimes: ParsedCrime[]): Promise<void> {
  const toCome = new Set(crimes.map(({ reference }) => reference));
  const { rows } = await sql<{ id: number; force: string; reference: string }>`SELECT c.id, c.force, c.reference FROM supervision.crimes c
    WHERE c.reference = ANY(${[...toCome]}::text[]) AND c.force = ANY(${[...new Set(crimes.map(({ force }) => force))]}::text[])
      AND EXISTS (SELECT FROM supervision.crime_versions v WHERE v.crime_id = c.id AND v.made_up)`.execute(tx);
  for (const own of rows) {
    const reference = await freeReference(tx, own, toCome);
    await tx.updateTable('supervision.crimes').set({ reference }).where('id', '=', own.id).execute();
  }
}

/** Which fields of a crime differ from the version before. */
function changedFields(before: CrimeVersionRow, now: ParsedCrime): string[] {
  const changed: string[] = [];
  if (before.type !== now.type) changed.push('type');
  if (before.from_at.getTime() !== now.from) changed.push('from');
  if (before.to_at.getTime() !== now.to) changed.push('to');
  if (!samePlace(before.place, now.place)) changed.push('place');
  if (before.text !== now.text) changed.push('text');
  return changed;
}

/** JSON keys may come back in another order. */
function samePlace(a: Place, b: Place): boolean {
  const plain = (place: Place) => JSON.stringify(Object.entries(place).sort(([x], [y]) => (x < y ? -1 : 1)));
  return plain(a) === plain(b);
}

const rowsPerInsert = 500;

/**
 * Stores crimes in the order of the file: a new one, a new version with its changed fields, or nothing when the same came again. One
 * that stands in the file twice is told: where the rows differ, the later is the newer version.
 * @param seen row of each crime of the file that was stored before
 */
export async function storeCrimes(
  tx: Tx,
  crimes: ParsedCrime[],
  importId: number,
  seen = new Map<string, number>(),
): Promise<{ counts: StoredCounts; repeated: ImportProblem[] }> {
  const counts: StoredCounts = { new: 0, changed: 0, unchanged: 0 };
  const repeated: ImportProblem[] = [];
  for (let i = 0; i < crimes.length; ) {
    // As many as follow on one another without a crime that comes twice.
    const part = new Map<string, ParsedCrime>();
    for (; i < crimes.length && part.size < rowsPerInsert; i++) {
      const crime = crimes[i] as ParsedCrime;
      const key = keyOf(crime);
      if (part.has(key)) break;
      part.set(key, crime);
    }
    const changed = await storeApart(tx, part, importId, counts);
    for (const [key, crime] of part) {
      const before = seen.get(key);
      seen.set(key, crime.row);
      if (before === undefined) continue;
      const what = changed.has(key) ? 'with other content: it was stored as a newer version' : 'in the same words: it is one crime';
      const message = `The crime stands in row ${before} too, ${what}.`;
      repeated.push(
        problem(crime.row, 'reference', crime.reference, 'REPEATED_REFERENCE', message, 'Check which row is right.', 'warning'),
      );
    }
  }
  return { counts, repeated };
}

export type ComparedWithRecord = keyof StoredCounts;

/** What storing some crimes would come to, for each by itself. */
export async function compareWithRecord(tx: Tx, crimes: readonly ParsedCrime[]): Promise<ComparedWithRecord[]> {
  const byKey = await onRecord(tx, crimes);
  return crimes.map((crime) => {
    const before = byKey.get(keyOf(crime));
    if (!before) return 'new';
    return changedFields(before, crime).length > 0 ? 'changed' : 'unchanged';
  });
}

/** Of some crimes the current versions that are on record, made-up ones left out, which give way. */
async function onRecord(tx: Tx, crimes: readonly ParsedCrime[]): Promise<Map<string, CrimeVersionRow>> {
  if (crimes.length === 0) return new Map();
  const rows = (await currentVersions(tx)
    .select(columns)
    .where('v.made_up', '=', false)
    .where('c.force', 'in', [...new Set(crimes.map(({ force }) => force))])
    .where('c.reference', 'in', [...new Set(crimes.map(({ reference }) => reference))])
    .execute()) as CrimeVersionRow[];
  return new Map(rows.map((row) => [keyOf(row), row]));
}

const keyOf = ({ force, reference }: { force: string; reference: string }) => `${force}\n${reference}`;

/** Crimes of which none is another. Gives those of which a newer version was stored. */
async function storeApart(tx: Tx, part: ReadonlyMap<string, ParsedCrime>, importId: number, counts: StoredCounts): Promise<Set<string>> {
  const crimes = [...part.values()];
  await giveWay(tx, crimes);
  const byKey = await onRecord(tx, crimes);
  const fresh: ParsedCrime[] = [];
  const changedOnes = new Set<string>();
  for (const [key, crime] of part) {
    const before = byKey.get(key);
    const changed = before ? changedFields(before, crime) : [];
    if (!before) {
      fresh.push(crime);
      counts.new++;
    } else if (changed.length === 0) counts.unchanged++;
    else {
      await addVersion(tx, before, crime, changed, importId);
      changedOnes.add(key);
      counts.changed++;
    }
  }
  await addNew(tx, fresh, importId);
  return changedOnes;
}

async function addVersion(tx: Tx, before: CrimeVersionRow, crime: ParsedCrime, changed: string[], importId: number): Promise<void> {
  const version = before.version + 1;
  await tx.updateTable('supervision.crimes').set({ version }).where('id', '=', before.crime_id).execute();
  await tx
    .insertInto('supervision.crime_versions')
    .values(versionValues(before.crime_id, version, crime, changed, importId))
    .execute();
}

async function addNew(tx: Tx, crimes: ParsedCrime[], importId: number): Promise<void> {
  if (crimes.length === 0) return;
  const ids = await tx
    .insertInto('supervision.crimes')
    .values(crimes.map(({ force, reference }) => ({ force, reference, version: 1 })))
    .returning(['id', 'force', 'reference'])
    .execute();
  const idOf = new Map(ids.map((row) => [`${row.force}\n${row.reference}`, row.id]));
  await tx
    .insertInto('supervision.crime_versions')
    .values(crimes.map((crime) => versionValues(idOf.get(`${crime.force}\n${crime.reference}`) as number, 1, crime, [], importId)))
    .execute();
}

function versionValues(crimeId: number, version: number, crime: ParsedCrime, changed: string[], importId: number) {
  return {
    crime_id: crimeId,
    version,
    type: crime.type,
    from_at: new Date(crime.from),
    to_at: new Date(crime.to),
    place: JSON.stringify(crime.place),
    text: crime.text,
    batch: crime.batch,
    import_id: importId,
    changed: JSON.stringify(changed),
  };
}
