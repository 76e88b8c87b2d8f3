import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { Channels, WordsChannel } from '../delivery/index.ts';
import { endReminders, supervisionAccess } from '../own/index.ts';
import { type ReminderKind, reminderChannels, reminderKinds, type Speak } from './reminder.ts';

/** What somebody chose, and the latest that they were sent. Times on the clock as `HH:MM`. */
export interface OwnReminders {
  choice: {
    channel: WordsChannel;
    target: string;
    kinds: ReminderKind[];
    isDiscreet: boolean;
    quietFrom: string;
    quietTo: string;
    confirmedAt: Date | null;
  } | null;
  sent: { kind: string; channel: WordsChannel; text: string; state: string; dueAt: Date; settledAt: Date | null; receipt: string | null }[];
}

const codeForMs = 15 * 60_000;
const triesAtMost = 5;
const codesADay = 5;
const clock = /^([01]\d|2[0-3]):[0-5]\d$/;

const hashOf = (code: string, subject: number, target: string) => createHash('sha256').update(`${subject}\n${target}\n${code}`).digest();

/** A number as people type it, with the country that it has where it begins with 0. */
function targetOf(channel: WordsChannel, typed: string): string {
  const text = typed.trim();
  if (channel !== 'text message') return text;
  const digits = text.replace(/[\s()-]/g, '');
  return digits.startsWith('0') && !digits.startsWith('00') ? `+44${digits.slice(1)}` : digits.replace(/^00/, '+');
}

/** What the wearer has chosen, and what was sent lately; null where no code has been entered. */
export const readOwnReminders: Action<null, null, OwnReminders | null> = {
  name: 'own.tag',
  room: 'supervision',
  purpose: 'self',
  async run({ tx }) {
    if ((await supervisionAccess.whoAmI(tx)) === null) return null;
    const own = await tx.selectFrom('supervision.reminder_choices').selectAll().where('target', '<>', '').executeTakeFirst();
    const sent = await tx
      .selectFrom('supervision.reminders')
      .select(['kind', 'channel', 'text', 'state', 'due_at as dueAt', 'settled_at as settledAt', 'receipt'])
      .where('kind', '<>', 'code')
      .where('state', '<>', 'not needed')
      .orderBy('due_at', 'desc')
      .limit(20)
      .execute();
    const choice = own
      ? {
          channel: own.channel,
          target: own.target,
          kinds: own.kinds,
          isDiscreet: own.is_discreet,
          quietFrom: own.quiet_from,
          quietTo: own.quiet_to,
          confirmedAt: own.confirmed_at,
        }
      : null;
    return { choice, sent };
  },
};

export interface ReminderWish {
  channel: string;
  /** A number or an address. */
  target: string;
  /** What a browser gave, for push messages; empty where they are to go on to the device that they go to. */
  device: string;
  kinds: string[];
  isDiscreet: boolean;
  quietFrom: string;
  quietTo: string;
  language: string;
}

export interface ChoosingServices {
  channels: Channels;
  speak: Speak;
  /** What numbers of text messages may begin with. */
  numbers: readonly string[];
}

/**
 * The wearer chooses what they are reminded of, and where. A number or an address that is new is sent a code first: what is sent to
 * it tells of them, and must not go to somebody else by a slip of a finger.
 */
export const chooseReminders: Action<ChoosingServices, ReminderWish & { now: number }, { mustConfirm: boolean }> = {
  name: 'own.remind',
  room: 'supervision',
  purpose: 'self',
  async run({ tx, note }, { channels, speak, numbers }, wish) {
    const subject = await supervisionAccess.whoAmI(tx);
    if (subject === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'subject', id: subject });
    const channel = reminderChannels.find((own) => own === wish.channel);
    if (!channel || !channels.canTell(channel)) throw new InvalidError('Choose how to remind you.', 'channel');
    const known = await tx.selectFrom('supervision.reminder_choices').select(['channel', 'target', 'confirmed_at']).executeTakeFirst();
    const isSameDevice = channel === 'push message' && wish.device === '' && known?.channel === channel;
    const target = isSameDevice ? known.target : targetOf(channel, channel === 'push message' ? wish.device : wish.target);
    if (channels.faultOf(channel, target))
      throw channel === 'push message'
        ? new InvalidError('We could not set this up on this phone or computer. Try again, or choose another way.', 'channel')
        : new InvalidError(
            channel === 'e-mail' ? 'Type one e-mail address, like sam@example.com.' : 'Type your number, like 07700 900123.',
            'target',
          );
    const kinds = reminderKinds.filter((own) => wish.kinds.includes(own));
    if (kinds.length === 0) throw new InvalidError('Choose at least one thing to remind you of.', 'kinds');
    if (!clock.test(wish.quietFrom)) throw new InvalidError('Type a time like 22:00.', 'quietFrom');
    if (!clock.test(wish.quietTo)) throw new InvalidError('Type a time like 07:00.', 'quietTo');
    if (channel === 'text message' && !numbers.some((prefix) => target.startsWith(prefix)))
      throw new InvalidError('We cannot send reminders to this number. Type a mobile number, like 07700 900123.', 'target');
    note(null, { channel, kinds });
    const isProven = known?.confirmed_at != null && known.channel === channel && known.target === target;
    const values = {
      channel,
      target,
      kinds: JSON.stringify(kinds),
      is_discreet: wish.isDiscreet,
      language: wish.language,
      quiet_from: wish.quietFrom,
      quiet_to: wish.quietTo,
    };
    await tx
      .insertInto('supervision.reminder_choices')
      .values({ subject_id: subject, ...values, code_hash: null, code_until: null, confirmed_at: null, codes_on: null })
      .onConflict((conflict) => conflict.column('subject_id').doUpdateSet(isProven ? values : { ...values, confirmed_at: null }))
      .execute();
    if (!isProven) await sendCode(tx, subject, { channel, target, language: wish.language, now: wish.now }, speak);
    return { mustConfirm: !isProven };
  },
};

