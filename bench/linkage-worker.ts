import { block, type Condition, comparison, composeModel, type Field, InputFiles, Linker, Population } from '@waymark/linkage';
import { agencyRecords } from '@waymark/town';
import { say } from './report.ts';

/**
 * Links a Parquet file of records and prints how long each step took, as JSON: `node linkage-worker.ts RECORDS.parquet`.
 * Blocking rules and comparisons are those of `linkage-peer.py`.
 */
const path = process.argv[2] ?? '';
const part = (field: string, take: 'first' | 'year', length?: number) => ({ fields: [field], take, ...(length ? { length } : {}) });
const field = (name: string, standard: Field['standard']): Field => ({ name, from: [name], standard });
const alike = (name: string, standard: Field['standard'], thresholds: number[], rare = false, personal = false) =>
  comparison(
    name,
    [field(name, standard)],
    [
      { label: 'same', when: { equal: name }, ...(rare ? { byFrequencyOf: name } : {}) },
      ...thresholds.map((atLeast) => ({ label: `alike from ${atLeast}`, when: { similar: name, atLeast } as Condition })),
    ],
    { personal },
  );
const edited = (name: string, standard: Field['standard'], distances: number[], personal = false) =>
  comparison(
    name,
    [field(name, standard)],
    [
      { label: 'same', when: { equal: name } },
      ...distances.map((atMost) => ({ label: `${atMost} off`, when: { edits: name, atMost } as Condition })),
    ],
    { personal },
  );
const model = composeModel({
  comparisons: [
    alike('forename', 'name', [0.9, 0.8], true, true),
    alike('surname', 'name', [0.9, 0.8], true),
    edited('date_of_birth', 'date', [1, 2], true),
    edited('postcode', 'code', [1]),
    alike('address', 'text', [0.92, 0.8]),
    edited('email', 'email', [2], true),
    edited('nhs_number', 'code', [1, 2], true),
  ],
  blocking: [
    block('nhs_number'),
    block('date_of_birth', 'postcode'),
    block('forename', 'surname'),
    block('surname', 'postcode'),
    block('email'),
    block(part('surname', 'first', 3), 'date_of_birth'),
  ],
});

const seconds = (from: number) => (performance.now() - from) / 1000;
const input = await InputFiles.open([path], 2048);
let began = performance.now();
const { records } = await input.read(model.fields, { idColumn: 'record', onProgress: (done, all) => say(`reading: ${done} of ${all}`) });
input.close();
const reading = seconds(began);
const linker = new Linker(records, model);
began = performance.now();
linker.train({ randomPairs: 1_000_000, onProgress: (step) => say(step) });
const training = seconds(began);
began = performance.now();
const scored = linker.score({ keepBits: -10, onProgress: (pairs) => say(`scoring: ${pairs} pairs`) });
const scoring = seconds(began);
began = performance.now();
const clustering = linker.cluster();
const clusteringS = seconds(began);
const memoryMb = process.resourceUsage().maxRSS / 1024;

say('one record at a time');
const population = Population.from(records, linker.model, clustering);
const fresh = [...agencyRecords({ seed: 77, people: 250 })].slice(0, 500);
const time = (work: () => void): number => {
  const from = performance.now();
  work();
  return performance.now() - from;
};
const score = fresh.map((row) => time(() => population.score({ ...row })));
const add = fresh.map((row, i) => time(() => population.add([{ id: `new-${i}`, row: { ...row } }])));
const quantile = (times: number[], share: number) => [...times].sort((a, b) => a - b)[Math.floor(share * times.length)] ?? Number.NaN;
console.log(
  JSON.stringify({
    reading,
    training,
    scoring,
    clustering: clusteringS,
    pairs: scored.compared,
    kept: scored.count,
    clusters: clustering.clusters.length,
    memoryMb,
    incremental: { p50: quantile(score, 0.5), p95: quantile(score, 0.95), adding: { p50: quantile(add, 0.5), p95: quantile(add, 0.95) } },
  }),
);
