import { sql } from 'kysely';
import type { AccessPolicy } from '../../platform/access.ts';
import { type AuditFact, appendAudit } from '../../platform/audit.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { ToldError } from '../../platform/told-error.ts';
import type { Receipt } from './notify.ts';

/** How often it is looked what is due, ms. */
const lookEveryMs = 1000;
/** Messages on their way at a time. */
export const together = 8;
/** Rounds one after another while much is due. */
const roundsAtMost = 50;
/** After an attempt that failed the next follows after so many seconds; after the last it is given up. */
export const waitsS = [10, 30, 90, 270, 810, 2430];
/** An attempt that is not heard of again, because the server ended, is made again after this long, seconds. */
export const claimS = 60;
/** A provider is asked so often what became of messages, and for so long after each was sent. */
const receiptsEveryMs = 60_000;
const receiptDays = 3;

/** Whoever it was for is not there any more: it is of no use to try again. */
export class GoneError extends ToldError {
  override name = 'GoneError';
}

/** One that is due: its number, and how many attempts were made, with this one. */
export interface DueMessage {
  id: number;
  attempts: number;
}

/**
 * What is to be sent stands in the database and is tried until it is delivered or given up: at least once, whatever happens to the
 * server in between. A table of messages has `state`, `attempts`, `due_at`, `problem`, `settled_at` and a receipt.
 */
export abstract class Outbox<M extends DueMessage> {
  readonly #db: Database;
  readonly #action: string;
  readonly #table: string;
  readonly #policy: string | null;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<number> | null = null;
  #receiptsAt = 0;
  #isClosing = false;
  /** Told of what goes wrong here, apart from messages that could not be sent. */
  onError: (error: unknown) => void = () => undefined;
  /** Told of each attempt: sent, to be made again, or given up. */
  onAttempt: (result: 'sent' | 'waiting' | 'given up') => void = () => undefined;

  /** @throws Error when the access policy does not let the server send these */
  constructor(db: Database, access: AccessPolicy, { action, table }: { action: string; table: string }) {
    const decision = access.decide({ role: 'system', purpose: 'monitoring' }, action, 'monitoring', 'supervision');
    if (!decision.allowed) throw new Error(`The access policy does not let the server send messages: ${action} is refused to the system.`);
    this.#policy = decision.policy;
    this.#db = db;
    this.#action = action;
    this.#table = table;
  }

  /** Takes what is due, at most `together`, so that nobody else does while it is on its way. */
  protected abstract claim(tx: Tx, now: Date): Promise<M[]>;
  /** Gives the provider's number, where it tells what became of it. @throws Error with what went wrong */
  protected abstract send(message: M): Promise<string | null>;
  protected abstract receiptOf(id: string): Promise<Receipt | null>;
  /** What the audit says of an attempt. */
  protected abstract tellOf(message: M): Pick<AuditFact, 'about' | 'detail'>;
  /** What else is done once it turns out that whoever it was for is not there any more. */
  protected async gone(_tx: Tx, _message: M): Promise<void> {}
  /** What else is done once a message is sent or given up. */
  protected async settled(_tx: Tx, _message: M, _state: 'sent' | 'given up'): Promise<void> {}

  start(): void {
    this.#timer = setInterval(() => {
      void this.deliverDue().catch((error) => this.onError(error));
      void this.askReceipts().catch((error) => this.onError(error));
    }, lookEveryMs).unref();
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#isClosing = true;
    await this.#running?.catch(() => undefined);
  }

  /** Sends what is due now. Gives how many attempts were made. */
  async deliverDue(now = new Date()): Promise<number> {
    if (this.#running) return this.#running;
    this.#isClosing = false;
    this.#running = this.#rounds(now).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #rounds(now: Date): Promise<number> {
    let attempts = 0;
    const ahead = now.getTime() - Date.now();
    for (let round = 0; round < roundsAtMost && !this.#isClosing; round++) {
      // A round may take as long as the slowest answer: each has its own moment, or what is on its way would be due again.
      const made = await this.#round(new Date(Date.now() + ahead));
      attempts += made;
      if (made === 0) break;
    }
    return attempts;
  }

  async #round(now: Date): Promise<number> {
    const due = await this.#inMonitoring((tx) => this.claim(tx, now));
    const results = await Promise.all(
      due.map(async (own) =>
        this.send(own).then(
          (receiptId) => ({ own, receiptId, problem: null }),
          (error: Error) => ({ own, receiptId: null, problem: error.message.slice(0, 300), isFinal: error instanceof GoneError }),
        ),
      ),
    );
    if (results.length > 0) await this.#inMonitoring((tx) => this.#settle(tx, results, now));
    return results.length;
  }

  async #settle(
    tx: Tx,
    results: readonly { own: M; receiptId: string | null; problem: string | null; isFinal?: boolean }[],
    now: Date,
  ): Promise<void> {
    for (const { own, receiptId, problem, isFinal = false } of results) {
      const waitS = waitsS[own.attempts - 1];
      const state = problem === null ? 'sent' : isFinal || waitS === undefined ? 'given up' : 'waiting';
      this.onAttempt(state);
      const dueAt = state === 'waiting' ? sql`, due_at = ${new Date(now.getTime() + 1000 * (waitS as number))}` : sql``;
      // Whoever chose it may have ended it meanwhile.
      await sql`UPDATE ${sql.table(this.#table)} SET state = ${state}, problem = ${problem}, receipt_id = ${receiptId},
        settled_at = ${state === 'waiting' ? null : now}${dueAt} WHERE id = ${own.id} AND state = 'waiting'`.execute(tx);
      if (isFinal) await this.gone(tx, own);
      if (state !== 'waiting') await this.settled(tx, own, state);
    }
    await appendAudit(
      tx,
      results.map(({ own, problem }) => ({
        actor: 'system',
        actorName: 'Waymark',
        role: 'system',
        purpose: 'monitoring',
        action: this.#action,
        outcome: problem === null ? ('done' as const) : ('failed' as const),
        policy: this.#policy,
        ...this.tellOf(own),
      })),
    );
  }

  /** Asks, now and then, what became of what was sent. What nobody could say within days stays without a word. */
  async askReceipts(now = new Date()): Promise<void> {
    if (now.getTime() - this.#receiptsAt < receiptsEveryMs) return;
    this.#receiptsAt = now.getTime();
    const table = sql.table(this.#table);
    const { rows } = await this.#inMonitoring((tx) =>
      sql<{ id: number; receipt_id: string }>`SELECT id, receipt_id FROM ${table} WHERE receipt_id IS NOT NULL AND receipt IS NULL
        AND settled_at > ${now}::timestamptz - make_interval(days => ${receiptDays}) ORDER BY random() LIMIT 200`.execute(tx),
    );
    for (let i = 0; i < rows.length; i += together) {
      const answers = await Promise.all(
        rows
          .slice(i, i + together)
          .map(async ({ id, receipt_id }) => ({ id, receipt: await this.receiptOf(receipt_id).catch(() => null) })),
      );
      const told = answers.filter(({ receipt }) => receipt === 'delivered' || receipt === 'not delivered');
      if (told.length > 0)
        await this.#inMonitoring(async (tx) => {
          for (const { id, receipt } of told)
            await sql`UPDATE ${table} SET receipt = ${receipt}, receipt_at = ${now} WHERE id = ${id}`.execute(tx);
        });
    }
  }

  #inMonitoring<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return withPurpose(this.#db, 'supervision', 'monitoring', work);
  }
}