async function sendCode(
  tx: Tx,
  subject: number,
  { channel, target, language, now }: { channel: WordsChannel; target: string; language: string; now: number },
  speak: Speak,
): Promise<void> {
  // Counted with the choice, which stays when somebody stops: the codes themselves are read by nobody here.
  const day = new Date(now).toISOString().slice(0, 10);
  const { codes_on, codes_sent } = await tx
    .selectFrom('supervision.reminder_choices')
    .select([sql<string | null>`codes_on::text`.as('codes_on'), 'codes_sent'])
    .where('subject_id', '=', subject)
    .executeTakeFirstOrThrow();
  const n = codes_on === day ? codes_sent : 0;
  if (n >= codesADay)
    throw new InvalidError(
      'We have sent you five codes today. Try again tomorrow, or ring us.',
      channel === 'push message' ? 'channel' : 'target',
    );
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const until = new Date(now + codeForMs);
  await tx
    .updateTable('supervision.reminder_choices')
    .set({
      code_hash: hashOf(code, subject, target).toString('base64url'),
      code_until: until,
      code_tries: 0,
      codes_on: day,
      codes_sent: n + 1,
    })
    .where('subject_id', '=', subject)
    .execute();
  await tx
    .insertInto('supervision.reminders')
    .values({
      subject_id: subject,
      kind: 'code',
      key: `code:${now}:${n}`,
      text: speak(language).t('Your code is {code}. It is good for 15 minutes.', { code }),
      channel,
      target,
      due_at: new Date(now),
      until,
      problem: null,
      settled_at: null,
      receipt_id: null,
      receipt: null,
      receipt_at: null,
    })
    .execute();
}

/** The wearer types the code that was sent: from now on they are reminded. */
export const confirmReminders: Action<null, { code: string; now: number }, { isRight: boolean }> = {
  name: 'own.remind',
  room: 'supervision',
  purpose: 'self',
  async run({ tx, note }, _services, { code, now }) {
    const subject = await supervisionAccess.whoAmI(tx);
    if (subject === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'subject', id: subject }, { confirms: true });
    const own = await tx.selectFrom('supervision.reminder_choices').selectAll().forUpdate().executeTakeFirst();
    if (!own?.code_hash || !own.code_until) throw new NotFoundError('There is no code to confirm.');
    const isOver = own.code_until.getTime() < now || own.code_tries >= triesAtMost;
    const given = hashOf(code.replace(/\D/g, ''), subject, own.target);
    const isRight = !isOver && timingSafeEqual(given, Buffer.from(own.code_hash, 'base64url'));
    // A wrong guess must count: it is no error of this action, which would be undone.
    await tx
      .updateTable('supervision.reminder_choices')
      .set(isRight ? { confirmed_at: new Date(now), code_hash: null, code_until: null } : { code_tries: own.code_tries + 1 })
      .where('subject_id', '=', subject)
      .execute();
    return { isRight };
  },
};

/** The wearer wants no reminders any more, or no longer there. What waits is not sent. */
export const stopReminders: Action<null, null, null> = {
  name: 'own.remind',
  room: 'supervision',
  purpose: 'self',
  async run({ tx, note }) {
    const subject = await supervisionAccess.whoAmI(tx);
    if (subject === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'subject', id: subject }, { stops: true });
    await endReminders(tx, subject);
    return null;
  },
};
