import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluateClusters } from '@waymark/linkage';
import type { WrittenAgencies } from '@waymark/town';
import { readConfig } from '../app/src/config.ts';
import type { Actor } from '../app/src/platform/access.ts';
import { withPurpose } from '../app/src/platform/database.ts';
import {
  computeProfiles,
  decidePair,
  declareAgreement,
  importRecords,
  linkRecords,
  mappingOfName,
  sharedFields,
} from '../app/src/support/index.ts';
import { openWaymark } from '../app/src/waymark.ts';
import { type Report, say } from './report.ts';

const today = '2026-11-01';
const steward: Actor = { id: 'bench', name: 'bench', role: 'operator', purpose: 'record-linkage' };
const reviewer: Actor = { id: 'bench', name: 'bench', role: 'data-steward', purpose: 'record-linkage' };
const recordsPerPerson = 1.6;

/** From five agencies' files to people: how right, how much is left for a person to decide, and how long it takes. */
export async function benchPeople({ seed, size }: { seed: number; size?: number }): Promise<Report> {
  const people = size ? Math.round(size / recordsPerPerson) : 20_000;
  const table: Report['table'] = [];
  const usual = await trial(seed, people, 1);
  table.push(usual.row);
  // The same town with twice the errors: how the figures hold where records are kept badly. Told, not promised.
  if (!size) table.push((await trial(seed, people, 2)).row);
  return {
    bench: `people (${people.toLocaleString('en-GB')} people, ${usual.records.toLocaleString('en-GB')} records of five agencies)`,
    table,
    notes: [
      'No label is used. Precision and recall are of pairs that are linked without review; pairs in review count as not linked.',
      'A fact is on the right person when the person it stands with is, by most of their records, the one it is about. “On main person” asks more: that all of one’s facts stand together.',
      '“After review”: the same when every pair of the queue has been decided rightly, once.',
    ],
    bars: [
      ...(size
        ? [
            {
              name: 'imported, linked and profiled',
              figure: usual.seconds,
              limit: 1800 * Math.max(1, size / 1_000_000),
              sense: 'most' as const,
              unit: 's',
            },
            { name: 'peak memory', figure: usual.memoryMb, limit: 8192, sense: 'most' as const, unit: 'MB' },
          ]
        : []),
      { name: 'precision of what is linked without review', figure: usual.precision, limit: 0.999, sense: 'least', unit: '' },
      { name: 'recall of what is linked without review', figure: usual.recall, limit: 0.97, sense: 'least', unit: '' },
      { name: 'records in review', figure: usual.inReview, limit: 0.03, sense: 'most', unit: 'of all' },
      { name: 'facts on the right person', figure: usual.factsRight, limit: 0.998, sense: 'least', unit: 'of all' },
    ],
  };
}

interface Trial {
  row: Record<string, string | number>;
  records: number;
  precision: number;
  recall: number;
  inReview: number;
  factsRight: number;
  seconds: number;
  memoryMb: number;
}

