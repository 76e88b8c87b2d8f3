import { sql } from 'kysely';
import type { AccessPolicy } from '../../platform/access.ts';
import type { AuditFact } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { type Channels, claimS, type DueMessage, Outbox, type Receipt, together, type WordsChannel } from '../delivery/index.ts';
import { endReminders } from '../own/index.ts';
import { dueOutsideQuiet, nextQuiet } from './plan.ts';
import type { Speak } from './reminder.ts';

interface DueReminder extends DueMessage {
  subject: number;
  kind: string;
  channel: WordsChannel;
  target: string;
  text: string;
  is_discreet: boolean | null;
  language: string | null;
  until: Date;
  quiet_from: string;
  quiet_to: string;
}

/** Sends people what they asked to be reminded of. What would come too late, or to nobody who wants it still, is not sent. */
export class ReminderSender extends Outbox<DueReminder> {
  readonly #channels: Channels;
  readonly #speak: Speak;
  readonly #secret: string;
  readonly #timeZone: string;

  /** @param secret what a gateway for text messages checks signatures by. @throws Error when the access policy does not let the server remind anybody */
  constructor(
    db: Database,
    access: AccessPolicy,
    { channels, speak, secret, timeZone }: { channels: Channels; speak: Speak; secret: string; timeZone: string },
  ) {
    super(db, access, { action: 'reminder.send', table: 'supervision.reminders' });
    this.#channels = channels;
    this.#speak = speak;
    this.#secret = secret;
    this.#timeZone = timeZone;
  }

  protected override async claim(tx: Tx, now: Date): Promise<DueReminder[]> {
    await sql`UPDATE supervision.reminders r SET state = 'not needed', settled_at = ${now}, text = CASE WHEN r.kind = 'code' THEN '' ELSE r.text END
      WHERE r.state = 'waiting' AND r.due_at <= ${now} AND (r.until < ${now} OR NOT EXISTS (
        SELECT FROM supervision.reminder_choices c WHERE c.subject_id = r.subject_id AND c.channel = r.channel AND c.target = r.target
          AND (r.kind = 'code' OR (c.confirmed_at IS NOT NULL AND c.kinds ? r.kind))))`.execute(tx);
    await this.#keepQuiet(tx, now);
    const { rows } = await sql<DueReminder>`
      UPDATE supervision.reminders r SET due_at = ${new Date(now.getTime() + 1000 * claimS)}, attempts = attempts + 1
        FROM supervision.reminder_choices c
        WHERE c.subject_id = r.subject_id AND r.id IN (
          SELECT id FROM supervision.reminders WHERE state = 'waiting' AND due_at <= ${now}
            ORDER BY due_at, id LIMIT ${together} FOR UPDATE SKIP LOCKED)
        RETURNING r.id, r.attempts, r.subject_id AS subject, r.kind, r.channel, r.target, r.text, r.until, c.is_discreet, c.language, c.quiet_from, c.quiet_to`.execute(
      tx,
    );
    return rows;
  }

  /**
   * What was planned for before quiet hours and is tried again, or for the first time, within them waits until they end; what is of no
   * use then is not sent at all. A code was asked for just now.
   */
  async #keepQuiet(tx: Tx, now: Date): Promise<void> {
    const { rows } = await sql<{ id: number; until: Date; quiet_from: string; quiet_to: string }>`
      SELECT r.id, r.until, c.quiet_from, c.quiet_to FROM supervision.reminders r JOIN supervision.reminder_choices c ON c.subject_id = r.subject_id
        WHERE r.state = 'waiting' AND r.due_at <= ${now} AND r.kind <> 'code' AND c.quiet_from <> c.quiet_to
        ORDER BY r.id FOR UPDATE OF r SKIP LOCKED`.execute(tx);
    const moved = rows
      .map(({ id, until, ...quiet }) => ({
        id,
        due: dueOutsideQuiet({ due: now.getTime(), until: until.getTime() }, quiet, now.getTime(), this.#timeZone),
      }))
      .filter(({ due }) => due !== now.getTime());
    if (moved.length === 0) return;
    await sql`
      UPDATE supervision.reminders r SET due_at = coalesce(m.due, r.due_at),
          state = CASE WHEN m.due IS NULL THEN 'not needed' ELSE r.state END, settled_at = CASE WHEN m.due IS NULL THEN ${now}::timestamptz END
        FROM unnest(${moved.map(({ id }) => id)}::int[], ${moved.map(({ due }) => due && new Date(due))}::timestamptz[]) AS m(id, due)
        WHERE r.id = m.id`.execute(tx);
  }

  protected override send(reminder: DueReminder): Promise<string | null> {
    const { id, kind, channel, target, text, is_discreet, language, until } = reminder;
    const { t } = this.#speak(language ?? 'en');
    // A phone that is switched on later shows nothing that is over, and nothing in quiet hours.
    const quiet = kind === 'code' ? null : nextQuiet(reminder, Date.now(), this.#timeZone);
    const goodUntil = Math.min(until.getTime(), quiet ?? Number.POSITIVE_INFINITY);
    // On a screen that others see, it says no more than that there is something.
    const said = is_discreet && kind !== 'code' ? t('You have a reminder. Sign in to read it.') : text;
    return this.#channels.tell(channel, target, {
      subject: t('Reminder'),
      text: said,
      id: `reminder-${id}`,
      goodUntil,
      secret: this.#secret,
    });
  }

  protected override receiptOf(id: string): Promise<Receipt | null> {
    return this.#channels.receiptOf(id);
  }

  protected override tellOf({ id, attempts, subject, kind, channel }: DueReminder): Pick<AuditFact, 'about' | 'detail'> {
    return { about: { kind: 'subject', id: String(subject) }, detail: { reminder: id, of: kind, channel, attempt: attempts } };
  }

  /** Where it was to go is chosen no longer, unless somewhere else is by now. */
  protected override async gone(tx: Tx, { subject, channel, target }: DueReminder): Promise<void> {
    const { rows } = await sql`
      SELECT FROM supervision.reminder_choices WHERE subject_id = ${subject} AND channel = ${channel} AND target = ${target}`.execute(tx);
    if (rows.length > 0) await endReminders(tx, subject);
  }

  /** A code that was sent is nobody's to read afterwards. */
  protected override async settled(tx: Tx, { id, kind }: DueReminder): Promise<void> {
    if (kind === 'code') await sql`UPDATE supervision.reminders SET text = '' WHERE id = ${id}`.execute(tx);
  }
}
