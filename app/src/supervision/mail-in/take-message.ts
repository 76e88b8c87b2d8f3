import { createHash } from 'node:crypto';
import { type Attachment, type ParsedMail, simpleParser } from 'mailparser';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type ImportResult, importCrimes } from '../crimes/index.ts';
import type { MailedFile } from '../schema/tables.ts';
import { refusalOf, senderOf } from './check-sender.ts';

export interface MailServices {
  fixes: FixStore;
  /** Mail server whose word on where a message came from is believed; null: the mailbox takes none that it has not checked. */
  checkedBy: string | null;
}

/** What became of one message. */
export interface TakenMessage {
  /** `known`: it was taken before, by its Message-ID, and nothing was done. */
  state: 'read' | 'not read' | 'known';
  why: string;
  files: MailedFile[];
}

/** Kinds of files that are read; by their names, and then by what is in them. */
const kinds = /\.(csv|tsv|txt|xlsx|json|geojson)$/i;
const filesAtMost = 10;
/** Problems that an answer tells in full. */
const toldAtMost = 40;

const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'crime-matching' };

interface Standing {
  isKnown: boolean;
  sender: { id: number; who: string; timeZone: string } | null;
}

const findStanding: Action<null, Pick<Kept, 'messageId' | 'address' | 'sha256'>, Standing> = {
  name: 'mail.take',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { messageId, address, sha256 }) {
    note(null);
    // Anybody can write any id: it is known of whoever it was read from, with the same files.
    const known = await tx
      .selectFrom('supervision.mail_messages')
      .select('id')
      .where('message_id', '=', messageId)
      .where('address', '=', address)
      .where('sha256', '=', sha256)
      .where('state', '=', 'read')
      .executeTakeFirst();
    const sender = await tx
      .selectFrom('supervision.mail_senders')
      .select(['id', 'who', 'time_zone as timeZone'])
      .where('address', '=', address)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    return { isKnown: known !== undefined, sender: sender ?? null };
  },
};

type Kept = TakenMessage & {
  messageId: string;
  senderId: number | null;
  address: string;
  subject: string;
  sentAt: Date | null;
  /** Of the names and bytes of its files. */
  sha256: string;
  answer: string;
};

const keepMessage: Action<null, Kept, null> = {
  name: 'mail.take',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { messageId, senderId, address, subject, sentAt, sha256, state, why, files, answer }) {
    const { id } = await tx
      .insertInto('supervision.mail_messages')
      .values({
        message_id: messageId,
        sender_id: senderId,
        address,
        sha256,
        subject: subject.slice(0, 200),
        sent_at: sentAt,
        state: state === 'read' ? 'read' : 'not read',
        why,
        files: JSON.stringify(files),
        answer,
        answer_state: answer === '' ? 'none' : 'waiting',
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'mail message', id }, { state, files: files.length });
    return null;
  },
};

/**
 * Takes one message as it came. Of a sender on the register the attached files of crimes go in, each as if it had been uploaded, and an
 * answer says what went in and what to mend; of anybody else nothing is read, and nobody is answered. The same message again does nothing.
 *
 * @param tooLarge where only its beginning was fetched, what it is larger than, as it is told
 */
