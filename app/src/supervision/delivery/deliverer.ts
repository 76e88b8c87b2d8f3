import { sql } from 'kysely';
import type { AccessPolicy } from '../../platform/access.ts';
import type { AuditFact } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { kindInWords } from '../alerts/index.ts';
import type { Channel } from '../schema/tables.ts';
import type { Channels, Message } from './channels.ts';
import type { Receipt } from './notify.ts';
import { claimS, type DueMessage, Outbox, together } from './outbox.ts';

interface Due extends DueMessage {
  channel: Channel;
  target: string;
  secret: string;
  message: Message;
}

/** Tells people of alerts by e-mail, webhook and text message. What is to be sent is put in line together with the alert. */
export class Deliverer extends Outbox<Due> {
  readonly #channels: Channels;
  readonly #publicUrl: () => string;

  /** @throws Error when the access policy does not let the server tell anybody */
  constructor(db: Database, channels: Channels, access: AccessPolicy, publicUrl: () => string) {
    super(db, access, { action: 'alert.deliver', table: 'supervision.deliveries' });
    this.#channels = channels;
    this.#publicUrl = publicUrl;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#channels.close();
  }

  protected override send(own: Due): Promise<string | null> {
    return this.#channels.send(own.channel, own.target, own.secret, own.message);
  }

  protected override receiptOf(id: string): Promise<Receipt | null> {
    return this.#channels.receiptOf(id);
  }

  protected override tellOf({ id, attempts, channel, message }: Due): Pick<AuditFact, 'about' | 'detail'> {
    return {
      about: message.alert === null ? null : { kind: 'alert', id: String(message.alert) },
      detail: { delivery: id, channel, attempt: attempts },
    };
  }

  protected override async claim(tx: Tx, now: Date): Promise<Due[]> {
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
