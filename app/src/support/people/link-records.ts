import { carryIdentities, type IdentityEvent } from '@waymark/linkage';
import { sql } from 'kysely';
import type { Actor } from '../../platform/access.ts';
import type { Action, Performer } from '../../platform/action.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { inThread } from '../../platform/in-thread.ts';
import { ToldError } from '../../platform/told-error.ts';
import { type Identity, type IdentityField, identityKeys } from '../facts/index.ts';
import type {} from '../schema/tables.ts';
import type { Linked, LinkTask } from './link-table.ts';

export interface LinkResult {
  records: number;
  persons: number;
  /** Records whose person is another than before, new ones included. */
  changed: number;
  review: number;
  merged: number;
  split: number;
  pairsCompared: number;
  rulesLeftOut: string[];
  /** Why what the records teach is not used and careful defaults stand in; empty where it is. */
  doubts: string[];
  tookMs: number;
}

interface RecordRow {
  id: number;
  source: string;
  person_id: number | null;
  identity: Identity;
}

const rowsTogether = 20_000;
/** A model is learnt anew when there are this many times the records that it was learnt from. */
const growth = 1.5;

const readPart: Action<null, { after: number }, RecordRow[]> = {
  name: 'people.link',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { after }) {
    const rows = await tx
      .selectFrom('support.records as r')
      .innerJoin('support.sources as s', 's.id', 'r.source_id')
      .select(['r.id', 's.name as source', 'r.person_id', 'r.identity'])
      .where('r.id', '>', after)
      .orderBy('r.id')
      .limit(rowsTogether)
      .execute();
    note(null, { records: rows.length });
    return rows;
  },
};

interface Known {
  model: unknown;
  same: [number, number][];
  notSame: [number, number][];
}

function standingDecisions(tx: Tx) {
  return tx
    .selectFrom('support.pair_decisions')
    .select(['left_record', 'right_record', 'decision'])
    .where('undone_at', 'is', null)
    .execute();
}

/** What stands: the model, and people's decisions. */
const readStanding: Action<null, { records: number }, Known> = {
  name: 'people.link',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx }, _services, { records }) {
    const model = await tx.selectFrom('support.linkage_models').select(['model', 'records']).orderBy('id', 'desc').executeTakeFirst();
    const decisions = await standingDecisions(tx);
    const pairs = (wanted: string) =>
      decisions
        .filter(({ decision }) => decision === wanted)
        .map(({ left_record, right_record }): [number, number] => [left_record, right_record]);
    return {
      model: model && records < growth * model.records ? model.model : null,
      same: pairs('same'),
      notSame: pairs('not the same'),
    };
  },
};

/** Another run has begun since; what it writes stands. */
export class LinkingOvertakenError extends ToldError {
  override name = 'LinkingOvertakenError';
}

/** Begins a run. From now on no earlier one writes anything. */
const beginRun: Action<null, null, { run: number; began: Date }> = {
  name: 'people.link',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx }) {
    return tx
      .updateTable('support.linkage_state')
      .set({ run: sql<number>`run + 1` })
      .returning(['run', sql<Date>`now()`.as('began')])
      .executeTakeFirstOrThrow();
  },
};

/** @throws LinkingOvertakenError when a later run has begun */
async function mustStand(tx: Tx, run: number): Promise<void> {
  const { run: latest } = await tx.selectFrom('support.linkage_state').select('run').forShare().executeTakeFirstOrThrow();
  if (latest !== run) throw new LinkingOvertakenError('Another linking of the records has begun since; this one stops.');
}

const takeNumbers: Action<null, { run: number; count: number }, number[]> = {
  name: 'people.link',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx }, _services, { run, count }) {
    await mustStand(tx, run);
    const { rows } = await sql<{
      id: number;
    }>`SELECT nextval('support.person_numbers')::int AS id FROM generate_series(1, ${count}::int)`.execute(tx);
    const ids = rows.map(({ id }) => id);
    for (let i = 0; i < ids.length; i += rowsTogether) {
      await sql`INSERT INTO support.persons (id) SELECT x::int FROM jsonb_array_elements_text(${JSON.stringify(ids.slice(i, i + rowsTogether))}::jsonb) AS x`.execute(
        tx,
      );
    }
    return ids;
  },
};

const writePersons: Action<null, { run: number; records: { id: number; person: number }[] }, null> = {
  name: 'people.link',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { run, records }) {
    await mustStand(tx, run);
    await sql`
      UPDATE support.records r SET person_id = x.person
        FROM jsonb_to_recordset(${JSON.stringify(records)}::jsonb) AS x(id int, person int) WHERE r.id = x.id`.execute(tx);
    note(null, { records: records.length });
    return null;
  },
};

