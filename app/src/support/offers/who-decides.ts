import { InvalidError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { ageOn } from '../needs/index.ts';
import { personOf, readRecordsOf } from '../people/index.ts';
import type { LawfulAnswer } from '../schema/tables.ts';

/** From this age somebody decides for themselves, unless they cannot (Family Law Reform Act 1969 s.8; Mental Capacity Act 2005). */
const decidesFrom = 16;
/** From this age a child may understand enough to decide for themselves; whoever asks says that they did (Gillick [1985] UKHL 7). */
const mayDecideFrom = 12;

/** How old somebody is; null where no birth date is known or records differ. */
export async function ageOfPerson(tx: Tx, person: number, today: string): Promise<number | null> {
  const records = (await readRecordsOf(tx, [person])).get(person) ?? [];
  const { born } = personOf(records.map(({ identity }) => identity));
  return born === null ? null : ageOn(born, today);
}

/** Words by which it is said that somebody aged 16 or more cannot decide this for themselves. */
const lacksCapacity = /capacity|cannot decide|best interests|deputy|attorney/i;
const understands = /understand|gillick|competent/i;

/**
 * Whom age and capacity let be told: from 16 the person; below 12 a parent or carer, beside whom the child may be told too.
 * @throws InvalidError saying who is to be told
 */
export function mayBeTold(age: number | null, whom: string, how: string): void {
  if (age === null) return;
  if (age >= decidesFrom && whom === 'a parent or carer' && !lacksCapacity.test(how))
    throw new InvalidError(
      `This person is ${age}: they are told themselves. If they cannot understand it, say under “how” that they lack capacity.`,
      'whom',
    );
  if (age < mayDecideFrom && whom === 'the person')
    throw new InvalidError(`This child is ${age}: a parent or carer is told. The child is told too, in words of their own.`, 'whom');
}

/**
 * Who may agree to help: from 16 the person; below 12 a parent; between, the child where they understand what they agree to.
 * @throws InvalidError saying who agrees
 */
export function mayAgree(age: number | null, basis: LawfulAnswer | null, note: string): void {
  if (age === null || basis === null || basis === 'public task') return;
  if (age >= decidesFrom && basis === 'parental consent' && !lacksCapacity.test(note))
    throw new InvalidError(
      `This person is ${age}: their own consent counts. If they cannot decide, say in the note that they lack capacity.`,
      'basis',
    );
  if (age < mayDecideFrom && basis === 'consent')
    throw new InvalidError(`This child is ${age}: a parent agrees. Choose parental consent.`, 'basis');
  if (age < decidesFrom && basis === 'consent' && !understands.test(note))
    throw new InvalidError(
      `This child is ${age}. Say in the note that they understand what they agree to, or choose parental consent.`,
      'basis',
    );
}
