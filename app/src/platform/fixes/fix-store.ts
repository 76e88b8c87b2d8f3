import { existsSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, Engine, Readers } from '@waymark/engine';
import { backUpFixes, type FixesInBackup, fillFixes } from './back-up-fixes.ts';
import { checkLake, type Exported, exportFixes, extentOfLake, type LakeCheck, type LakeExtent } from './check-lake.ts';
import { type CoarseFix, type Coarser, coarsenFixes } from './coarsen-fixes.ts';
import type { FixBatch, Homes, NotUnderstood, Stored } from './fix.ts';
import { FixLog } from './fix-log.ts';
import { takenAway } from './fix-orders.ts';
import { FixQuestions } from './fix-questions.ts';
import { FixWriter } from './fix-writer.ts';
import { type LakeUse, noteUse, useOf } from './kept-orders.ts';
import { Lake, leavesBefore, type SealedUpTo, type Writing } from './lake.ts';
import type { LakeSetting } from './lake-place.ts';
import type { MessageLog } from './message-log.ts';
import { OwnQueue, type WayIn } from './own-queue.ts';
import { type Sealed, sealFixes } from './seal-lake.ts';
import { fillFromCopy, sharedCopy, writeSharedCopy } from './shared-copy.ts';
import { SharedQueue } from './shared-queue.ts';
import { tendLake } from './tend-lake.ts';

/** Questions that are answered at the same time; more wait their turn. */
const readersAtOnce = 2;

type BackUpArguments = Parameters<typeof backUpFixes> extends [unknown, ...infer Rest] ? Rest : never;

const noLake: LakeSetting = { place: null, refusal: (words) => new Error(words) };

/** What several servers share of the fixes. */
export interface Shared {
  log: MessageLog;
  /** A folder that all of them reach, where a copy is. */
  folder: string;
}

/** What removes what is past its date. */
export type Forgets = Pick<FixStore, 'forgetWearings' | 'forgetBefore' | 'forgetQuarantine' | 'coarsen'>;

/**
 * Keeps fixes in a DuckDB file.
 *
 * A batch is acknowledged only after it is durable, with its receipt: in the file, or, where several servers share a log, on the
 * disks of most of the log's servers; the file is then what this server has read of it. The same tag, time and place is one fix, however
 * often it comes; events that a repeat brings are kept in a row of their own beside it, and so is another place at the same time, see
 * `rowsThatTell`.
 */
export class FixStore extends FixQuestions {
  readonly #engine: Engine;
  readonly #writer: FixWriter;
  readonly #log: FixLog;
  readonly #shared: Shared | null;
  #wayIn: WayIn;
  #installation: string | null = null;
  readonly #apartUnderWay = new Set<Promise<void>>();
  #isClosing = false;
  #refusal: LakeSetting['refusal'] = noLake.refusal;
  /** The last entry of the records' audit that was known here when something was stored. */
  #recordsMark = 0;
  /** Told of what goes wrong while a shared log is read; it is tried again. */
  onError: (error: unknown) => void = () => undefined;

  private constructor(engine: Engine, writer: FixWriter, readers: Readers, recent: Readers, shared: Shared | null) {
    super(readers, recent);
    this.#engine = engine;
    this.#writer = writer;
    this.#shared = shared;
    this.#log = new FixLog(writer.lastReceipt, (after, upto) => this.storedBetween(after, upto));
    this.#wayIn = new OwnQueue(writer, (batches, stored) => this.#tell(batches, stored));
  }