interface Rest {
  run: number;
  begun: Date;
  /** The last record that was read. */
  upto: number;
  events: IdentityEvent[];
  review: Linked['review'];
  joins: Linked['joins'];
  doubts: string[];
  model: unknown;
  records: number;
}

const writeRest: Action<null, Rest, null> = {
  name: 'people.link',
  room: 'support',
  purpose: 'record-linkage',
  async run({ tx, note }, _services, { run, begun, upto, events, review, joins, doubts, model, records }) {
    await mustStand(tx, run);
    const log = events.flatMap((event) => {
      if (event.kind === 'created') return [];
      const { person, ...detail } = event;
      return [{ person: Number(person), kind: event.kind, detail: { ...detail, kind: undefined } }];
    });
    for (let i = 0; i < log.length; i += rowsTogether) {
      await sql`
        INSERT INTO support.person_events (person_id, kind, detail)
        SELECT person, kind, detail FROM jsonb_to_recordset(${JSON.stringify(log.slice(i, i + rowsTogether))}::jsonb) AS x(person int, kind text, detail jsonb)`.execute(
        tx,
      );
    }
    const gone = events.flatMap((event): { id: number; into: number | null }[] =>
      event.kind === 'merged'
        ? [{ id: Number(event.person), into: Number(event.into) }]
        : event.kind === 'ended'
          ? [{ id: Number(event.person), into: null }]
          : [],
    );
    await sql`
      UPDATE support.persons p SET ended_at = now(), merged_into = x.into
        FROM jsonb_to_recordset(${JSON.stringify(gone)}::jsonb) AS x(id int, "into" int) WHERE p.id = x.id`.execute(tx);
    // Whom nobody's record stands with any more, be it of a run that was overtaken, is nobody.
    await sql`
      UPDATE support.persons p SET ended_at = now()
        WHERE ended_at IS NULL AND NOT EXISTS (SELECT FROM support.records r WHERE r.person_id = p.id)`.execute(tx);
    await tx.deleteFrom('support.review_pairs').execute();
    // What was decided while the run was under way is not asked again, and is taken up by the next run.
    const decided = new Set((await standingDecisions(tx)).map(({ left_record, right_record }) => `${left_record}/${right_record}`));
    // A record may have been erased meanwhile: of it nothing is asked.
    const asked = review.filter(({ left, right }) => !decided.has(`${left}/${right}`));
    for (let i = 0; i < asked.length; i += rowsTogether) {
      await sql`
        INSERT INTO support.review_pairs (left_record, right_record, bits, why, steps)
        SELECT x."left", x."right", x.bits, x.why, x.steps
          FROM jsonb_to_recordset(${JSON.stringify(asked.slice(i, i + rowsTogether))}::jsonb) AS x("left" int, "right" int, bits float8, why text, steps jsonb)
          JOIN support.records l ON l.id = x."left" JOIN support.records r ON r.id = x."right"
        ON CONFLICT (left_record, right_record) DO NOTHING`.execute(tx);
    }
    await tx.deleteFrom('support.linked_pairs').execute();
    for (let i = 0; i < joins.length; i += rowsTogether) {
      await sql`
        INSERT INTO support.linked_pairs (left_record, right_record, bits)
        SELECT x."left", x."right", x.bits FROM jsonb_to_recordset(${JSON.stringify(joins.slice(i, i + rowsTogether))}::jsonb) AS x("left" int, "right" int, bits float8)
          JOIN support.records l ON l.id = x."left" JOIN support.records r ON r.id = x."right"
        ON CONFLICT (left_record, right_record) DO NOTHING`.execute(tx);
    }
    await tx
      .updateTable('support.linkage_state')
      .set({ doubts: JSON.stringify(doubts) })
      .execute();
    if (model)
      await tx
        .insertInto('support.linkage_models')
        .values({ model: JSON.stringify(model), records })
        .execute();
    await sql`
      UPDATE support.records r SET settled = true
        WHERE NOT settled AND id <= ${upto} AND received_at < ${begun} AND NOT EXISTS (
          SELECT FROM support.pair_decisions d
            WHERE (d.left_record = r.id OR d.right_record = r.id) AND (d.at >= ${begun} OR d.undone_at >= ${begun}))`.execute(tx);
    note(null, { events: log.length, review: asked.length });
    return null;
  },
};

/** Has anything come in, changed or been decided since the last time? */
export async function isLinkingDue(db: Database): Promise<boolean> {
  return withPurpose(db, 'support', 'record-linkage', async (tx) => {
    const { rows } = await sql<{ due: boolean }>`SELECT EXISTS (SELECT FROM support.records WHERE NOT settled) AS due`.execute(tx);
    return rows[0]?.due ?? false;
  });
}

