import { type Action, NotFoundError } from '../../platform/action.ts';
import { ageOn } from '../needs/index.ts';
import { personOf, readRecordsOf } from '../people/index.ts';

/** What the printed notice says about one person. */
export interface NoticePage {
  person: number;
  name: string;
  /** Below 13 the notice speaks to the parent or carer. */
  isChild: boolean;
  agencies: string[];
}

/** In the UK a child of 13 can answer for themselves online; younger ones are told through whoever cares for them. */
const speaksForThemselvesFrom = 13;

export const readNotice: Action<null, { id: number; today: string }, NoticePage> = {
  name: 'notice.read',
  room: 'support',
  purpose: 'support',
  async run({ tx, note }, _services, { id, today }) {
    note({ kind: 'person', id });
    const records = (await readRecordsOf(tx, [id])).get(id);
    if (!records) throw new NotFoundError('There is no such person.');
    const { name, born } = personOf(records.map(({ identity }) => identity));
    return {
      person: id,
      name,
      isChild: born !== null && ageOn(born, today) < speaksForThemselvesFrom,
      agencies: [...new Set(records.map(({ agency }) => agency))].sort(),
    };
  },
};
