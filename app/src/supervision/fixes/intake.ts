import { hash, timingSafeEqual } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Actor } from '../../platform/access.ts';
import { appendAudit } from '../../platform/audit.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import type { QuarantinedFix, Receipt } from '../../platform/fixes/fix.ts';
import { fixColumns } from '../../platform/fixes/fix-columns.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { storable } from '../../platform/storable.ts';
import type {} from '../schema/tables.ts';
import { checkFix, type KnownTag } from './check-fix.ts';
import { type Decoded, type RawFix, shorten } from './decode/index.ts';
import { entriesOf, entryOf, nameOf, noteRecorded, type Sender } from './receipt-entries.ts';

/** A receipt that also says what was not understood of what was sent. */
export interface ToldReceipt extends Receipt {
  /** Repeats of known fixes that brought new events. */
  eventsAdded: number;
  /** Fixes at another place than is known of the same tag and time. */
  conflicting: number;
  notUnderstood: { what: string; count: number }[];
}

interface AuditWaiting {
  sender: Sender;
  receipt: Receipt;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Takes fixes in: which wearing each belongs to, quarantine for the rest, durable storage, audit, and only then the
 * receipt. One audit entry per receipt, and one for messages of tags, or of one gateway, that were stored together; every receipt keeps
 * its source.
 */
export class Intake {
  readonly #db: Database;
  readonly #store: FixStore;
  #tags = new Map<string, KnownTag>();
  #credentials = new Map<string, { hash: Buffer; sender: Sender }>();
  #gateways: { hash: Buffer; sender: Sender }[] = [];
  #auditQueue: AuditWaiting[] = [];
  #auditing = false;
  /** Counted for /metrics. */
  readonly counts = { accepted: 0, duplicates: 0, quarantined: 0, receipts: 0 };
  /** What came from tags and gateways since the start; files that operators import are not among it. */
  readonly heard = { receipts: 0, lastMs: 0 };

  constructor(db: Database, store: FixStore) {
    this.#db = db;
    this.#store = store;
  }

