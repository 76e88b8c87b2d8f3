import { createHash } from 'node:crypto';
import { type AddressObject, type Attachment, type ParsedMail, simpleParser } from 'mailparser';
import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type ImportResult, importCrimes } from '../crimes/index.ts';
import type { MailedFile } from '../schema/tables.ts';

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

const findStanding: Action<null, { messageId: string; address: string }, Standing> = {
  name: 'mail.take',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { messageId, address }) {
    note(null);
    const known = await tx.selectFrom('supervision.mail_messages').select('id').where('message_id', '=', messageId).executeTakeFirst();
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
  answer: string;
};

const keepMessage: Action<null, Kept, null> = {
  name: 'mail.take',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { messageId, senderId, address, subject, sentAt, state, why, files, answer }) {
    const { id } = await tx
      .insertInto('supervision.mail_messages')
      .values({
        message_id: messageId,
        sender_id: senderId,
        address: address.slice(0, 254),
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
 */
export async function takeMessage(performer: Performer, services: MailServices, source: Buffer): Promise<TakenMessage> {
  const mail = await simpleParser(source, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  const address = senderOf(mail);
  // One without an id of its own is known by its bytes.
  const messageId = (mail.messageId ?? `sha256:${createHash('sha256').update(source).digest('hex')}`).slice(0, 500);
  const { isKnown, sender } = await performer.perform(system, findStanding, null, { messageId, address });
  if (isKnown) return { state: 'known', why: '', files: [] };
  const kept = { messageId, address, subject: mail.subject ?? '', sentAt: mail.date ?? null, senderId: sender?.id ?? null };
  const keep = async (taken: Omit<TakenMessage, 'state'> & { state: 'read' | 'not read' }, answer: string): Promise<TakenMessage> => {
    await performer.perform(system, keepMessage, null, { ...kept, ...taken, answer });
    return taken;
  };
  const why = sender ? refusalOf(mail, services.checkedBy) : 'The sender is not on the register.';
  if (!sender || why) return keep({ state: 'not read', why, files: [] }, '');
  const files: MailedFile[] = [];
  const results: { name: string; result: ImportResult | null; problem: string }[] = [];
  const attached = mail.attachments.filter(({ related }) => !related);
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

/** The one address in From. A message that claims several is nobody's. */
function senderOf({ from }: ParsedMail): string {
  const all = (from as AddressObject | undefined)?.value ?? [];
  const [only] = all;
  return all.length === 1 ? (only?.address ?? '').toLowerCase() : '';
}

/** Why a message of a known sender is not read; empty where nothing speaks against it. */
function refusalOf(mail: ParsedMail, checkedBy: string | null): string {
  const header = (name: string) => String(mail.headers.get(name) ?? '').toLowerCase();
  const auto = header('auto-submitted');
  // What machines answer is not answered, or two of them would write for ever.
  if ((auto !== '' && auto !== 'no') || /bulk|list|junk/.test(header('precedence')))
    return 'It was sent by a machine as an answer or to a list.';
  if (checkedBy === null) return '';
  const said = mail.headerLines
    .filter(({ key }) => key === 'authentication-results')
    .map(({ line }) =>
      line
        .replace(/^[^:]*:/, '')
        .trim()
        .toLowerCase(),
    )
    // Only what the mail server of this mailbox wrote; a sender can write such lines as well.
    .filter((line) => line.startsWith(`${checkedBy.toLowerCase()};`) || line.startsWith(`${checkedBy.toLowerCase()} `));
  if (said.length === 0) return `${checkedBy} did not say whether it came from where it claims.`;
  return said.some((line) => /\bdmarc=pass\b/.test(line) || /\bdkim=pass\b/.test(line))
    ? ''
    : `${checkedBy} could not confirm that it came from where it claims.`;
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