/** One run after another in this process; of several processes the latest run stands. */
const running = new WeakMap<Performer, Promise<unknown>>();

/**
 * Puts agencies' records together to people. People keep their numbers through merges and splits; what is doubtful waits
 * for a person's decision; decisions are never broken.
 * @throws LinkingOvertakenError when another process has begun a run meanwhile
 */
export function linkRecords(
  performer: Performer,
  actor: Actor,
  onProgress: (step: string, done: number, all: number) => void = () => undefined,
): Promise<LinkResult> {
  const before = running.get(performer) ?? Promise.resolve();
  const own = before.catch(() => undefined).then(() => runLinking(performer, actor, onProgress));
  running.set(performer, own);
  return own;
}

async function runLinking(
  performer: Performer,
  actor: Actor,
  onProgress: (step: string, done: number, all: number) => void,
): Promise<LinkResult> {
  const began = performance.now();
  const { run, began: begun } = await performer.perform(actor, beginRun, null, null);
  const table = new Table();
  for (;;) {
    const rows = await performer.perform(actor, readPart, null, { after: table.last });
    table.add(rows);
    onProgress('records read', table.size, table.size);
    if (rows.length < rowsTogether) break;
  }
  const standing = await performer.perform(actor, readStanding, null, { records: table.size });
  onProgress('comparing', 0, 1);
  const linked = await inThread<Linked>(new URL('./link-worker.ts', import.meta.url), table.task(standing));
  const groups = linked.groups.map((ids) => Array.from(ids, String));
  const before = table.personOf();
  let fresh = 0;
  const { personOf, events } = carryIdentities(before, groups, () => `new ${fresh++}`);
  const numbers = await performer.perform(actor, takeNumbers, null, { run, count: fresh });
  const numberOf = (person: string) => (person.startsWith('new ') ? (numbers[Number(person.slice(4))] as number) : Number(person));
  const numbered = events.map((event) => renumbered(event, numberOf));
  const changed: { id: number; person: number }[] = [];
  for (const id of table.ids) {
    const person = numberOf(personOf.get(String(id)) as string);
    if (before.get(String(id)) !== String(person)) changed.push({ id, person });
  }
  for (let i = 0; i < changed.length; i += rowsTogether) {
    await performer.perform(actor, writePersons, null, { run, records: changed.slice(i, i + rowsTogether) });
    onProgress('people recorded', Math.min(i + rowsTogether, changed.length), changed.length);
  }
  await performer.perform(actor, writeRest, null, {
    run,
    begun,
    upto: table.last,
    events: numbered,
    review: linked.review,
    joins: linked.joins,
    doubts: linked.doubts,
    model: linked.wasTrained ? linked.model : null,
    records: table.size,
  });
  return {
    records: table.size,
    persons: groups.length,
    changed: changed.length,
    review: linked.review.length,
    merged: events.filter(({ kind }) => kind === 'merged').length,
    split: events.filter(({ kind }) => kind === 'split').length,
    pairsCompared: linked.pairsCompared,
    rulesLeftOut: linked.rulesLeftOut,
    doubts: linked.doubts,
    tookMs: Math.round(performance.now() - began),
  };
}

function renumbered(event: IdentityEvent, numberOf: (person: string) => number): IdentityEvent {
  const person = String(numberOf(event.person));
  if (event.kind === 'merged') return { ...event, person, into: String(numberOf(event.into)) };
  if (event.kind === 'split') return { ...event, person, into: event.into.map((other) => String(numberOf(other))) };
  return { ...event, person };
}

/** All records, column by column: what a thread can be handed without copying row by row. */
class Table {
  readonly ids: number[] = [];
  readonly #persons: (number | null)[] = [];
  readonly #sources: string[] = [];
  readonly #columns = Object.fromEntries(identityKeys.map((key) => [key, [] as (string | null)[]])) as Record<
    IdentityField,
    (string | null)[]
  >;

  get size(): number {
    return this.ids.length;
  }

  get last(): number {
    return this.ids[this.ids.length - 1] ?? 0;
  }

  add(rows: readonly RecordRow[]): void {
    for (const { id, source, person_id, identity } of rows) {
      this.ids.push(id);
      this.#persons.push(person_id);
      this.#sources.push(source);
      for (const key of identityKeys) this.#columns[key].push(identity[key] ?? null);
    }
  }

  task({ model, same, notSame }: Known): LinkTask {
    return { ids: Int32Array.from(this.ids), sources: this.#sources, columns: this.#columns, same, notSame, model };
  }

  personOf(): Map<string, string> {
    const found = new Map<string, string>();
    this.ids.forEach((id, i) => {
      const person = this.#persons[i];
      if (person !== null && person !== undefined) found.set(String(id), String(person));
    });
    return found;
  }
}
