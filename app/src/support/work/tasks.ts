import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { isDay } from '../../platform/days.ts';
import { anchorOf } from '../offers/index.ts';
import type {} from '../schema/tables.ts';

/** Something to be done for a person by a day, `YYYY-MM-DD`. */
export interface TaskView {
  id: number;
  task: string;
  dueOn: string;
  forName: string;
  byName: string;
  doneAt: Date | null;
  doneBy: string | null;
}

/** A person's tasks, open ones first. */
export async function tasksOf(tx: Tx, person: number): Promise<TaskView[]> {
  return tx
    .selectFrom('support.tasks')
    .select(['id', 'task', 'for_name as forName', 'by_name as byName', 'done_at as doneAt', 'done_by as doneBy'])
    .select(sql<string>`to_char(due_on, 'YYYY-MM-DD')`.as('dueOn'))
    .where('person_id', '=', person)
    .orderBy(sql`done_at IS NOT NULL`)
    .orderBy('due_on')
    .orderBy('id')
    .limit(100)
    .execute();
}

export const addTask: Action<null, { person: number; task: string; dueOn: string; forName: string }, null> = {
  name: 'task.add',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { person, task, dueOn, forName }) {
    note({ kind: 'person', id: person });
    if (task.trim().length < 3) throw new InvalidError('Say what is to be done.', 'task');
    if (!isDay(dueOn)) throw new InvalidError('Give the day by which it is to be done.', 'task-due');
    const record = await anchorOf(tx, person);
    if (record === null) throw new NotFoundError('There is no such person.');
    await tx
      .insertInto('support.tasks')
      .values({
        person_id: person,
        record_id: record,
        task: task.trim().slice(0, 500),
        due_on: dueOn,
        for_name: forName.trim().slice(0, 100) || actor.name,
        by_name: actor.name,
        done_at: null,
        done_by: null,
      })
      .execute();
    return null;
  },
};

/** Marks a task as done, or as not done after all. */
export const tickTask: Action<null, { id: number; done: boolean }, { person: number }> = {
  name: 'task.tick',
  room: 'support',
  purpose: 'support',
  async run({ tx, actor, note }, _services, { id, done }) {
    const found = await tx
      .updateTable('support.tasks')
      .set({ done_at: done ? new Date() : null, done_by: done ? actor.name : null })
      .where('id', '=', id)
      .returning('person_id as person')
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such task.');
    note({ kind: 'person', id: found.person }, { done });
    return found;
  },
};
