import { createHash } from 'node:crypto';
import { type Compliance, dateOf } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { keptBy, sumsOf } from '../compliance/index.ts';
import { noteSubject } from '../subjects/index.ts';
import { fillIn, type LetterField, type LetterTemplate } from './read-templates.ts';

const weeksMs = 28 * 86_400_000;
const lettersAtMost = 20_000;

interface LetterServices {
  fixes: FixStore;
  timeZone: string;
}

/** A letter to a subject, filled in from how they kept their conditions in the last four weeks, for an officer to read and change. */
export const draftLetter: Action<
  LetterServices,
  { subjectId: number; template: LetterTemplate | null; now: number },
  { subject: { id: number; name: string; reference: string; fictional: boolean }; text: string }
> = {
  name: 'letter.draft',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, services, { subjectId, template, now }) {
    const { tx, note } = context;
    note({ kind: 'subject', id: subjectId });
    await noteSubject(context, { subject: subjectId });
    const subject = await tx
      .selectFrom('supervision.subjects')
      .select(['id', 'name', 'reference', 'fictional'])
      .where('id', '=', subjectId)
      .executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    return { subject, text: template ? fillIn(template, await valuesOf(tx, subject, services, now)) : '' };
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
  const sum = await keptInAll(tx, fixes, id, { from, to: now }, timeZone);
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

/** Time in places where they had to be, over all tags that they wore in it. */
async function keptInAll(
  tx: Tx,
  fixes: FixStore,
  subjectId: number,
  { from, to }: { from: number; to: number },
  timeZone: string,
): Promise<Compliance> {
  const worn = await tx
    .selectFrom('supervision.wearings')
    .select(['id', 'starts_at', 'ends_at'])
    .where('subject_id', '=', subjectId)
    .where('starts_at', '<', new Date(to))
    .where(sql<boolean>`(ends_at IS NULL OR ends_at > ${new Date(from)})`)
    .execute();
  const sum = { keptMs: 0, brokenMs: 0, unknownMs: 0 };
  for (const { id, starts_at, ends_at } of worn) {
    const own = { from: Math.max(from, starts_at.getTime()), to: Math.min(to, ends_at?.getTime() ?? to) };
    const { stay } = sumsOf((await keptBy(tx, fixes, id, own, timeZone))(own.from, own.to));
    sum.keptMs += stay.keptMs;
    sum.brokenMs += stay.brokenMs;
    sum.unknownMs += stay.unknownMs;
  }
  return sum;
}

/** Keeps a letter as it goes out: among the person's documents, where they read it too. */
export const keepLetter: Action<{ timeZone: string }, { subjectId: number; title: string; text: string; now: number }, { id: number }> = {
  name: 'letter.keep',
  room: 'supervision',
  purpose: 'monitoring',
  async run(context, { timeZone }, { subjectId, title, text, now }) {
    const { tx, actor, note } = context;
    note({ kind: 'subject', id: subjectId });
    await noteSubject(context, { subject: subjectId });
    const subject = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', subjectId).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const words = text.replace(/\r\n/g, '\n').trim();
    if (words.length < 10 || words.length > lettersAtMost) throw new InvalidError('Write the letter, in 10 to 20,000 characters.', 'text');
    const left = /\{\w+\}/.exec(words)?.[0];
    if (left) throw new InvalidError(`Nothing fills ${left}. Write what is to stand there.`, 'text');
    const bytes = Buffer.from(words, 'utf8');
    const row = await tx
      .insertInto('supervision.documents')
      .values({
        subject_id: subjectId,
        kind: 'letter',
        title: `${title.trim().slice(0, 80) || 'Letter'}, ${dateOf(now, timeZone)}`,
        media_type: 'text/plain; charset=utf-8',
        bytes,
        size: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        by_name: actor.name,
        removed_at: null,
        removed_by: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note(null, { document: row.id });
    return row;
  },
};
