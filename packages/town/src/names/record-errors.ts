import type { Random } from '../chance/random.ts';

/** Neighbours on the keyboard that British typists use. */
const keys: Record<string, string> = {
  a: 'qwsz',
  b: 'vghn',
  c: 'xdfv',
  d: 'serfcx',
  e: 'wsdr',
  f: 'drtgvc',
  g: 'ftyhbv',
  h: 'gyujnb',
  i: 'ujko',
  j: 'huikmn',
  k: 'jiolm',
  l: 'kop',
  m: 'njk',
  n: 'bhjm',
  o: 'iklp',
  p: 'ol',
  q: 'wa',
  r: 'edft',
  s: 'awedxz',
  t: 'rfgy',
  u: 'yhji',
  v: 'cfgb',
  w: 'qase',
  x: 'zsdc',
  y: 'tghu',
  z: 'asx',
};

/** What the ear takes for what. */
const alike: [string, string][] = [
  ['ph', 'f'],
  ['ck', 'k'],
  ['c', 'k'],
  ['y', 'i'],
  ['ie', 'y'],
  ['ee', 'ea'],
  ['ll', 'l'],
  ['tt', 't'],
  ['ss', 's'],
  ['ff', 'ph'],
  ['th', 't'],
  ['ou', 'ow'],
  ['er', 'or'],
  ['ai', 'ay'],
  ['z', 's'],
  ['w', 'wh'],
  ['n', 'nn'],
  ['oo', 'u'],
];

/** One slip of a typist: a neighbouring key, a letter left out or doubled, two exchanged. */
export function mistyped(random: Random, text: string): string {
  if (text.length < 2) return text;
  const at = random.integer(0, text.length - 1);
  const letter = text[at] as string;
  switch (random.integer(0, 3)) {
    case 0: {
      const near = keys[letter.toLowerCase()];
      const typed = /\d/.test(letter) ? String(random.integer(0, 9)) : near ? (near[random.integer(0, near.length - 1)] as string) : letter;
      return text.slice(0, at) + typed + text.slice(at + 1);
    }
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + letter + text.slice(at);
    default:
      return at + 1 < text.length ? text.slice(0, at) + (text[at + 1] as string) + letter + text.slice(at + 2) : text;
  }
}

/** A name as it was heard. */
export function misheard(random: Random, text: string): string {
  const lower = text.toLowerCase();
  const possible = alike.filter(([said]) => lower.includes(said));
  if (possible.length === 0) return mistyped(random, text);
  const [said, heard] = random.pick(possible);
  const at = lower.indexOf(said);
  return text.slice(0, at) + heard + text.slice(at + said.length);
}

/** One digit of a number typed wrong, or two exchanged: its check digit is wrong then, mostly. */
export function misnumbered(random: Random, digits: string): string {
  const at = random.integer(0, digits.length - 1);
  if (random.chance(0.4) && at + 1 < digits.length)
    return digits.slice(0, at) + (digits[at + 1] as string) + (digits[at] as string) + digits.slice(at + 2);
  return /\d/.test(digits[at] as string) ? digits.slice(0, at) + String(random.integer(0, 9)) + digits.slice(at + 1) : digits;
}

/** A date with day and month exchanged, a digit wrong, or the year one off. `YYYY-MM-DD`. */
export function misdated(random: Random, date: string): string {
  const [year, month, day] = date.split('-') as [string, string, string];
  const kind = random.next();
  if (kind < 0.3 && Number(day) <= 12) return `${year}-${day}-${month}`;
  if (kind < 0.5) return `${Number(year) + (random.chance(0.5) ? 1 : -1)}-${month}-${day}`;
  if (kind < 0.75) return `${year}-${month}-${String(random.integer(1, 28)).padStart(2, '0')}`;
  return `${year}-${String(random.integer(1, 12)).padStart(2, '0')}-${day}`;
}
