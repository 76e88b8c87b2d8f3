import { sql } from 'kysely';
import type { AccessPolicy } from '../../platform/access.ts';
import type { AuditFact } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { type Channels, claimS, type DueMessage, Outbox, together } from '../delivery/index.ts';

interface DueChange extends DueMessage {
  target: string;
  secret: string;
  type: string;
  about_kind: string | null;
  about_id: number | null;
  detail: Record<string, unknown>;
  at: Date;
  reference: string | null;
}

/** Of one system at a time: who does not answer keeps nobody else waiting. */
const eachAtMost = together / 2;

/** Tells other systems of what changed, by kind, number and reference: they read the rest by the API, under the access policy. */
export class ChangeSender extends Outbox<DueChange> {
  readonly #channels: Channels;

  /** @throws Error when the access policy does not let the server tell anybody */
  constructor(db: Database, access: AccessPolicy, channels: Channels) {
    super(db, access, { action: 'change.tell', table: 'supervision.change_messages' });
    this.#channels = channels;
  }

  protected override async claim(tx: Tx, now: Date): Promise<DueChange[]> {
    // Whoever is told may not see what only named officers see; and who has ended gets nothing more.
    await sql`UPDATE supervision.change_messages m SET state = 'not needed', settled_at = ${now}, problem = 'A closed or restricted case'
      WHERE m.state = 'waiting' AND m.due_at <= ${now} AND (
        (m.about_kind = 'subject' AND m.about_id IN (SELECT supervision.hidden_subjects('')))
        OR (m.about_kind = 'alert' AND m.about_id IN (
          SELECT id FROM supervision.alerts WHERE wearing_id IN (SELECT supervision.hidden_wearings('')))))`.execute(tx);
    await sql`UPDATE supervision.change_messages m SET state = 'not needed', settled_at = ${now}, problem = 'The webhook was ended'
      FROM supervision.change_hooks h WHERE h.id = m.hook_id AND h.ended_at IS NOT NULL AND m.state = 'waiting'`.execute(tx);
    const { rows } = await sql<DueChange>`
      UPDATE supervision.change_messages m SET due_at = ${new Date(now.getTime() + 1000 * claimS)}, attempts = attempts + 1
        FROM supervision.change_hooks h
        WHERE h.id = m.hook_id AND m.id IN (
          SELECT id FROM supervision.change_messages WHERE state = 'waiting' AND id IN (
            SELECT id FROM (
              SELECT id, due_at, row_number() OVER (PARTITION BY hook_id ORDER BY due_at, id) AS place
                FROM supervision.change_messages WHERE state = 'waiting' AND due_at <= ${now}) due
              WHERE place <= ${eachAtMost} ORDER BY due_at, id LIMIT ${together})
            FOR UPDATE SKIP LOCKED)
        RETURNING m.id, m.attempts, h.target, h.secret, m.type, m.about_kind, m.about_id, m.detail, m.at,
          CASE WHEN m.about_kind = 'subject' THEN (SELECT reference FROM supervision.subjects s WHERE s.id = m.about_id) END AS reference`.execute(
      tx,
    );
    return rows.sort((a, b) => a.id - b.id);
  }

  protected override async send({ id, target, secret, type, about_kind, about_id, detail, at, reference }: DueChange): Promise<null> {
    const about = about_kind === null ? {} : { kind: about_kind, id: about_id, ...(reference === null ? {} : { reference }) };
    await this.#channels.hook(target, secret, { type, timestamp: at.toISOString(), data: { ...about, ...detail } }, `change-${id}`);
    return null;
  }

  protected override async receiptOf(): Promise<null> {
    return null;
  }

  protected override tellOf({ id, attempts, type, about_kind, about_id }: DueChange): Pick<AuditFact, 'about' | 'detail'> {
    return {
      about: about_kind === null || about_id === null ? null : { kind: about_kind, id: String(about_id) },
      detail: { message: id, of: type, attempt: attempts },
    };
  }
}
