import { Engine } from '@waymark/engine';
import { RuleEncoder } from '../blocking/keys.ts';
import { type Clustering, cluster, type ReviewItem } from '../cluster/cluster.ts';
import type { Constraints } from '../cluster/constraints.ts';
import { carryIdentities, type IdentityEvent } from '../cluster/identities.ts';
import { Patterns } from '../compare/patterns.ts';
import { type LinkageModel, readModel } from '../model/model.ts';
import { RecordIdError, Records, type Row, rawText } from '../records/records.ts';
import { Weights } from '../score/weights.ts';
import { BlockIndex } from './block-index.ts';

/** A record that may be of the same person. */
export interface MatchFound {
  id: string;
  source: string;
  person: string;
  bits: number;
}

/** What adding, changing or removing records did. */
export interface PopulationChange {
  events: IdentityEvent[];
  /** What a person should decide among the records concerned. */
  review: ReviewItem[];
  /** Records that were looked at again. */
  concerned: number;
}

/** One record of a population: its own id, and its source where there are several. */
export interface RecordKey {
  id: string;
  source?: string;
}

/** Decisions about pairs of records, and what is known of sources: as `Constraints`, by key. */
export interface Decisions extends Omit<Constraints, 'same' | 'notSame'> {
  same?: [RecordKey, RecordKey][];
  notSame?: [RecordKey, RecordKey][];
}

/**
 * Records that have been put together to persons and keep changing. A new record is scored against what shares a block with
 * it; only the persons it could belong to are put together again, and ids are kept.
 */
export class Population {
  readonly model: LinkageModel;
  readonly records: Records;
  readonly #patterns: Patterns;
  readonly #weights: Weights;
  readonly #rules: { encoder: RuleEncoder; index: BlockIndex }[];
  readonly #personOf = new Map<string, string>();
  readonly #recordsOf = new Map<string, Set<number>>();
  #decisions: Decisions;
  #nextPerson = 1;

