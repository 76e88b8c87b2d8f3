import { InvalidError } from '../../platform/action.ts';
import type { Witness } from './write-statement.ts';

const longest = 200;

/** The first letters of a name, as exhibits are labelled. */
export const initialsOf = (name: string): string =>
  name
    .split(/[\s-]+/)
    .map((part) => part[0] ?? '')
    .filter((letter) => /\p{L}/u.test(letter))
    .join('')
    .toUpperCase()
    .slice(0, 4);

/** @throws InvalidError naming what is missing */
export function readWitness(given: Witness): Witness {
  const read = (field: keyof Witness, what: string) => {
    const value = given[field].trim().replace(/\s+/g, ' ').slice(0, longest);
    if (value === '') throw new InvalidError(what, field);
    return value;
  };
  const initials = read('initials', 'Give the initials before the numbers of the exhibits.').toUpperCase();
  if (!/^\p{Lu}{1,5}$/u.test(initials)) throw new InvalidError('Initials are one to five letters, such as CR.', 'initials');
  return {
    name: read('name', 'Say who makes the statement.'),
    occupation: read('occupation', 'Say what the witness does.'),
    organisation: read('organisation', 'Say for whom the witness works.'),
    initials,
  };
}
