import { ImapFlow } from 'imapflow';
import type { Actor } from '../../platform/access.ts';
import type { Action, Performer } from '../../platform/action.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import type { Channels } from '../delivery/index.ts';
import { giveUpMessage, type MailServices, takeMessage } from './take-message.ts';

export interface MailboxSettings {
  /** imaps://name:secret@host:port/MAILBOX */
  url: string;
  /** Certificates (PEM) that its certificate is checked against; null: those that the machine knows. */
  ca: string | null;
  checkedBy: string | null;
}

/** Of a message larger than this only the beginning is fetched, to know who sent it. */
const largest = 40 * 1024 * 1024;
const largestWords = '40 MB';
const messagesAtMost = 50;
const triesAtMost = 20;

const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' };

export interface MailboxRead {
  /** How many messages brought crimes. */
  brought: number;
  /** Why each of those that could not be read could not. */
  failed: string[];
}

/**
 * Reads what is new in the mailbox, oldest first, and marks it as seen once what is in it is on record; then sends the answers that wait. What
 * is broken off is read again the next time, and does nothing twice.
 * @throws Error where the mailbox does not answer; answers that wait are sent all the same
 */
export async function readMailbox(
  performer: Performer,
  services: Omit<MailServices, 'checkedBy'> & { database: { db: Database } },
  channels: Channels,
  settings: MailboxSettings,
): Promise<MailboxRead> {
  try {
    return await takeMessages(performer, services, settings);
  } finally {
    if (await hasAnswers(services.database.db)) await sendAnswers(performer, channels);
  }
}

async function takeMessages(
  performer: Performer,
  services: Omit<MailServices, 'checkedBy'>,
  settings: MailboxSettings,
): Promise<MailboxRead> {
  let brought = 0;
  const failed: string[] = [];
  const client = clientOf(settings);
  // Whatever goes wrong later is thrown by what was asked; without a listener it would end the program.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const { authenticationFailed, message } = error as Error & { authenticationFailed?: boolean };
    throw new Error(authenticationFailed ? 'the mailbox does not take the sign-in in WAYMARK_MAILBOX_URL' : message);
  }
  try {
    const lock = await client.getMailboxLock(decodeURIComponent(new URL(settings.url).pathname.slice(1)) || 'INBOX');
    try {
      const unseen = (await client.search({ seen: false }, { uid: true })) || [];
      for (const uid of unseen.slice(0, messagesAtMost)) {
        const head = await client.fetchOne(String(uid), { size: true, envelope: true }, { uid: true });
        if (!head) continue;
        const isCut = (head.size ?? 0) > largest;
        const message = (await client.fetchOne(String(uid), { source: isCut ? { maxLength: 64_000 } : true }, { uid: true })) || null;
        const source = message?.source;
        if (!source) continue;
        const take = () => takeMessage(performer, { ...services, checkedBy: settings.checkedBy }, source, isCut ? largestWords : null);
        // What fails twice is not tried for ever: the messages after it wait.
        const taken = await take()
          .catch(take)
          .catch(async (error: unknown) => {
            failed.push((error as Error).message);
            return giveUpMessage(performer, source);
          });
        if (taken.files.some(({ accepted }) => accepted > 0)) brought++;
        await client.messageFlagsAdd(String(uid), ['\\Seen'], { uid: true });
      }
    } finally {
      lock.release();
    }
  } finally {
    await client.logout().catch(() => client.close());
  }
  return { brought, failed };
}

function clientOf({ url, ca }: MailboxSettings): ImapFlow {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'imaps:';
  return new ImapFlow({
    host: hostname,
    port: Number(port) || (secure ? 993 : 143),
    secure,
    auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    ...(ca === null ? {} : { tls: { ca } }),
    logger: false,
    connectionTimeout: 20_000,
    greetingTimeout: 10_000,
    socketTimeout: 60_000,
  });
}

/** Whether any answer waits: asked every minute, of nobody. */
async function hasAnswers(db: Database): Promise<boolean> {
  return withPurpose(db, 'supervision', 'crime-matching', async (tx) => {
    const row = await tx
      .selectFrom('supervision.mail_messages')
      .select('id')
      .where('answer_state', '=', 'waiting')
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  });
}

interface Answer {
  id: number;
  address: string;
  subject: string;
  message_id: string;
  answer: string;
  tries: number;
}

const waitingAnswers: Action<null, null, Answer[]> = {
  name: 'mail.answer',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }) {
    const rows = await tx
      .selectFrom('supervision.mail_messages')
      .select(['id', 'address', 'subject', 'message_id', 'answer', 'tries'])
      .where('answer_state', '=', 'waiting')
      .orderBy('id')
      .limit(messagesAtMost)
      .execute();
    note(null, { waiting: rows.length });
    return rows;
  },
};

const settleAnswer: Action<null, { id: number; state: 'sent' | 'waiting' | 'given up'; tries: number }, null> = {
  name: 'mail.answer',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { id, state, tries }) {
    note({ kind: 'mail message', id }, { state });
    await tx.updateTable('supervision.mail_messages').set({ answer_state: state, tries }).where('id', '=', id).execute();
    return null;
  },
};

async function sendAnswers(performer: Performer, channels: Channels): Promise<void> {
  for (const { id, address, subject, message_id, answer, tries } of await performer.perform(system, waitingAnswers, null, null)) {
    const words = {
      subject: `Re: ${subject || 'your file of crimes'}`.slice(0, 200),
      text: answer,
      id: `mail-${id}`,
      answers: message_id,
      secret: '',
    };
    const isSent = await channels.tell('e-mail', address, words).then(
      () => true,
      () => false,
    );
    const state = isSent ? 'sent' : tries + 1 >= triesAtMost ? 'given up' : 'waiting';
    await performer.perform(system, settleAnswer, null, { id, state, tries: tries + 1 });
  }
}
