import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { type Topic, topicNames } from '../changes/index.ts';
import { type Channels, secretPrefix } from '../delivery/index.ts';

export interface ChangeHook {
  id: number;
  name: string;
  topics: Topic[];
  target: string;
  by_name: string;
  created_at: Date;
  waiting: number;
}

export interface ChangeMessage {
  id: number;
  hook: string;
  type: string;
  about_kind: string | null;
  about_id: number | null;
  state: string;
  attempts: number;
  problem: string | null;
  at: Date;
  settled_at: Date | null;
  due_at: Date;
}

/** Which other systems are told of what, and what became of the latest messages. */
export const listHooks: Action<null, null, { hooks: ChangeHook[]; messages: ChangeMessage[] }> = {
  name: 'hook.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx }) {
    const hooks = await tx
      .selectFrom('supervision.change_hooks as h')
      .select(['h.id', 'h.name', 'h.topics', 'h.target', 'h.by_name', 'h.created_at'])
      .select(
        sql<number>`(SELECT count(*)::int FROM supervision.change_messages m WHERE m.hook_id = h.id AND m.state = 'waiting')`.as('waiting'),
      )
      .where('h.ended_at', 'is', null)
      .orderBy('h.name')
      .execute();
    const messages = await tx
      .selectFrom('supervision.change_messages as m')
      .innerJoin('supervision.change_hooks as h', 'h.id', 'm.hook_id')
      .select(['m.id', 'h.name as hook', 'm.type', 'm.about_kind', 'm.about_id', 'm.state', 'm.attempts', 'm.problem', 'm.at'])
      .select(['m.settled_at', 'm.due_at'])
      .orderBy('m.id', 'desc')
      .limit(50)
      .execute();
    return { hooks: hooks as ChangeHook[], messages };
  },
};

export interface NewHook {
  name: string;
  topics: string[];
  target: string;
}

/** Has another system told of what changes from now on. The secret by which it checks messages is shown once. */
export const addHook: Action<{ channels: Channels }, NewHook, { id: number; secret: string }> = {
  name: 'hook.add',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, actor, note }, { channels }, input) {
    const name = input.name.trim();
    if (name.length < 2 || name.length > 80) throw new InvalidError('Give it a name of 2 to 80 characters.', 'name');
    const chosen = topicNames.filter((own) => input.topics.includes(own));
    if (chosen.length === 0) throw new InvalidError('Choose at least one thing to tell of.', 'topics');
    const target = input.target.trim();
    const fault = channels.faultOf('webhook', target);
    if (fault) throw new InvalidError(fault, 'target');
    const secret = `${secretPrefix}${randomBytes(32).toString('base64')}`;
    const { id } = await tx
      .insertInto('supervision.change_hooks')
      .values({ name, topics: JSON.stringify(chosen), target, secret, by_name: actor.name, ended_at: null })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'webhook', id });
    return { id, secret };
  },
};

/** Ends it. What waits is not sent any more. */
export const endHook: Action<null, { id: number }, null> = {
  name: 'hook.end',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'webhook', id });
    const ended = await tx
      .updateTable('supervision.change_hooks')
      .set({ ended_at: new Date() })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!ended) throw new NotFoundError('There is no such webhook in force.');
    await tx
      .updateTable('supervision.change_messages')
      .set({ state: 'not needed', settled_at: new Date(), problem: 'The webhook was ended' })
      .where('hook_id', '=', id)
      .where('state', '=', 'waiting')
      .execute();
    return null;
  },
};

/** Sends a message of no change, so that one sees whether it arrives. */
export const tryHook: Action<null, { id: number }, null> = {
  name: 'hook.try',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'webhook', id });
    const hook = await tx
      .selectFrom('supervision.change_hooks')
      .select('id')
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (!hook) throw new NotFoundError('There is no such webhook in force.');
    const none = { problem: null, settled_at: null, receipt_id: null, receipt: null, receipt_at: null };
    await tx
      .insertInto('supervision.change_messages')
      .values({ hook_id: id, type: 'trial', about_kind: null, about_id: null, detail: '{}', ...none })
      .execute();
    return null;
  },
};
