import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Waiting } from '../../platform/waiting.ts';
import { readAllocation } from '../allocation/index.ts';
import { findPeople } from '../finding/index.ts';
import { readDay } from '../work/index.ts';

/** What waits for a support worker or their lead. Days as `YYYY-MM-DD`. */
export const waitingForTeam: Action<null, { today: string; timeZone: string }, Waiting[]> = {
  name: 'waiting.list',
  room: 'support',
  purpose: 'support',
  async run(context, _services, { today, timeZone }) {
    const { tx, actor, note } = context;
    const one = { limit: 1, offset: 0 };
    const quiet = { ...context, note: () => undefined };
    const day = await readDay.run(quiet, null, { today, timeZone, own: true });
    const found = await findPeople.run(quiet, null, { ...one, sort: 'need', today });
    const { undecided } = await readAllocation.run(quiet, null, one);
    const { rows } = await sql<{ open: number; late: number; challenges: number }>`SELECT
      (SELECT count(*)::int FROM support.own_cases WHERE replied_at IS NULL) AS open,
      (SELECT count(*)::int FROM support.own_cases WHERE replied_at IS NULL AND due_on < ${today}::date) AS late,
      (SELECT count(*)::int FROM support.challenges WHERE outcome IS NULL) AS challenges`.execute(tx);
    const [{ open, late, challenges } = { open: 0, late: 0, challenges: 0 }] = rows;
    note(null);
    return [
      {
        what: 'things to do that are due within two weeks',
        count: day.total,
        pressing: { count: day.overdue, word: 'overdue' },
        href: '/day',
      },
      { what: 'people who may need help and have no decision yet', count: found.total, href: '/finding' },
      { what: 'proposals of places to decide', count: undecided, href: '/allocation' },
      { what: 'questions to answer', count: open, pressing: { count: late, word: 'late' }, href: '/cases' },
      ...(actor.role === 'support-lead' ? [{ what: 'challenged statements to decide', count: challenges, href: '/challenges' }] : []),
    ];
  },
};