  /**
   * Opens the file of a server that is alone, or, with a shared log, of one of several.
   * @throws EngineBusyError when another process holds the file; Error when the log cannot be read
   */
  static async open(path: string, memoryMb: number, shared: Shared | null = null, lake: LakeSetting = noLake): Promise<FixStore> {
    if (shared) await beginAnewWhereLate(path, memoryMb, shared);
    const engine = await Engine.open(path, { memoryMb, checkpointMb: 256 });
    const writer = await FixWriter.open(await engine.connect());
    const readers = await Readers.open(engine, readersAtOnce);
    const store = new FixStore(engine, writer, readers, lake.place ? await Readers.open(engine, readersAtOnce) : readers, shared);
    store.#refusal = lake.refusal;
    await store.#useLake(lake).catch((error) => store.close().then(() => Promise.reject(error)));
    const { connection } = writer;
    const [own] = await connection.rows<{ id: string; accepted: number }>('SELECT id, accepted_receipt AS accepted FROM installation');
    const [mark] = await connection.rows<{ seq: number }>(
      `SELECT coalesce(max(records_seq), 0)::BIGINT AS seq FROM receipts WHERE receipt > ${Math.trunc(own?.accepted ?? 0)}`,
    );
    store.#installation = own?.id ?? null;
    store.#recordsMark = Number(mark?.seq ?? 0);
    await store.#begin(shared).catch((error) => store.close().then(() => Promise.reject(error)));
    return store;
  }

