import { type Compliance, dateOf } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, InvalidError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { stayOfSubject } from '../compliance/index.ts';
import { putOnFile } from '../documents/index.ts';
import { openSubject, type SubjectHead } from '../subjects/index.ts';
import { fillIn, type LetterField, type LetterTemplate } from './read-templates.ts';

const weeksMs = 28 * 86_400_000;
const lettersAtMost = 20_000;
const none: Compliance = { keptMs: 0, brokenMs: 0, unknownMs: 0 };

interface LetterServices {
  fixes: FixStore;
  timeZone: string;
}

/** A letter to a subject, filled in from how they kept their conditions in the last four weeks, for an officer to read and change. */
export const draftLetter: Action<
  LetterServices,
  { subjectId: number; template: LetterTemplate | null; now: number },
  { subject: SubjectHead; text: string }
> = {
  name: 'letter.draft',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, services, { subjectId, template, now }) {
    const subject = await openSubject(context, subjectId);
    return { subject, text: template ? fillIn(template, await valuesOf(context.tx, subject, services, now)) : '' };
  },
};

async function valuesOf(
  tx: Tx,
  { id, name, reference }: { id: number; name: string; reference: string },
  { fixes, timeZone }: LetterServices,
  now: number,
): Promise<Record<LetterField, string>> {
  const order = await tx
    .selectFrom('supervision.orders')
    .select(['kind', 'authority', 'officer_name', 'officer_phone'])
    .where('subject_id', '=', id)
    .where(sql<boolean>`starts_at <= ${new Date(now)} AND (ends_at IS NULL OR ends_at > ${new Date(now)})`)
    .orderBy('starts_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  const from = now - weeksMs;
  const sum = (await stayOfSubject(tx, fixes, id, { from, to: now }, timeZone))?.between(from, now) ?? none;
  const { n } = await tx
    .selectFrom('supervision.alerts as a')
    .innerJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('w.subject_id', '=', id)
    .where('a.outcome', '=', 'breach')
    .where('a.from_at', '>=', new Date(from))
    .executeTakeFirstOrThrow();
  const day = new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'long', year: 'numeric' });
  const hours = (ms: number) => {
    const whole = Math.round(ms / 3_600_000);
    return `${whole.toLocaleString('en-GB')} ${whole === 1 ? 'hour' : 'hours'}`;
  };
  return {
    name,
    reference,
    today: day.format(now),
    order: order?.kind ?? 'order',
    court: order?.authority ?? 'the court',
    officer: order?.officer_name ?? '',
    phone: order?.officer_phone ?? '',
    from: day.format(from),
    to: day.format(now),
    kept: hours(sum.keptMs),
    broken: hours(sum.brokenMs),
    unknown: hours(sum.unknownMs),
    breaches: String(n),
  };
}

/** Keeps a letter as it goes out: among the person's documents, where they read it too. */
export const keepLetter: Action<{ timeZone: string }, { subjectId: number; title: string; text: string; now: number }, { id: number }> = {
  name: 'letter.keep',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, { timeZone }, { subjectId, title, text, now }) {
    await openSubject(context, subjectId);
    const words = text.replace(/\r\n/g, '\n').trim();
    if (words.length < 10 || words.length > lettersAtMost) throw new InvalidError('Write the letter, in 10 to 20,000 characters.', 'text');
    const left = /\{\w+\}/.exec(words)?.[0];
    if (left) throw new InvalidError(`Nothing fills ${left}. Write what is to stand there.`, 'text');
    return putOnFile(context, {
      subjectId,
      kind: 'letter',
      title: `${title.trim().slice(0, 80) || 'Letter'}, ${dateOf(now, timeZone)}`,
      mediaType: 'text/plain; charset=utf-8',
      bytes: Buffer.from(words, 'utf8'),
    });
  },
};