  /** Reads tags, wearings and credentials anew; to be called after any of them changed. */
  async reload(): Promise<void> {
    await withPurpose(this.#db, 'supervision', 'ingest', async (tx) => {
      const tags = await tx.selectFrom('supervision.tags').select(['id', 'serial', 'credential_hash']).execute();
      const wearings = await tx
        .selectFrom('supervision.wearings as w')
        .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
        .select(['w.id', 'w.tag_id', 'w.starts_at', 'w.ends_at', 'o.starts_at as order_from', 'o.ends_at as order_to'])
        .orderBy('w.starts_at')
        .execute();
      const protections = await tx
        .selectFrom('supervision.protections as p')
        .innerJoin('supervision.orders as o', 'o.id', 'p.order_id')
        .select(['p.tag_id', 'p.starts_at', 'p.ends_at', 'o.ends_at as order_to'])
        .execute();
      const gateways = await tx
        .selectFrom('supervision.gateways')
        .select(['name', 'credential_hash'])
        .where('revoked_at', 'is', null)
        .execute();
      const known = new Map<string, KnownTag>(tags.map((tag) => [tag.serial, { id: tag.id, wearings: [] }]));
      const byId = new Map(tags.map((tag) => [tag.id, known.get(tag.serial) as KnownTag]));
      for (const w of wearings) {
        byId.get(w.tag_id)?.wearings.push({
          id: w.id,
          from: Math.max(w.starts_at.getTime(), w.order_from.getTime()),
          to: Math.min(w.ends_at?.getTime() ?? Infinity, w.order_to?.getTime() ?? Infinity),
        });
      }
      // A protected person's device is worn by nobody who is supervised: its fixes bear its own number, below zero.
      for (const p of protections) {
        const to = Math.min(p.ends_at?.getTime() ?? Infinity, p.order_to?.getTime() ?? Infinity);
        const device = byId.get(p.tag_id);
        device?.wearings.push({ id: -p.tag_id, from: p.starts_at.getTime(), to });
        if (device) device.protects = true;
      }
      this.#tags = known;
      this.#credentials = new Map(
        tags.flatMap((tag) =>
          tag.credential_hash
            ? [[tag.serial, { hash: Buffer.from(tag.credential_hash, 'hex'), sender: { kind: 'tag', serial: tag.serial } }]]
            : [],
        ),
      );
      this.#gateways = gateways.map((g) => ({ hash: Buffer.from(g.credential_hash, 'hex'), sender: { kind: 'gateway', name: g.name } }));
    });
  }

  /** Who a secret belongs to: a gateway by the secret alone, a tag by its serial and secret. */
  authenticate(secret: string, serial?: string): Sender | null {
    const hash = hashSecret(secret);
    if (serial !== undefined) {
      const known = this.#credentials.get(serial);
      return known && timingSafeEqual(known.hash, hash) ? known.sender : null;
    }
    return this.#gateways.find((gateway) => timingSafeEqual(gateway.hash, hash))?.sender ?? null;
  }

  /** Whether a tag's credential is still the one it signed in with. */
  isCurrent(serial: string, hash: Buffer): boolean {
    return this.#credentials.get(serial)?.hash.equals(hash) ?? false;
  }

  /** Stores what was decoded. Resolves when everything is durable and on record. Not to be called inside an action. */
  async accept(decoded: Decoded, sender: Sender, receivedAt = Date.now()): Promise<ToldReceipt> {
    const receipt = await this.#keep(decoded, sender, receivedAt);
    // Where several servers store the same, one of them puts it on record: see `ReceiptRecorder`.
    if (!this.#store.isShared) await this.#audit(sender, receipt);
    return receipt;
  }

  /** The durable part alone; the caller's own audit entry speaks for it. */
  async #keep(decoded: Decoded, sender: Sender, receivedAt: number): Promise<ToldReceipt> {
    const { fixes, unreadable } = decoded;
    const columns = fixColumns(fixes.length);
    const quarantined: QuarantinedFix[] = unreadable.map((bad) => ({
      tag: sender.kind === 'tag' ? sender.serial : '',
      at: Number.NaN,
      lon: Number.NaN,
      lat: Number.NaN,
      reason: 'unreadable',
      raw: storable(`line ${bad.line}: ${bad.message} ${bad.whole ?? bad.value}`),
    }));
    let count = 0;
    for (const fix of fixes) {
      const tag = this.#tags.get(fix.tag);
      const wearing = checkFix(fix, tag, receivedAt);
      if (typeof wearing === 'string') {
        // Where a protected person is when nobody need know is not kept, not even in quarantine.
        const place = tag?.protects
          ? { lon: Number.NaN, lat: Number.NaN, raw: '' }
          : { lon: fix.lon, lat: fix.lat, raw: JSON.stringify(fix) };
        quarantined.push({ tag: storable(shorten(fix.tag, 100)), at: fix.at, reason: wearing, ...place });
        continue;
      }
      columns.tag[count] = (tag as KnownTag).id;
      columns.wearing[count] = wearing.id;
      // Stored in whole milliseconds: the same number must be seen by whoever evaluates.
      columns.at[count] = Math.round(fix.at);
      columns.receivedAt[count] = receivedAt;
      columns.lon[count] = fix.lon;
      columns.lat[count] = fix.lat;
      columns.accuracyM[count] = fix.accuracyM;
      columns.speedMps[count] = fix.speedMps;
      columns.headingDeg[count] = fix.headingDeg;
      columns.method[count] = fix.method;
      columns.battery[count] = fix.battery;
      columns.seq[count] = fix.seq;
      columns.events[count] = fix.events;
      count++;
    }
    const stored = await this.#store.append({
      source: nameOf(sender),
      receivedAt,
      count,
      columns,
      quarantined,
      notUnderstood: decoded.notUnderstood,
    });
    const { news: _, ...receipt } = stored;
    const told = [...(decoded.notUnderstood ?? [])].map(([what, count]) => ({ what, count }));
    this.counts.accepted += receipt.accepted;
    this.counts.duplicates += receipt.duplicates;
    this.counts.quarantined += receipt.quarantined;
    this.counts.receipts++;
    if (sender.kind !== 'operator') {
      this.heard.receipts++;
      this.heard.lastMs = Date.now();
    }
    return { ...receipt, notUnderstood: told };
  }

  #audit(sender: Sender, receipt: Receipt): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#auditQueue.push({ sender, receipt, resolve, reject });
      if (!this.#auditing) void this.#writeAudit();
    });
  }

  async #writeAudit(): Promise<void> {
    this.#auditing = true;
    // Whoever was stored together goes on record together.
    await setImmediate();
    while (this.#auditQueue.length > 0) {
      const group = this.#auditQueue.splice(0);
      try {
        await withPurpose(this.#db, 'supervision', 'ingest', async (tx) => {
          const seq = await appendAudit(tx, entriesOf(group));
          const last = Math.max(...group.map(({ receipt }) => receipt.receipt));
          await noteRecorded(tx, last);
          return seq;
        }).then((seq) => this.#store.noteRecords(seq));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#auditing = false;
  }

  /** After a crash: receipts that were stored but not yet on record are put on record. */
  async recover(): Promise<number> {
    if (this.#store.isShared) return 0;
    return withPurpose(this.#db, 'supervision', 'ingest', async (tx) => {
      const { last_receipt } = await tx.selectFrom('supervision.intake_state').select('last_receipt').executeTakeFirstOrThrow();
      const missing = await this.#store.receiptsAfter(last_receipt);
      if (missing.length === 0) return 0;
      await appendAudit(
        tx,
        missing.map((receipt) => ({ ...entryOf({ kind: 'operator', name: receipt.source }, receipt), outcome: 'recovered' as const })),
      );
      await noteRecorded(tx, missing[missing.length - 1]?.receipt ?? last_receipt);
      return missing.length;
    });
  }

  /** Tries quarantined fixes again; those that now belong to a wearing become fixes. For an action to call, which leaves the audit entry. */
  async release(rows: { id: number; raw: string; receivedAt: number }[], actor: Actor): Promise<{ released: number; kept: number }> {
    const fixes: RawFix[] = [];
    const ids: number[] = [];
    for (const row of rows) {
      const fix = readRaw(row.raw);
      if (!fix || typeof checkFix(fix, this.#tags.get(fix.tag), row.receivedAt) === 'string') continue;
      fixes.push(fix);
      ids.push(row.id);
    }
    if (fixes.length === 0) return { released: 0, kept: rows.length };
    const receipt = await this.#keep({ fixes, unreadable: [] }, { kind: 'operator', name: actor.name }, Date.now());
    await this.#store.markReleased(ids, receipt.receipt);
    return { released: ids.length, kept: rows.length - ids.length };
  }
}

/** SHA-256 of a secret. Secrets are 256 random bits, so no slow hash is called for. */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** JSON has no NaN: what was not reported came back as null. */
function readRaw(raw: string): RawFix | null {
  try {
    const fix = JSON.parse(raw) as Record<string, unknown>;
    for (const [key, value] of Object.entries(fix)) if (value === null && key !== 'events') fix[key] = Number.NaN;
    return typeof fix.tag === 'string' ? (fix as unknown as RawFix) : null;
  } catch {
    return null;
  }
}
