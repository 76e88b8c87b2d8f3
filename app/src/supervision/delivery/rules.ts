import { randomBytes } from 'node:crypto';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { type Channel, channels, type Severity, severities } from '../schema/tables.ts';
import { type Channels, secretPrefix } from './channels.ts';

export interface DeliveryRule {
  id: number;
  name: string;
  severities: Severity[];
  channel: Channel;
  target: string;
  /** 0: at once; otherwise only when nobody has seen the alert for so long, seconds. */
  unseen_after_s: number;
  quiet_from: string | null;
  quiet_to: string | null;
  by_name: string;
  created_at: Date;
}

export interface DeliveryRow {
  id: number;
  rule: string;
  channel: Channel;
  alert_id: number | null;
  state: string;
  attempts: number;
  problem: string | null;
  created_at: Date;
  settled_at: Date | null;
  due_at: Date;
}

/** The rules in force, and the latest deliveries: which alert by number only. */
export const listDeliveryRules: Action<null, null, { rules: DeliveryRule[]; deliveries: DeliveryRow[] }> = {
  name: 'delivery.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx }) {
    const rules = await tx
      .selectFrom('supervision.delivery_rules')
      .select(['id', 'name', 'severities', 'channel', 'target', 'unseen_after_s', 'quiet_from', 'quiet_to', 'by_name', 'created_at'])
      .where('ended_at', 'is', null)
      .orderBy('name')
      .execute();
    const deliveries = await tx
      .selectFrom('supervision.deliveries as d')
      .innerJoin('supervision.delivery_rules as r', 'r.id', 'd.rule_id')
      .select([
        'd.id',
        'r.name as rule',
        'r.channel',
        'd.alert_id',
        'd.state',
        'd.attempts',
        'd.problem',
        'd.created_at',
        'd.settled_at',
        'd.due_at',
      ])
      .orderBy('d.id', 'desc')
      .limit(50)
      .execute();
    return { rules, deliveries };
  },
};

export interface NewDeliveryRule {
  name: string;
  severities: string[];
  channel: string;
  target: string;
  unseenAfterMinutes: string;
  quietFrom: string;
  quietTo: string;
}

const clock = /^([01]\d|2[0-3]):[0-5]\d$/;

/** Adds a rule. The secret with which webhooks are signed is shown once. */
export const addDeliveryRule: Action<{ channels: Channels }, NewDeliveryRule, { id: number; secret: string; channel: Channel }> = {
  name: 'delivery.add',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, actor, note }, services, input) {
    const name = input.name.trim();
    if (name.length < 2 || name.length > 80) throw new InvalidError('Give the rule a name of 2 to 80 characters.', 'name');
    const chosen = severities.filter((severity) => input.severities.includes(severity));
    if (chosen.length === 0) throw new InvalidError('Choose at least one severity.', 'severities');
    const channel = channels.find((own) => own === input.channel);
    if (!channel) throw new InvalidError(`Choose how to tell: ${channels.join(', ')}.`, 'channel');
    const target = input.target.trim();
    const fault = services.channels.faultOf(channel, target);
    if (fault) throw new InvalidError(fault, 'target');
    const minutes = input.unseenAfterMinutes.trim() === '' ? 0 : Number(input.unseenAfterMinutes);
    if (!Number.isInteger(minutes) || minutes < 0 || minutes > 1440)
      throw new InvalidError('Enter whole minutes, up to 1440, or leave it empty to tell at once.', 'unseenAfterMinutes');
    const [quietFrom, quietTo] = [input.quietFrom.trim(), input.quietTo.trim()];
    if ((quietFrom === '') !== (quietTo === ''))
      throw new InvalidError('Quiet hours need a beginning and an end. Leave both empty for none.', quietFrom ? 'quietTo' : 'quietFrom');
    if (quietFrom && !clock.test(quietFrom)) throw new InvalidError('Enter a time such as 22:00.', 'quietFrom');
    if (quietTo && !clock.test(quietTo)) throw new InvalidError('Enter a time such as 07:00.', 'quietTo');
    const secret = `${secretPrefix}${randomBytes(32).toString('base64')}`;
    const { id } = await tx
      .insertInto('supervision.delivery_rules')
      .values({
        name,
        severities: JSON.stringify(chosen),
        channel,
        target,
        secret,
        unseen_after_s: 60 * minutes,
        quiet_from: quietFrom || null,
        quiet_to: quietTo || null,
        by_name: actor.name,
        ended_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'delivery rule', id }, { channel });
    return { id, secret, channel };
  },
};

/** Ends a rule. What waits under it is not sent any more. */
export const endDeliveryRule: Action<null, { id: number }, null> = {
  name: 'delivery.end',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'delivery rule', id });
    const ended = await tx
      .updateTable('supervision.delivery_rules')
      .set({ ended_at: new Date() })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!ended) throw new NotFoundError('There is no such rule in force.');
    await tx
      .updateTable('supervision.deliveries')
      .set({ state: 'not needed', settled_at: new Date(), problem: 'The rule was ended' })
      .where('rule_id', '=', id)
      .where('state', '=', 'waiting')
      .execute();
    return null;
  },
};

/** Sends a message of no alert, so that one sees whether it arrives. */
export const tryDeliveryRule: Action<null, { id: number }, null> = {
  name: 'delivery.try',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'delivery rule', id });
    const rule = await tx
      .selectFrom('supervision.delivery_rules')
      .select('id')
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (!rule) throw new NotFoundError('There is no such rule in force.');
    await tx
      .insertInto('supervision.deliveries')
      .values({
        rule_id: id,
        alert_id: null,
        alert_version: 0,
        state: 'waiting',
        attempts: 0,
        due_at: new Date(),
        problem: null,
        settled_at: null,
      })
      .execute();
    return null;
  },
};