  private constructor(records: Records, model: LinkageModel, decisions: Decisions) {
    this.model = model;
    this.records = records;
    this.#decisions = decisions;
    this.#patterns = new Patterns(model, records);
    this.#weights = new Weights(model, records, this.#patterns);
    this.#rules = model.blocking.map((rule) => {
      const encoder = new RuleEncoder(records, rule);
      return { encoder, index: BlockIndex.build(records, encoder) };
    });
  }

  /** A population from records that were linked with this (trained) model. */
  static from(records: Records, model: LinkageModel, clustering: Clustering, decisions: Decisions = {}): Population {
    const population = new Population(records, readModel(model), decisions);
    for (const rows of clustering.clusters) {
      const person = population.#newPerson();
      for (const row of rows) population.#place(row, person);
    }
    return population;
  }

  /** The records of a person. */
  personsRecords(person: string): RecordKey[] {
    return [...(this.#recordsOf.get(person) ?? [])].map((row) => this.#keyOf(row));
  }

  /** The person of a record; null when there is no such record. */
  personOf({ id, source = '' }: RecordKey): string | null {
    return this.#personOf.get(textOf(id, source)) ?? null;
  }

  get persons(): number {
    return this.#recordsOf.size;
  }

  /**
   * Records that may be of the same person as this one, the most likely first. The record itself is not kept; its values
   * stay in the dictionary of values, which names no record, until the population is opened anew.
   */
  score(row: Row, { atLeastBits = this.model.thresholds.reviewBits }: { atLeastBits?: number } = {}): MatchFound[] {
    const added = this.records.add('\u0000asked', this.records.sources[0] ?? '', (column) => rawText(row[column]));
    try {
      return this.#near(added)
        .map((other) => ({ other, bits: this.#weigh(added, other) }))
        .filter(({ bits }) => bits >= atLeastBits)
        .sort((a, b) => b.bits - a.bits || a.other - b.other)
        .map(({ other, bits }) => ({
          ...this.#keyOf(other),
          source: this.#keyOf(other).source ?? '',
          person: this.#personAt(other),
          bits,
        }));
    } finally {
      this.records.withdraw();
    }
  }

  /**
   * Adds records. One that is there already, by id and source, takes the place of the old one.
   * @throws RecordIdError when an id is empty; then none is added
   */
  add(rows: Iterable<{ id: string; source?: string; row: Row }>): PopulationChange {
    const list = [...rows];
    const nameless = list.findIndex(({ id }) => id === '');
    if (nameless >= 0) throw new RecordIdError(`Record ${nameless + 1} of those to add has no id; give each record one`);
    const touched = new Touched();
    for (const { id, source = '', row } of list) {
      const old = this.records.find(id, source);
      if (old >= 0) this.#takeOut(old, touched);
      const added = this.records.add(id, source, (column) => rawText(row[column]));
      for (const { encoder, index } of this.#rules) index.add(encoder.code(added), added);
      touched.rows.add(added);
    }
    return this.#settle(touched);
  }

  /** Removes records; those not there are passed over. */
  remove(keys: Iterable<RecordKey>): PopulationChange {
    const touched = new Touched();
    for (const { id, source = '' } of keys) {
      const row = this.records.find(id, source);
      if (row >= 0) this.#takeOut(row, touched);
    }
    return this.#settle(touched);
  }

  /** Records decisions about pairs, and puts the persons concerned together again. */
  decide(pairs: { left: RecordKey; right: RecordKey; same: boolean }[]): PopulationChange {
    const isPair = ([a, b]: [RecordKey, RecordKey], left: RecordKey, right: RecordKey) =>
      (sameKey(a, left) && sameKey(b, right)) || (sameKey(a, right) && sameKey(b, left));
    const touched = new Touched();
    for (const { left, right, same } of pairs) {
      const others = (list: [RecordKey, RecordKey][] = []) => list.filter((pair) => !isPair(pair, left, right));
      this.#decisions = {
        ...this.#decisions,
        same: [...others(this.#decisions.same), ...(same ? [[left, right] as [RecordKey, RecordKey]] : [])],
        notSame: [...others(this.#decisions.notSame), ...(same ? [] : [[left, right] as [RecordKey, RecordKey]])],
      };
      for (const { id, source = '' } of [left, right]) {
        const row = this.records.find(id, source);
        if (row >= 0) touched.rows.add(row);
      }
    }
    return this.#settle(touched);
  }

  #takeOut(row: number, touched: Touched): void {
    for (const { encoder, index } of this.#rules) index.remove(encoder.code(row), row);
    const key = this.#textAt(row);
    this.records.remove(row);
    touched.rows.delete(row);
    const person = this.#personOf.get(key);
    // A record that came a moment ago is no person's yet.
    if (person === undefined) return;
    touched.takenOut.set(key, person);
    this.#personOf.delete(key);
    const rows = this.#recordsOf.get(person) as Set<number>;
    rows.delete(row);
    if (rows.size === 0) this.#recordsOf.delete(person);
    for (const other of rows) touched.rows.add(other);
  }

  /** Puts together again every person that the touched records belong to or could. */
  #settle({ rows: concerned, takenOut }: Touched): PopulationChange {
    const rows = new Set<number>();
    const take = (row: number) => {
      const person = this.#personOf.get(this.#textAt(row));
      rows.add(row);
      if (person) for (const other of this.#recordsOf.get(person) as Set<number>) rows.add(other);
    };
    for (const row of concerned) {
      if (this.records.removed.has(row)) continue;
      take(row);
      for (const other of this.#near(row)) if (this.#weigh(row, other) >= this.model.thresholds.reviewBits) take(other);
    }
    const list = [...rows];
    const result = cluster(this.records, this.#pairsAmong(list), this.#constraints(rows), {
      ...this.model.thresholds,
      weigh: (i, j) => this.#weigh(i, j),
      rows: list,
    });
    const before = new Map(takenOut);
    for (const row of list) {
      const person = this.#personOf.get(this.#textAt(row));
      if (person !== undefined) before.set(this.#textAt(row), person);
    }
    const groups = result.clusters.map((members) => members.map((row) => this.#textAt(row)));
    const rowOf = new Map(list.map((row) => [this.#textAt(row), row]));
    const { personOf, events } = carryIdentities(before, groups, () => this.#newPerson());
    for (const [key, person] of personOf) {
      const row = rowOf.get(key) as number;
      const old = this.#personOf.get(key);
      if (old === person) continue;
      if (old !== undefined) {
        this.#recordsOf.get(old)?.delete(row);
        if (this.#recordsOf.get(old)?.size === 0) this.#recordsOf.delete(old);
      }
      this.#place(row, person);
    }
    return { events, review: result.review, concerned: list.length };
  }

  /** The pairs among some rows that share a block, with their weights. */
  #pairsAmong(rows: number[]): { left: number[]; right: number[]; bits: number[]; count: number } {
    const [left, right, bits]: [number[], number[], number[]] = [[], [], []];
    const among = new Set(rows);
    for (const row of rows) {
      for (const other of this.#near(row)) {
        if (other <= row || !among.has(other)) continue;
        left.push(row);
        right.push(other);
        bits.push(this.#weigh(row, other));
      }
    }
    return { left, right, bits, count: left.length };
  }

  #constraints(rows: ReadonlySet<number>): Constraints {
    const { same = [], notSame = [], ...rest } = this.#decisions;
    const asRows = (pairs: [RecordKey, RecordKey][]) =>
      pairs
        .map(([a, b]): [number, number] => [this.records.find(a.id, a.source), this.records.find(b.id, b.source)])
        .filter(([i, j]) => rows.has(i) && rows.has(j));
    return { ...rest, same: asRows(same), notSame: asRows(notSame) };
  }

  /** Rows that share a block with this one. */
  #near(row: number): number[] {
    const found = new Set<number>();
    for (const { encoder, index } of this.#rules) {
      const block = encoder.code(row);
      if (block >= 0) index.each(block, (other) => found.add(other));
    }
    found.delete(row);
    return [...found];
  }

  #weigh(i: number, j: number): number {
    return this.#weights.of(i, j, this.#patterns.of(i, j));
  }

  #place(row: number, person: string): void {
    this.#personOf.set(this.#textAt(row), person);
    const rows = this.#recordsOf.get(person);
    if (rows) rows.add(row);
    else this.#recordsOf.set(person, new Set([row]));
  }

  #newPerson(): string {
    return `person-${String(this.#nextPerson++).padStart(8, '0')}`;
  }

  #personAt(row: number): string {
    return this.#personOf.get(this.#textAt(row)) as string;
  }

  #keyOf(row: number): RecordKey {
    return { id: this.records.ids[row] as string, source: this.records.sources[this.records.sourceOf[row] as number] as string };
  }

  #textAt(row: number): string {
    const { id, source = '' } = this.#keyOf(row);
    return textOf(id, source);
  }

  /** Writes the population to a file, which `open` reads. */
  async save(path: string): Promise<void> {
    const engine = await Engine.open(path);
    const db = await engine.connect();
    try {
      const { fields } = this.records;
      await db.transaction(async () => {
        await db.run('CREATE OR REPLACE TABLE population (model TEXT, decisions TEXT, next_person INTEGER)');
        await db.run('INSERT INTO population VALUES (?, ?, ?)', [
          JSON.stringify(this.model),
          JSON.stringify(this.#decisions),
          this.#nextPerson,
        ]);
        await db.run(`CREATE OR REPLACE TABLE records (id TEXT, source TEXT, person TEXT${fields.map((_, f) => `, f${f} TEXT`).join('')})`);
        const shape = Object.fromEntries(
          ['id', 'source', 'person', ...fields.map((_, f) => `f${f}`)].map((name) => [name, 'text' as const]),
        );
        const step = 100_000;
        for (let from = 0; from < this.records.count; from += step) {
          const rows: number[] = [];
          for (let row = from; row < Math.min(this.records.count, from + step); row++) if (!this.records.removed.has(row)) rows.push(row);
          const columns: Record<string, (string | null)[]> = {
            id: rows.map((row) => this.records.ids[row] as string),
            source: rows.map((row) => this.records.sources[this.records.sourceOf[row] as number] as string),
            person: rows.map((row) => this.#personAt(row)),
          };
          fields.forEach((column, f) => {
            columns[`f${f}`] = rows.map((row) => column.value(row));
          });
          await db.append('records', shape, columns, rows.length);
        }
      });
    } finally {
      db.close();
      engine.close();
    }
  }

  /** Opens a stored population. Values were stored in standard form, which standardising leaves as it is. */
  static async open(path: string): Promise<Population> {
    const engine = await Engine.open(path);
    const db = await engine.connect();
    try {
      const [stored] = await db.rows<{ model: string; decisions: string; next_person: number }>('SELECT * FROM population');
      if (!stored) throw new TypeError(`${path} holds no population`);
      const model = readModel(JSON.parse(stored.model));
      const records = new Records(model.fields.map((field) => ({ ...field, from: [field.name] })));
      const names = ['id', 'source', 'person', ...model.fields.map((_, f) => `f${f}`)];
      const place = new Map(model.fields.map(({ name }, f) => [name, `f${f}`]));
      const persons: string[] = [];
      await db.scan(
        `SELECT ${names.join(', ')} FROM records`,
        Object.fromEntries(names.map((name) => [name, 'text' as const])),
        [],
        (columns, count) => {
          for (let i = 0; i < count; i++) {
            records.add(
              columns.id?.[i] as string,
              columns.source?.[i] as string,
              (field) => columns[place.get(field) as string]?.[i] ?? null,
            );
            persons.push(columns.person?.[i] as string);
          }
        },
      );
      const reopened = new Population(withColumns(records, model), model, JSON.parse(stored.decisions) as Decisions);
      persons.forEach((person, row) => {
        reopened.#place(row, person);
      });
      reopened.#nextPerson = stored.next_person;
      return reopened;
    } finally {
      db.close();
      engine.close();
    }
  }
}

/** Records read back by field take new rows by column again. */
function withColumns(records: Records, model: LinkageModel): Records {
  model.fields.forEach((field, f) => {
    (records.fields[f] as Records['fields'][number]).field = field;
  });
  records.forgetRaw();
  return records;
}

/** What a change touches: live rows, and the person of each record that was taken out, by its key. */
class Touched {
  readonly rows = new Set<number>();
  readonly takenOut = new Map<string, string>();
}

function textOf(id: string, source: string): string {
  return `${source}\u0000${id}`;
}

function sameKey(a: RecordKey, b: RecordKey): boolean {
  return a.id === b.id && (a.source ?? '') === (b.source ?? '');
}
