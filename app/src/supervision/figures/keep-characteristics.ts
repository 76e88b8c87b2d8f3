import { sql } from 'kysely';
import { type Action, InvalidError } from '../../platform/action.ts';
import { csvRows } from '../../platform/csv-rows.ts';
import type { ImportProblem } from '../schema/tables.ts';

/** What each can be, as censuses of England and Wales group them; anything else is told. */
export const characteristics = {
  ethnicity: [
    'Asian or Asian British',
    'Black, Black British, Caribbean or African',
    'Mixed or multiple ethnic groups',
    'White',
    'Other ethnic group',
    'not said',
  ],
  sex: ['female', 'male', 'not said'],
  disability: ['yes', 'no', 'not said'],
} as const;
export type CharacteristicKind = keyof typeof characteristics;
const kinds = Object.keys(characteristics) as CharacteristicKind[];

/** Other ways in which files say the same. */
const spellings: Record<CharacteristicKind, Record<string, string>> = {
  ethnicity: {
    asian: 'Asian or Asian British',
    black: 'Black, Black British, Caribbean or African',
    'black or black british': 'Black, Black British, Caribbean or African',
    mixed: 'Mixed or multiple ethnic groups',
    other: 'Other ethnic group',
  },
  sex: { f: 'female', m: 'male' },
  disability: { y: 'yes', n: 'no', true: 'yes', false: 'no' },
};
const unsaid = ['', 'not stated', 'not said', 'unknown', 'prefer not to say', 'not known'];

const mostRows = 100_000;

/**
 * Reads what people under an order say of their ethnicity, sex and disability from a file of references, to compare groups and for nothing
 * else. A row that cannot be used is told, and the others go in. What was there before is replaced.
 *
 * @param text CSV with headings: `reference` and at least one of `ethnicity`, `sex`, `disability`
 */
export const keepCharacteristics: Action<null, { text: string; source: string }, { people: number; problems: ImportProblem[] }> = {
  name: 'equality.keep',
  room: 'supervision',
  purpose: 'fairness',
  async run({ tx, actor, note }, _services, { text, source }) {
    note(null);
    const from = source.trim().slice(0, 200);
    if (from.length < 5) throw new InvalidError('Say where it comes from, such as “said by themselves at the first meeting”.', 'source');
    const { rows } = csvRows(text);
    const readable = rows.filter((row) => 'cells' in row);
    const [head, ...body] = readable;
    const headings = head?.cells ?? [];
    const column = (name: string) => headings.findIndex((own) => own.trim().toLowerCase() === name);
    const reference = column('reference');
    const columns = kinds.map((kind) => ({ kind, at: column(kind) })).filter(({ at }) => at >= 0);
    if (reference < 0 || columns.length === 0)
      throw new InvalidError('The first row must have the headings reference, and ethnicity, sex or disability.', 'file');
    if (body.length > mostRows) throw new InvalidError(`Send at most ${mostRows.toLocaleString('en-GB')} rows at once.`, 'file');
    const known = new Map(
      (
        await tx
          .selectFrom('supervision.subjects')
          .select(['id', 'reference'])
          .where(sql<boolean>`reference = ANY(${[...new Set(body.map(({ cells }) => (cells[reference] ?? '').trim()))]}::text[])`)
          .execute()
      ).map(({ id, reference: own }) => [own, id]),
    );
    const problems: ImportProblem[] = [];
    const people = new Set<number>();
    const said = new Map<string, { subject: number; kind: CharacteristicKind; value: string }>();
    for (const row of rows)
      if ('problem' in row)
        problems.push({
          row: row.line,
          field: 'row',
          value: row.text.slice(0, 60),
          code: 'csv',
          message: row.problem,
          action: 'Mend the row.',
          severity: 'error',
        });
    for (const { line, cells } of body) {
      const whose = (cells[reference] ?? '').trim();
      const subject = known.get(whose);
      const problem = (field: string, value: string, code: string, message: string, action: string) =>
        problems.push({ row: line, field, value: value.slice(0, 60), code, message, action, severity: 'error' });
      if (subject === undefined) {
        problem('reference', whose, 'unknown', 'Nobody on record has this reference.', 'Mend the reference, or leave the row out.');
        continue;
      }
      for (const { kind, at } of columns) {
        const value = readValue(kind, cells[at] ?? '');
        if (value === null) {
          problem(kind, cells[at] ?? '', 'value', `This is none of: ${characteristics[kind].join('; ')}.`, 'Use one of these words.');
          continue;
        }
        // Of a reference that stands twice the last row holds.
        said.set(`${subject} ${kind}`, { subject, kind, value });
        people.add(subject);
      }
    }
    const kept = [...said.values()];
    await sql`
      INSERT INTO supervision.characteristics (subject_id, kind, value, source, by_name)
        SELECT u.subject, u.kind, u.value, ${from}, ${actor.name}
          FROM unnest(${kept.map(({ subject }) => subject)}::int[], ${kept.map(({ kind }) => kind)}::text[], ${kept.map(({ value }) => value)}::text[])
            AS u (subject, kind, value)
        ON CONFLICT (subject_id, kind) DO UPDATE SET value = excluded.value, source = excluded.source, by_name = excluded.by_name, at = now()`.execute(
      tx,
    );
    note(null, { subjects: [...people].sort((a, b) => a - b), problems: problems.length });
    return { people: people.size, problems };
  },
};

function readValue(kind: CharacteristicKind, text: string): string | null {
  const given = text.trim().toLowerCase();
  if (unsaid.includes(given)) return 'not said';
  return characteristics[kind].find((own) => own.toLowerCase() === given) ?? spellings[kind][given] ?? null;
}
