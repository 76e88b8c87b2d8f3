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

/** Tells other systems of what changed, by kind, number and reference: they read the rest by the API, under the access policy. */
export class ChangeSender extends Outbox<DueChange> {
  readonly #channels: Channels;

  /** @throws Error when the access policy does not let the server tell anybody */
  constructor(db: Database, access: AccessPolicy, channels: Channels) {
    super(db, access, { action: 'change.tell', table: 'supervision.change_messages' });
    this.#channels = channels;
  }

  protected override async claim(tx: Tx, now: Date): Promise<DueChange[]> {
    const { rows } = await sql<DueChange>`
      UPDATE supervision.change_messages m SET due_at = ${new Date(now.getTime() + 1000 * claimS)}, attempts = attempts + 1
        FROM supervision.change_hooks h
        WHERE h.id = m.hook_id AND h.ended_at IS NULL AND m.id IN (
          SELECT id FROM supervision.change_messages WHERE state = 'waiting' AND due_at <= ${now}
            ORDER BY due_at, id LIMIT ${together} FOR UPDATE SKIP LOCKED)
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
