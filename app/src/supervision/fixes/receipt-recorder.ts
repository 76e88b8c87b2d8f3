import { setTimeout as sleep } from 'node:timers/promises';
import { appendAudit } from '../../platform/audit.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { Leases } from '../../platform/servers/leases.ts';
import { entriesOf, noteRecorded, senderOfSource } from './receipt-entries.ts';

const share = 'receipts on record';
/** It is looked so often whether there is something, ms. */
const lookEveryMs = 100;
const retryMs = 1000;
const receiptsTogether = 2000;

/**
 * Puts receipts on record where several servers store the same: one of them does, for all, in order, and whoever takes over goes on
 * where it had come. So every receipt is in the audit once, whichever server took it and whichever dies.
 */
export class ReceiptRecorder {
  readonly #db: Database;
  readonly #store: FixStore;
  readonly #leases: Leases;
  readonly #ended = new AbortController();
  #working: Promise<void> = Promise.resolve();
  onError: (error: unknown) => void = () => undefined;

  constructor(db: Database, store: FixStore, leases: Leases) {
    this.#db = db;
    this.#store = store;
    this.#leases = leases;
    leases.ask({ names: [share], role: 'watch', gained: () => undefined, lost: () => undefined });
  }

  start(): void {
    this.#working = this.#work();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        if (this.#leases.holds(share) && (await this.#leases.promptly(this.#recordSome()))) continue;
        await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
      } catch (error) {
        this.onError(error);
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Whether there may be more. */
  async #recordSome(): Promise<boolean> {
    return withPurpose(this.#db, 'supervision', 'ingest', async (tx) => {
      await this.#leases.fence(tx, [share]);
      const { last_receipt } = await tx.selectFrom('supervision.intake_state').select('last_receipt').executeTakeFirstOrThrow();
      if (last_receipt >= this.#store.lastReceipt) return false;
      const missing = await this.#store.receiptsAfter(last_receipt, receiptsTogether);
      const last = missing[missing.length - 1];
      if (!last) return false;
      await appendAudit(tx, entriesOf(missing.map((receipt) => ({ sender: senderOfSource(receipt.source), receipt }))));
      await noteRecorded(tx, last.receipt);
      return missing.length === receiptsTogether;
    });
  }
}
