import { sql } from 'kysely';
import type { AccessPolicy } from '../../platform/access.ts';
import { appendAudit } from '../../platform/audit.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { kindInWords } from '../alerts/index.ts';
import type { Channel } from '../schema/tables.ts';
import type { Channels, Message } from './channels.ts';

/** How often it is looked what is due, ms. */
const lookEveryMs = 1000;
/** Messages on their way at a time. */
const together = 8;
/** Rounds one after another while much is due. */
const roundsAtMost = 50;
/** After an attempt that failed the next follows after so many seconds; after the last it is given up. */
export const waitsS = [10, 30, 90, 270, 810, 2430];
/** An attempt that is not heard of again, because the server ended, is made again after this long, seconds. */
const claimS = 60;

interface Due {
  id: number;
  attempts: number;
  channel: Channel;
  target: string;
  secret: string;
  severity: string;
  message: Message;
}

/**
 * Tells people of alerts by e-mail, webhook and text message. What is to be sent stands in the database, put there together
 * with the alert, and is tried until it is delivered or given up: at least once, whatever happens to the server in between.
 */
export class Deliverer {
  readonly #db: Database;
  readonly #channels: Channels;
  readonly #policy: string | null;
  readonly #publicUrl: () => string;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<number> | null = null;
  /** Told of what goes wrong here, apart from messages that could not be sent. */
  onError: (error: unknown) => void = () => undefined;
  /** Counted for /metrics. */
  readonly counts = { sent: 0, failed: 0, givenUp: 0 };

  /** @throws Error when the access policy does not let the server tell anybody */
  constructor(db: Database, channels: Channels, access: AccessPolicy, publicUrl: () => string) {
    const decision = access.decide({ role: 'system', purpose: 'monitoring' }, 'alert.deliver', 'monitoring', 'supervision');
    if (!decision.allowed)
      throw new Error('The access policy does not let the server tell of alerts: alert.deliver is refused to the system.');
    this.#policy = decision.policy;
    this.#db = db;
    this.#channels = channels;
    this.#publicUrl = publicUrl;
  }

  start(): void {
    this.#timer = setInterval(() => void this.deliverDue().catch((error) => this.onError(error)), lookEveryMs).unref();
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await this.#running?.catch(() => undefined);
    this.#channels.close();
  }