export async function takeMessage(
  performer: Performer,
  services: MailServices,
  source: Buffer,
  tooLarge: string | null = null,
): Promise<TakenMessage> {
  const mail = await simpleParser(source, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  const address = senderOf(mail).slice(0, 254);
  const attached = mail.attachments.filter(({ related }) => !related);
  const messageId = (mail.messageId ?? bytesId(source)).slice(0, 500);
  const sha256 = fingerprintOf(attached);
  const { isKnown, sender } = await performer.perform(system, findStanding, null, { messageId, address, sha256 });
  if (isKnown) return { state: 'known', why: '', files: [] };
  const kept = { messageId, address, sha256, subject: mail.subject ?? '', sentAt: sentAtOf(mail), senderId: sender?.id ?? null };
  const keep = async (taken: Omit<TakenMessage, 'state'> & { state: 'read' | 'not read' }, answer: string): Promise<TakenMessage> => {
    await performer.perform(system, keepMessage, null, { ...kept, ...taken, answer });
    return taken;
  };
  const why = sender ? refusalOf(mail, services.checkedBy) : 'The sender is not on the register.';
  if (!sender || why) return keep({ state: 'not read', why, files: [] }, '');
  if (tooLarge !== null) {
    const told = `It is larger than ${tooLarge}. Nothing of it was read.`;
    return keep(
      { state: 'not read', why: told, files: [] },
      `Your message is larger than ${tooLarge}. Nothing of it was read. Send it in parts.\n`,
    );
  }
  const files: MailedFile[] = [];
  const results: { name: string; result: ImportResult | null; problem: string }[] = [];
  // Whose it is stands in the record of the import: the desk that sent it, and not the machine that read it.
  const actor: Actor = { ...system, id: `mail:${sender.id}`, name: `${sender.who}, by e-mail` };
  for (const file of attached.slice(0, filesAtMost)) {
    const name = nameOf(file);
    const taken = await takeFile(performer, actor, { fixes: services.fixes, timeZone: sender.timeZone }, file);
    results.push({ name, ...taken });
    files.push({
      name,
      import: taken.result?.importId ?? null,
      accepted: taken.result?.accepted ?? 0,
      refused: taken.result?.refused ?? 0,
      problem: taken.problem,
    });
  }
  for (const file of attached.slice(filesAtMost)) {
    const problem = `A message is read up to its file number ${filesAtMost}. Send the others in another message.`;
    results.push({ name: nameOf(file), result: null, problem });
    files.push({ name: nameOf(file), import: null, accepted: 0, refused: 0, problem });
  }
  return keep({ state: 'read', why: '', files }, answerOf(results));
}

/**
 * Puts on record that a message could not be read at all, so that those after it are. Nothing that it claims is kept.
 */
export async function giveUpMessage(performer: Performer, source: Buffer): Promise<TakenMessage> {
  const messageId = bytesId(source);
  const taken = { state: 'not read' as const, why: 'It could not be read. The log of the server says why.', files: [] };
  const kept = { messageId, senderId: null, address: '', subject: '', sentAt: null, sha256: '', answer: '' };
  await performer.perform(system, keepMessage, null, { ...kept, ...taken });
  return taken;
}

/** One without an id of its own is known by its bytes. */
const bytesId = (source: Buffer) => `sha256:${createHash('sha256').update(source).digest('hex')}`;

function fingerprintOf(files: readonly Attachment[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(JSON.stringify([nameOf(file), createHash('sha256').update(file.content).digest('hex')]));
  return hash.digest('hex');
}

/** When it says that it was sent; null where that is no time of e-mail. */
function sentAtOf({ date }: ParsedMail): Date | null {
  const year = date?.getUTCFullYear() ?? Number.NaN;
  return date && year >= 1970 && year < 2200 ? date : null;
}

const nameOf = ({ filename, contentType }: Attachment): string => (filename ?? `a file without a name (${contentType})`).slice(0, 200);

async function takeFile(
  performer: Performer,
  actor: Actor,
  services: { fixes: FixStore; timeZone: string },
  file: Attachment,
): Promise<{ result: ImportResult | null; problem: string }> {
  if (!kinds.test(file.filename ?? ''))
    return { result: null, problem: 'Files of this kind are not read. Attach crimes as CSV, Excel (.xlsx) or GeoJSON.' };
  try {
    return { result: await importCrimes(performer, actor, services, { fileName: nameOf(file), bytes: file.content }), problem: '' };
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error;
    return { result: null, problem: error.message };
  }
}

/** What the sender is told: what went in, and what to mend, by row and field. Of nobody on a tag. */
export function answerOf(results: readonly { name: string; result: ImportResult | null; problem: string }[]): string {
  if (results.length === 0)
    return 'There was no file in your message. Attach crimes as CSV, Excel (.xlsx) or GeoJSON, and send it again.\n';
  const parts = results.map(({ name, result, problem }) => {
    if (!result) return `${name}\n  Not read. ${problem}\n`;
    const { rows, accepted, refused, counts, problems } = result;
    const told = problems.slice(0, toldAtMost).map(({ row, field, value, message, action, severity }) => {
      const of = value === '' ? '' : ` “${value.slice(0, 60)}”`;
      return `  ${severity === 'error' ? 'To mend' : 'To look at'}, row ${row}, ${field}${of}: ${message} ${action}`;
    });
    return [
      name,
      `  ${rows} rows: ${accepted} went in (${counts.new} new, ${counts.changed} changed, ${counts.unchanged} known already), ${refused} did not.`,
      ...told,
      ...(problems.length > toldAtMost ? [`  And ${problems.length - toldAtMost} more, which the analysts can see.`] : []),
      '',
    ].join('\n');
  });
  return `${parts.join('\n')}\nRows that did not go in can be mended and sent again, alone or with the others: what is in already stays as it is.\n`;
}