  async #begin(shared: Shared | null): Promise<void> {
    const sealed = await this.lake?.sealedUpTo();
    if (shared) await this.#join(shared, sealed);
    this.#belongsTo(sealed);
  }

  async #useLake({ place, refusal }: LakeSetting): Promise<void> {
    const use = await useOf(this.#writer.connection);
    if (place === null) {
      // What is older would be missing, and no word said.
      if (use && use.receipt >= 0)
        throw refusal('Older fixes of this installation are in a lake, and WAYMARK_LAKE is not set. Set it as it was.');
      return;
    }
    this.lake = await Lake.open(this.#engine, place, refusal);
    for (const reader of this.readers.all) await this.lake.showTo(reader);
    this.#writer.useLake(this.lake);
  }

  /**
   * @param sealed how far the lake went before anything was read of a log
   * @throws Error where the lake has what was never here, or what has left this file is not in it: one of the two is an older one, or another's
   */
  #belongsTo(sealed: SealedUpTo | undefined): void {
    if (!this.lake || !sealed) return;
    const remedy =
      'A restored installation begins a lake of its own: an empty folder or prefix in WAYMARK_LAKE, and no schema waymark_lake in its database.';
    if (sealed.receipt > this.lastReceipt)
      throw this.lake.refuse(
        `The lake goes up to receipt ${sealed.receipt}, and the store here up to ${this.lastReceipt}: it was restored from a backup, or is another’s. ${remedy}`,
      );
    if (sealed.receipt < this.lake.older.receipt)
      throw this.lake.refuse(
        `Fixes up to receipt ${this.lake.older.receipt} have left the file of this server, and the lake goes up to receipt ${sealed.receipt} alone: it is not the one they are in, or its catalogue was set back. Look at DATABASE_URL and WAYMARK_LAKE; otherwise restore a backup.`,
      );
  }

  /** Works on a connection of its own to which `fixes` is all there are, in the lake too; or, on wish, this server's own file alone. */
  #apart<T>(work: (connection: Connection) => Promise<T>, what: 'all' | 'own' = 'all'): Promise<T> {
    const done = (async () => {
      const reader = await this.#engine.connect();
      try {
        if (this.lake) reader.rephrase = this.lake.rephrase;
        if (what === 'all') await this.lake?.showTo(reader);
        return await work(reader);
      } finally {
        this.lake?.leave(reader);
        await reader.end();
      }
    })();
    return this.#keepOpenFor(done);
  }

  /** The engine is not closed under it. */
  #keepOpenFor<T>(done: Promise<T>): Promise<T> {
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#apartUnderWay.add(settled);
    void settled.then(() => this.#apartUnderWay.delete(settled));
    return done;
  }

  /** Whether fixes go into a lake as well. */
  get hasLake(): boolean {
    return this.lake !== null;
  }

  /**
   * Brings the lake up to what is here; of several servers one at a time does.
   * @throws Error where there is none, or it cannot be written to
   */
  async seal(onPart: (upTo: SealedUpTo, last: number) => void = () => undefined): Promise<Sealed> {
    const lake = this.#lakeThere();
    const whose = { installation: this.#installation, lake };
    return lake.surely('The lake cannot be written to', () =>
      this.#apart((connection) => sealFixes(connection, whose, () => !this.#isClosing, onPart), 'own'),
    );
  }

  /** Puts the lake's files in order, see `tendLake`. Gives how many were removed. */
  async tendLake(keptMinutes?: number): Promise<number> {
    const lake = this.#lakeThere();
    return lake.surely('The lake’s files cannot be put in order', () =>
      this.#apart((connection) => tendLake(connection, keptMinutes), 'own'),
    );
  }

  /**
   * Takes out of this server's own file what is old and in the lake. Gives how many fixes.
   * @param onRecord the last receipt that the records hold: those up to it that are as old leave too. There is one for each message, and they are
   * nowhere else; what they were for stands in the audit
   */
  moveOut(now: number, onRecord = 0): Promise<number> {
    const lake = this.#lakeThere();
    if (this.#isClosing) return Promise.resolve(0);
    const moving = async () => {
      const sealed = await lake.sealedUpTo();
      await lake.forgetFollowed(sealed, this.#writing);
      const here = { ...sealed, receipt: Math.min(sealed.receipt, this.lastReceipt) };
      const gone = await lake.moveOut(here, now, this.#writing, this.recent.all);
      await this.#writer.forgetReceipts(leavesBefore(lake.place, now), Math.min(here.receipt, onRecord));
      return gone;
    };
    return this.#keepOpenFor(moving());
  }

  /** Lets go of orders that the lake has followed by now. */
  forgetFollowed(): Promise<void> {
    const lake = this.#lakeThere();
    return this.#keepOpenFor(lake.sealedUpTo().then((sealed) => lake.forgetFollowed(sealed, this.#writing)));
  }

  get #writing(): Writing {
    const writer = this.#writer;
    return { writer: writer.connection, alone: (work) => writer.alone(work), tidy: () => writer.tidy() };
  }

  /** Holds this server's own file against the lake, row by row. @throws Error where there is none */
  async checkLake(onPart: (done: number, all: number) => void = () => undefined): Promise<LakeCheck> {
    const lake = this.#lakeThere();
    return lake.surely('The lake cannot be read', () => this.#apart((connection) => checkLake(connection, lake, onPart), 'own'));
  }

  /** How large the lake is, and what of this server's is not in it yet. @throws Error where there is none */
  async extentOfLake(): Promise<LakeExtent & { behind: number }> {
    const extent = await this.#lakeThere().surely('The lake cannot be read', () => this.#apart(extentOfLake, 'own'));
    return { ...extent, behind: this.lastReceipt - extent.receipt };
  }

  /** When what is not in the lake yet and came first came, ms since 1970; null where everything is there. @throws Error where the lake cannot be read */
  async oldestUnsealed(): Promise<number | null> {
    const { receipt } = await this.#lakeThere().sealedUpTo();
    const [row] = await this.recent.next.rows<{ at: number | null }>(
      `SELECT min(received_ms)::DOUBLE AS "at" FROM receipts WHERE receipt > ${Math.trunc(receipt)}`,
    );
    return row?.at ?? null;
  }

  /** Writes fixes into a GeoParquet file; gives how many. */
  exportFixes(file: string, what: Exported): Promise<number> {
    return this.#apart((connection) => exportFixes(connection, file, what));
  }

  #lakeThere(): Lake {
    if (!this.lake) throw this.#refusal('There is no lake: set WAYMARK_LAKE.');
    return this.lake;
  }

  /**
   * Goes on with the log. A file of a server that was alone is brought over: all of it is put into the copy, from which the others begin.
   */
  async #join({ log }: Shared, sealed: SealedUpTo | undefined): Promise<void> {
    this.#installation = (await log.installation()) ?? this.#installation;
    const wasAlone = this.lastReceipt > 0 && (await this.#writer.lastMessage()) === 0;
    const queue = await SharedQueue.open(this.#writer, log, (batches, stored) => this.#tell(batches, stored));
    queue.onError = (error) => this.onError(error);
    this.#wayIn = queue;
    if (!wasAlone) return;
    if (this.lake) {
      this.#belongsTo(sealed);
      await this.seal();
      await this.#beginSequenceAnew();
    }
    // A message that says nothing: who has not read it has nothing of what was before.
    await queue.sayNothing();
    const { copied } = await this.copyForOthers();
    await log.purge(copied);
  }

  /** The log counts from one: whatever was ordered before is done. */
  async #beginSequenceAnew(): Promise<void> {
    const { connection } = this.#writer;
    await this.#writer.alone(async () => {
      await connection.run('UPDATE lake.main.sealed SET position = 0');
      await connection.run('DELETE FROM kept_orders');
      await noteUse(connection, { ...((await useOf(connection)) as LakeUse), since: 0, ordered: 0 });
    });
  }

  /**
   * Brings the copy that servers share up to date, and has the log forget what stood in the copy before it already: whoever was away
   * until now still finds the rest.
   * @returns the message up to which the copy goes, and the one up to which the log has forgotten
   */
  async copyForOthers(): Promise<{ copied: number; forgotten: number }> {
    if (!this.#shared) throw new Error('Only servers that share a log share a copy.');
    const { folder, log } = this.#shared;
    const { before, now } = await this.#apart((reader) => writeSharedCopy(reader, folder), 'own');
    const forgotten = Math.min(before?.message ?? 0, now.message);
    if (forgotten > 0) await log.purge(forgotten);
    return { copied: now.message, forgotten };
  }

  /**
   * Makes a store of what a backup holds, where there is none yet.
   * @param audited the last entry of the audit in the records that belong to it
   * @returns rows by table
   */
  static async restore(
    path: string,
    memoryMb: number,
    folder: string,
    backup: FixesInBackup,
    audited: number,
  ): Promise<Record<string, number>> {
    const store = await FixStore.open(path, memoryMb);
    try {
      return await fillFixes(store.#writer.connection, folder, backup, audited);
    } finally {
      await store.close();
    }
  }

  /** Writes what the store holds up to a receipt into a folder, while it goes on, see `backUpFixes`. */
  async backUp(...[folder, receipt, before, onPart]: BackUpArguments): Promise<FixesInBackup> {
    return this.#apart((reader) => backUpFixes(reader, folder, receipt, before, onPart, async () => this.lake?.showOnce(reader)), 'own');
  }

  /** Runs work while nothing is written; what is handed over meanwhile waits. */
  whileStill<T>(work: () => Promise<T>): Promise<T> {
    return this.#writer.alone(work);
  }

  /**
   * Resolves when everything is here that any server had when this was asked.
   * @throws Error where the log that they share cannot be read
   */
  caughtUp(): Promise<void> {
    return this.#wayIn.caughtUp();
  }

  /** Whether other servers store the same from the same log. */
  get isShared(): boolean {
    return this.#shared !== null;
  }

  /** Which installation this store belongs to; null where nobody has said yet. */
  get installation(): string | null {
    return this.#installation;
  }

  /** The last entry of the records' audit that this store has seen. */
  get recordsMark(): number {
    return this.#recordsMark;
  }

  async setInstallation(id: string): Promise<void> {
    await this.#shared?.log.setInstallation(id);
    const { connection } = this.#writer;
    await this.#writer.alone(() =>
      connection.transaction(async () => {
        await connection.run('DELETE FROM installation');
        await connection.run('INSERT INTO installation VALUES (?, 0)', [id]);
      }),
    );
    this.#installation = id;
  }

  /** Notes how far the records have come; stored with what is stored next. */
  noteRecords(seq: number): void {
    this.#writer.recordsSeq = Math.max(this.#writer.recordsSeq, seq);
  }

  /** No receipt up to this number is given again: those after the last that is here are lost, and stand as that. */
  async goOnAfter(receipt: number): Promise<void> {
    await this.#writer.goOnAfter(receipt);
    this.#log.goOnAfter(receipt);
  }

  /** What is known here of newer records counts no more: they are lost, and the older ones are right. */
  async acceptRecords(): Promise<void> {
    await this.#writer.alone(() => this.#writer.connection.run('UPDATE installation SET accepted_receipt = ?', [this.lastReceipt]));
    this.#recordsMark = 0;
  }

  /** For how long a shared log cannot be read or stored here, ms; 0 where it can. */
  get unreadMs(): number {
    return this.#wayIn.unreadMs;
  }

  /** Whether the last attempt to store anything went well. */
  get lastFailure(): Error | null {
    return this.#wayIn.lastFailure;
  }

  /** The newest receipt that is durable. */
  get lastReceipt(): number {
    return this.#writer.lastReceipt;
  }

  /** Resolves when a receipt is here that other servers know of, which may take moments; or after a while, when it is not. */
  async reached(receipt: number): Promise<void> {
    const until = Date.now() + (this.isShared ? reachedWithinMs : 0);
    while (this.lastReceipt < receipt && Date.now() < until) await sleep(20);
  }

  /** Batches waiting for a commit. */
  get waiting(): number {
    return this.#wayIn.waiting;
  }

  /** Hands over what receipts stored after one, and what they will, see `FixLog`. */
  follow(...follower: Parameters<FixLog['follow']>): Promise<void> {
    return this.#log.follow(...follower);
  }

  /** How many receipts each follower is behind. */
  get behind(): Map<string, number> {
    return this.#log.behind();
  }

  /** Stores a batch; resolves when it is durable. */
  append(batch: FixBatch): Promise<Stored> {
    return this.#wayIn.append(batch);
  }

  /** What senders wrote and nobody here understands, the latest first. */
  get notUnderstood(): NotUnderstood[] {
    return this.#writer.notUnderstood;
  }

  /** Marks quarantined fixes as released under a receipt. */
  async markReleased(ids: number[], receipt: number): Promise<void> {
    if (ids.length > 0) await this.#wayIn.order({ do: 'release', ids, receipt });
  }

  /** Forgets fixes of before a moment that are nobody's who is supervised: those with a number below zero. Gives how many. */
  forgetBelowZero(before: number): Promise<number> {
    return this.#wayIn.order({ do: 'forget below zero', before });
  }

  /** Forgets nothing, and gives how many it would be. Positions made coarser are not counted. */
  preview(): Forgets {
    const count = async (order: Parameters<typeof takenAway>[0]) => {
      const { table, where } = takenAway(order);
      const [row] = await this.readers.next.rows<{ n: number }>(`SELECT count(*)::DOUBLE AS n FROM ${table} WHERE ${where}`);
      return row?.n ?? 0;
    };
    return {
      forgetWearings: (wearings) => count({ do: 'forget wearings', wearings: [...wearings] }),
      forgetBefore: (before, except = []) => count({ do: 'forget before', before, except: [...except] }),
      forgetQuarantine: (before) => count({ do: 'forget quarantine', before }),
      coarsen: async () => 0,
    };
  }

  /** Forgets every fix of some wearings. Gives how many. */
  async forgetWearings(wearings: readonly number[]): Promise<number> {
    return wearings.length > 0 ? this.#wayIn.order({ do: 'forget wearings', wearings: [...wearings] }) : 0;
  }

  /** Forgets every fix that was taken before a moment, but for those of some wearings. Gives how many. */
  forgetBefore(before: number, except: readonly number[] = []): Promise<number> {
    return this.#wayIn.order({ do: 'forget before', before, except: [...except] });
  }

  /**
   * Makes fixes of before a moment that lie in a home coarser, week by week. Gives how many.
   * @param coarser the home's number, the position and its accuracy; null where it is not in the home after all
   */
  coarsen(homes: Homes, before: number, coarser: Coarser): Promise<number> {
    const make = (fixes: CoarseFix[]) => this.#inParts(fixes, (part) => this.#wayIn.order({ do: 'coarsen', fixes: part }));
    return this.#apart((reader) => coarsenFixes(reader, homes, before, coarser, make));
  }

  /** Forgets what was put into quarantine before a moment. Gives how many. */
  forgetQuarantine(before: number): Promise<number> {
    return this.#wayIn.order({ do: 'forget quarantine', before });
  }

  async close(): Promise<void> {
    await this.#wayIn.close();
    this.#isClosing = true;
    await Promise.all(this.#apartUnderWay);
    await this.lake?.close();
    await this.readers.close();
    if (this.recent !== this.readers) await this.recent.close();
    await this.#writer.close();
    this.#engine.close();
  }

  #tell(batches: readonly FixBatch[], stored: readonly Stored[]): void {
    this.#log.push(batches.map(({ columns, count }, i) => ({ ...(stored[i] as Stored), columns, count })));
  }

  /** An order is one message in a shared log, and messages are small. */
  async #inParts<T>(all: T[], order: (part: T[]) => Promise<number>): Promise<number> {
    let count = 0;
    for (let i = 0; i < all.length; i += orderedTogether) count += await order(all.slice(i, i + orderedTogether));
    return count;
  }
}

