import { isPlaceholder, standardText } from './text.ts';

const titles = new Set(
  'mr mrs miss ms mx dr prof professor sir dame lord lady rev reverend revd fr sister brother master hon cllr capt captain sgt pc jp mbe obe cbe phd jnr jr snr sr esq'.split(
    ' ',
  ),
);
const junkNames = new Set(
  'unknown baby infant male female boy girl adult child patient person anonymous anon test tester noname surname forename firstname lastname mother father twin'.split(
    ' ',
  ),
);

/**
 * A forename or surname: lower case, without titles, diacritics and punctuation; parts of a double-barrelled name are
 * words of their own. `null` for placeholders such as "unknown" or "baby".
 */
export function standardName(raw: string): string | null {
  const text = standardText(raw);
  if (text === null) return null;
  const words = text.split(' ');
  const kept = words.length > 1 ? words.filter((word, i) => !(titles.has(word) && (i === 0 || i === words.length - 1))) : words;
  const name = kept.join(' ');
  if (name === '' || isPlaceholder(name) || kept.every((word) => junkNames.has(word)) || !/\p{L}/u.test(name)) return null;
  return name;
}