  /** Sends what is due now. Gives how many attempts were made. */
  async deliverDue(now = new Date()): Promise<number> {
    if (this.#running) return this.#running;
    this.#running = this.#rounds(now).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #rounds(now: Date): Promise<number> {
    let attempts = 0;
    for (let round = 0; round < roundsAtMost; round++) {
      const made = await this.#round(now);
      attempts += made;
      if (made < together) break;
    }
    return attempts;
  }

  async #round(now: Date): Promise<number> {
    const due = await this.#inMonitoring((tx) => this.#claim(tx, now));
    const results = await Promise.all(
      due.map(async (own) => ({
        own,
        problem: await this.#channels.send(own.channel, own.target, own.secret, own.message).then(
          () => null,
          (error: Error) => error.message.slice(0, 300),
        ),
      })),
    );
    if (results.length > 0) await this.#inMonitoring((tx) => this.#settle(tx, results, now));
    return results.length;
  }

  /** Takes what is due, so that nobody else does while it is on its way. */
  async #claim(tx: Tx, now: Date): Promise<Due[]> {
    await dropNotNeeded(tx, now);
    const claimed = await tx
      .updateTable('supervision.deliveries')
      .set({ due_at: new Date(now.getTime() + 1000 * claimS), attempts: sql<number>`attempts + 1` })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('supervision.deliveries as d')
          .innerJoin('supervision.delivery_rules as r', 'r.id', 'd.rule_id')
          .leftJoin('supervision.alerts as a', 'a.id', 'd.alert_id')
          .select('d.id')
          .where('d.state', '=', 'waiting')
          .where('d.due_at', '<=', now)
          .where('r.ended_at', 'is', null)
          // What is urgent goes first, whatever else waits.
          .orderBy(sql`CASE a.severity WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END`)
          .orderBy('d.due_at')
          .orderBy('d.id')
          .limit(together)
          .forUpdate('d')
          .skipLocked(),
      )
      .returning(['id'])
      .execute();
    if (claimed.length === 0) return [];
    const rows = await tx
      .selectFrom('supervision.deliveries as d')
      .innerJoin('supervision.delivery_rules as r', 'r.id', 'd.rule_id')
      .leftJoin('supervision.alerts as a', 'a.id', 'd.alert_id')
      .leftJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
      .leftJoin('supervision.subjects as s', 's.id', 'w.subject_id')
      .select([
        'd.id',
        'd.attempts',
        'd.alert_id',
        'r.channel',
        'r.target',
        'r.secret',
        'a.kind',
        'a.severity',
        'a.raised_at',
        's.reference',
      ])
      .where(
        'd.id',
        'in',
        claimed.map(({ id }) => id),
      )
      .orderBy('d.id')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      attempts: row.attempts,
      channel: row.channel,
      target: row.target,
      secret: row.secret,
      severity: row.severity ?? 'low',
      message: {
        delivery: row.id,
        alert: row.alert_id,
        severity: (row.severity ?? 'trial').replace(/^./, (first) => first.toUpperCase()),
        what: row.kind ? kindInWords(row.kind) : 'This is a trial. Nothing has happened',
        reference: row.reference ?? '',
        raisedAt: (row.raised_at ?? now).toISOString(),
        url: row.alert_id ? `${this.#publicUrl()}/alerts/${row.alert_id}` : this.#publicUrl(),
      },
    }));
  }

  async #settle(tx: Tx, results: readonly { own: Due; problem: string | null }[], now: Date): Promise<void> {
    for (const { own, problem } of results) {
      const waitS = waitsS[own.attempts - 1];
      const state = problem === null ? 'sent' : waitS === undefined ? 'given up' : 'waiting';
      this.counts[state === 'sent' ? 'sent' : state === 'waiting' ? 'failed' : 'givenUp']++;
      await tx
        .updateTable('supervision.deliveries')
        .set({
          state,
          problem,
          settled_at: state === 'waiting' ? null : now,
          ...(state === 'waiting' ? { due_at: new Date(now.getTime() + 1000 * (waitS as number)) } : {}),
        })
        .where('id', '=', own.id)
        // The rule may have been ended meanwhile.
        .where('state', '=', 'waiting')
        .execute();
    }
    await appendAudit(
      tx,
      results.map(({ own, problem }) => ({
        actor: 'system',
        actorName: 'Waymark',
        role: 'system',
        purpose: 'monitoring',
        action: 'alert.deliver',
        about: own.message.alert === null ? null : { kind: 'alert', id: String(own.message.alert) },
        outcome: problem === null ? ('done' as const) : ('failed' as const),
        policy: this.#policy,
        detail: { delivery: own.id, channel: own.channel, attempt: own.attempts },
      })),
    );
  }

  #inMonitoring<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return withPurpose(this.#db, 'supervision', 'monitoring', work);
  }
}

/** Nobody waits any more for what somebody has seen meanwhile. */
async function dropNotNeeded(tx: Tx, now: Date): Promise<void> {
  await tx
    .updateTable('supervision.deliveries as d')
    .from('supervision.delivery_rules as r')
    .from('supervision.alerts as a')
    .set({ state: 'not needed', settled_at: now, problem: null })
    .whereRef('r.id', '=', 'd.rule_id')
    .whereRef('a.id', '=', 'd.alert_id')
    .where('d.state', '=', 'waiting')
    .where('d.due_at', '<=', now)
    .where((eb) =>
      eb.or([eb('a.state', 'in', ['retracted', 'closed']), eb.and([eb('r.unseen_after_s', '>', 0), eb('a.state', '<>', 'raised')])]),
    )
    .execute();
}