async function trial(seed: number, people: number, errors: number): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    say(`people: writing the agencies' files, errors x ${errors}`);
    const files = join(folder, 'agencies');
    const filled = spawnSync(
      process.execPath,
      [join(import.meta.dirname, 'fill-agencies.ts'), files, ...[seed, people, today, errors].map(String)],
      {
        stdio: 'inherit',
      },
    );
    if (filled.status !== 0) throw new Error("The agencies' files could not be written; what went wrong stands above.");
    const written = JSON.parse(readFileSync(join(files, 'files.json'), 'utf8')) as WrittenAgencies;
    const waymark = await openWaymark(
      readConfig({
        NODE_ENV: 'test',
        WAYMARK_DATA: join(folder, 'data'),
        WAYMARK_LOG: 'silent',
        WAYMARK_DEMO: 'no',
        WAYMARK_ENGINE_MB: '256',
      }),
    );
    try {
      const began = performance.now();
      const { performer } = waymark;
      for (const agency of new Set(written.files.map((file) => file.agency))) {
        await performer.perform(steward, declareAgreement, null, {
          source: agency,
          agency,
          title: 'Bench agreement',
          purpose: 'To measure how records are brought together',
          lawfulBasis: 'public task',
          fields: [...sharedFields],
          startsOn: '2026-01-01',
          endsOn: '2027-12-31',
          retentionMonths: 24,
          today,
        });
      }
      const now = () => new Date(`${today}T09:00:00Z`);
      for (const { agency, file, mapping } of written.files) {
        say(`people: importing ${file.slice(files.length + 1)}`);
        const own = mappingOfName(mapping);
        if (!own) throw new Error(`There is no mapping ${mapping}`);
        await importRecords(performer, steward, { path: file, source: agency, mapping: own, timeZone: waymark.timeZone }, undefined, now);
      }
      const imported = performance.now();
      say('people: linking');
      const linked = await linkRecords(performer, steward, (step, done, all) => say(`people: ${step} ${done} of ${all}`));
      const joined = performance.now();
      say('people: working out profiles');
      const profiled = await computeProfiles(performer, { ...steward, purpose: 'support' }, { timeZone: 'Europe/London', now });
      const ended = performance.now();
      const memoryMb = process.resourceUsage().maxRSS / 1024;
      const found = await compare(waymark, files);
      // A reviewer who is always right goes through the queue, as far as one would in some weeks.
      const reviewed = people > 50_000 ? null : await review(waymark, files);
      const round = (value: number) => Number(value.toFixed(5));
      return {
        ...found,
        records: linked.records,
        seconds: (ended - began) / 1000,
        memoryMb,
        row: {
          errors: `x ${errors}`,
          records: linked.records,
          persons: linked.persons,
          precision: round(found.precision),
          recall: round(found.recall),
          F1: round((2 * found.precision * found.recall) / (found.precision + found.recall)),
          'B³ precision': round(found.bCubed.precision),
          'B³ recall': round(found.bCubed.recall),
          'in review': round(found.inReview),
          facts: found.facts,
          'facts right': round(found.factsRight),
          'on main person': round(found.factsOnMain),
          ...(reviewed ? { 'after review': round(reviewed.factsOnMain) } : {}),
          'facts as stated': round(found.factsAsStated),
          'import s': Number(((imported - began) / 1000).toFixed(1)),
          'link s': Number(((joined - imported) / 1000).toFixed(1)),
          profiled,
          'profile s': Number(((ended - joined) / 1000).toFixed(1)),
          'peak MB': Math.round(memoryMb),
        },
      };
    } finally {
      await waymark.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Opened = Awaited<ReturnType<typeof openWaymark>>;

const lines = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').slice(1);

/** The person of each record, by source and number. */
function readTruth(folder: string): Map<string, string> {
  return new Map(
    lines(folder, 'truth.csv').map((line) => {
      const [source, key, person] = line.split(',') as [string, string, string];
      return [`${source}/${key}`, person];
    }),
  );
}

/** Decides every pair of the queue as it truly is, links again, and compares. */
async function review(waymark: Opened, folder: string) {
  const truth = readTruth(folder);
  const pairs = await withPurpose(waymark.database.db, 'support', 'record-linkage', (tx) =>
    tx
      .selectFrom('support.review_pairs as p')
      .innerJoin('support.records as l', 'l.id', 'p.left_record')
      .innerJoin('support.records as r', 'r.id', 'p.right_record')
      .innerJoin('support.sources as ls', 'ls.id', 'l.source_id')
      .innerJoin('support.sources as rs', 'rs.id', 'r.source_id')
      .select(['l.id as left', 'r.id as right', 'l.key as leftKey', 'r.key as rightKey', 'ls.name as leftSource', 'rs.name as rightSource'])
      .execute(),
  );
  for (const { left, right, leftKey, rightKey, leftSource, rightSource } of pairs) {
    const same = truth.get(`${leftSource}/${leftKey}`) === truth.get(`${rightSource}/${rightKey}`);
    await waymark.performer.perform(reviewer, decidePair, null, {
      left,
      right,
      decision: same ? 'same' : 'not the same',
      reason: 'the truth',
    });
  }
  await linkRecords(waymark.performer, steward);
  return compare(waymark, folder);
}

/** What stands in the database against the truth that the town wrote beside the files. */
async function compare(waymark: Opened, folder: string) {
  const truth = readTruth(folder);
  const { records, queue, facts } = await withPurpose(waymark.database.db, 'support', 'record-linkage', async (tx) => ({
    records: await tx
      .selectFrom('support.records as r')
      .innerJoin('support.sources as s', 's.id', 'r.source_id')
      .select(['r.id', 'r.key', 's.name as source', 'r.person_id'])
      .orderBy('r.id')
      .execute(),
    queue: await tx.selectFrom('support.review_pairs').select(['left_record', 'right_record']).execute(),
    facts: await tx.selectFrom('support.facts').select(['record_id', 'kind', 'value', 'on_date']).execute(),
  }));
  const truthOf = records.map(({ source, key }) => truth.get(`${source}/${key}`) ?? null);
  const clusterOf = Int32Array.from(records, ({ person_id }) => person_id ?? -1);
  const { pairs, bCubed } = evaluateClusters(clusterOf, truthOf);
  // The person in the database that holds most of a true person's records, and whom each person in the database mostly is.
  const mainOf = most(records.map(({ person_id }, i) => [truthOf[i] as string, String(person_id)]));
  const isMostly = most(records.map(({ person_id }, i) => [String(person_id), truthOf[i] as string]));
  const placeOf = new Map(records.map(({ id }, i) => [id, i]));
  const stated = new Set(lines(folder, 'facts.csv'));
  let right = 0;
  let onMain = 0;
  let asStated = 0;
  for (const { record_id, kind, value, on_date } of facts) {
    const i = placeOf.get(record_id) as number;
    const record = records[i] as (typeof records)[number];
    const person = truthOf[i] as string;
    if (stated.has(`${record.source},${record.key},${kind},${value},${dayOf(on_date)}`)) asStated++;
    if (isMostly.get(String(record.person_id)) !== person) continue;
    right++;
    if (mainOf.get(person) === String(record.person_id)) onMain++;
  }
  return {
    precision: pairs.precision ?? 0,
    recall: pairs.recall ?? 0,
    bCubed,
    inReview: new Set(queue.flatMap(({ left_record, right_record }) => [left_record, right_record])).size / records.length,
    facts: facts.length,
    factsRight: right / facts.length,
    factsOnMain: onMain / facts.length,
    factsAsStated: asStated / facts.length,
  };
}

function dayOf(value: string | Date): string {
  if (typeof value === 'string') return value.slice(0, 10);
  return `${value.getFullYear()}-${String(value.getMonth() + 1).padStart(2, '0')}-${String(value.getDate()).padStart(2, '0')}`;
}

/** Of each first, the second that stands with it most often. */
function most(pairs: [string, string][]): Map<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const [a, b] of pairs) {
    const own = counts.get(a) ?? new Map<string, number>();
    own.set(b, (own.get(b) ?? 0) + 1);
    counts.set(a, own);
  }
  return new Map([...counts].map(([a, own]) => [a, [...own].reduce((best, next) => (next[1] > best[1] ? next : best))[0]]));
}
