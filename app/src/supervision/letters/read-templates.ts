import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';

/** A letter to be filled in. */
export interface LetterTemplate {
  title: string;
  text: string;
}

/** What can stand in curly brackets in a letter, and what it becomes. */
export const letterFields = {
  name: 'their name',
  reference: 'their reference',
  today: 'the day',
  order: 'the kind of order in force',
  court: 'who made it',
  officer: 'who is responsible',
  phone: 'the number to ring',
  from: 'the first day of the last four weeks',
  to: 'the last day of them',
  kept: 'hours kept in them',
  broken: 'hours not kept',
  unknown: 'hours of which nothing is known',
  breaches: 'alerts decided as breaches in them',
} as const;
export type LetterField = keyof typeof letterFields;

/** Until the agency says otherwise. */
const usual: LetterTemplate[] = [
  {
    title: 'Warning',
    text: `{today}

Dear {name},

Your {order} was made by {court}. It says where you must be, and when.

From {from} to {to} you kept to it for {kept}. You did not keep to it for {broken}. For {unknown} we do not know.

We decided that {breaches} of these times were breaches. You can read each one, and why, on your page. If one is wrong, say so there or ring us.

Please keep to your order from now on. If something makes it hard, ring us first: we can often help.

{officer}
{phone}`,
  },
  {
    title: 'Thanks for keeping to it',
    text: `{today}

Dear {name},

From {from} to {to} you kept to your {order} for {kept}. That takes effort, and we have seen it.

If something would help you to go on like this, ring us.

{officer}
{phone}`,
  },
];

/**
 * The letters that the agency sends: `letters.yaml` in the data folder has a list of them, each with a title and a text; without it
 * there are two usual ones. What cannot be used of the file is told, and the usual ones stand in.
 */
export function readTemplates(path: string): { templates: LetterTemplate[]; problem: string | null } {
  if (!existsSync(path)) return { templates: usual, problem: null };
  try {
    const given = parse(readFileSync(path, 'utf8')) as unknown;
    if (!Array.isArray(given) || given.length === 0) throw new Error('it must have a list of letters');
    return { templates: given.map((own, i) => templateOf(own, i)), problem: null };
  } catch (error) {
    return { templates: usual, problem: `${basename(path)} cannot be used: ${(error as Error).message}. The usual letters are offered.` };
  }
}

function templateOf(given: unknown, i: number): LetterTemplate {
  const { title, text } = (given ?? {}) as { title?: unknown; text?: unknown };
  if (typeof title !== 'string' || title.length < 2 || title.length > 100)
    throw new Error(`letter ${i + 1} needs a title of 2 to 100 characters`);
  if (typeof text !== 'string' || text.length < 10 || text.length > 10_000)
    throw new Error(`“${title}” needs a text of 10 to 10,000 characters`);
  const unknown = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string).filter((name) => !Object.hasOwn(letterFields, name));
  if (unknown.length > 0)
    throw new Error(`“${title}” has {${unknown[0]}}, which nothing fills; there are ${Object.keys(letterFields).join(', ')}`);
  return { title, text };
}

/** The letter with everything filled in. */
export function fillIn({ text }: LetterTemplate, values: Record<LetterField, string>): string {
  return text.replace(/\{(\w+)\}/g, (_whole, name: LetterField) => values[name]);
}