/** What another server has put on record is read here within this time, ms, or it is not in the log. */
const reachedWithinMs = 10_000;
/** What one order names at most. */
const orderedTogether = 5000;

/**
 * A server that is new, or was away for longer than the log keeps, begins from the copy that servers share; what its file held is in it.
 * @throws Error where there is none that reaches up to the log
 */
async function beginAnewWhereLate(path: string, memoryMb: number, { log, folder }: Shared): Promise<void> {
  const { first, last } = await log.extent();
  const { message: has, receipt } = existsSync(path) ? await endsIn(path, memoryMb) : { message: 0, receipt: 0 };
  // Nothing of such a file is anywhere else: it is left as it is.
  if (has === 0 && receipt > 0 && last > 0)
    throw log.refusal(
      `${path} has fixes from when this server was alone, and the log is in use already. A file is brought over by the first server of a new log; start this one with an empty WAYMARK_DATA.`,
    );
  if (has > last)
    throw log.refusal(
      `${path} has read up to message ${has}, and the log ends at ${last}: it is not the log that this server belongs to, or it was lost. Look at NATS_URL.`,
    );
  if (has + 1 >= first) return;
  const copy = sharedCopy(folder);
  if (!copy || copy.message + 1 < first)
    throw log.refusal(
      `The log begins at message ${first}; this server has read up to ${has}, and the copy in ${folder} goes up to ${copy?.message ?? 0}. Restore the copy from a backup of that folder, or this server’s own file.`,
    );
  // Beside it first: one that is filled by half is never taken for a file.
  const draft = `${path}.filling`;
  for (const file of [draft, `${draft}.wal`]) rmSync(file, { force: true });
  const engine = await Engine.open(draft, { memoryMb });
  try {
    const { connection } = await FixWriter.open(await engine.connect());
    await fillFromCopy(connection, folder, copy);
    await connection.run('CHECKPOINT');
    connection.close();
  } finally {
    engine.close();
  }
  for (const file of [path, `${path}.wal`]) rmSync(file, { force: true });
  renameSync(draft, path);
}

/** Without making or learning anything: a file of years is looked at in a moment. */
async function endsIn(path: string, memoryMb: number): Promise<{ message: number; receipt: number }> {
  const engine = await Engine.open(path, { memoryMb });
  try {
    const connection = await engine.connect();
    const tables = await connection.rows<{ name: string }>('SELECT table_name AS name FROM information_schema.tables');
    const greatest = async (table: string, column: string) => {
      if (!tables.some(({ name }) => name === table)) return 0;
      const [row] = await connection.rows<{ n: number }>(`SELECT coalesce(max(${column}), 0)::DOUBLE AS n FROM ${table}`);
      return row?.n ?? 0;
    };
    const ends = { message: await greatest('log_position', 'message'), receipt: await greatest('receipts', 'receipt') };
    connection.close();
    return ends;
  } finally {
    engine.close();
  }
}
