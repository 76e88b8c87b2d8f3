import { intervalsOf } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { decisionsOn, isTheirs, noteSubject, type Whose } from '../subjects/index.ts';
import { grantAbsence, zonesOfWearings } from '../zones/index.ts';
import { type RequestView, requestColumns } from './request.ts';

/** A request with what whoever decides has to know. */
export interface WaitingRequest extends RequestView {
  subject: number;
  name: string;
  reference: string;
  /** Rules that hold somewhere within the time asked for, by name. */
  rules: string[];
  /** Of the last 28 days. */
  breaches: number;
  /** Another officer's case: what was asked and why is told only with a reason. */
  isAnothers: boolean;
}

const lookBackMs = 28 * 86_400_000;
/** Hours that are to stay are shown against so much of what comes. */
const staysMs = 7 * 86_400_000;

/** What people on tags have asked for: what waits first, the most urgent on top, then what was answered. */
export const listRequests: Action<
  { timeZone: string },
  { whose: Whose; now: number; limit: number; offset: number },
  { rows: WaitingRequest[]; total: number; waiting: number; late: number }
> = {
  name: 'request.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { timeZone }, { whose, now, limit, offset }) {
    const theirs = isTheirs(whose, actor.id, sql.ref('r.subject_id'));
    const rows = await tx
      .selectFrom('supervision.requests as r')
      .innerJoin('supervision.subjects as s', 's.id', 'r.subject_id')
      .select([...requestColumns, 's.id as subject', 's.name', 's.reference'])
      .where(theirs)
      .orderBy(sql`r.decision IS NOT NULL`)
      .orderBy(sql`CASE WHEN r.decision IS NULL THEN r.due_at END`)
      .orderBy('r.id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute();
    const counts = await tx
      .selectFrom('supervision.requests as r')
      .select([
        sql<number>`count(*)::int`.as('total'),
        sql<number>`(count(*) FILTER (WHERE r.decision IS NULL))::int`.as('waiting'),
        sql<number>`(count(*) FILTER (WHERE r.decision IS NULL AND r.due_at < ${new Date(now)}))::int`.as('late'),
      ])
      .where(theirs)
      .executeTakeFirstOrThrow();
    note(null, { shown: rows.length });
    const decisions = await decisionsOn(
      { tx, actor, access },
      rows.map(({ subject }) => subject),
    );
    const isAnothers = ({ subject }: { subject: number }) => decisions.get(subject)?.allowed === false;
    const waiting = rows.filter((row) => row.decision === null && !isAnothers(row));
    const around = await readAround(tx, waiting, now, timeZone);
    return {
      rows: rows.map((row) => ({
        ...row,
        rules: [],
        breaches: 0,
        ...around.get(row.id),
        isAnothers: isAnothers(row),
        ...(isAnothers(row) ? { said: '', reason: '', kind: 'other' as const } : {}),
      })),
      ...counts,
    };
  },
};

async function readAround(
  tx: Tx,
  requests: readonly { id: number; subject: number; from: Date; to: Date | null }[],
  now: number,
  timeZone: string,
): Promise<Map<number, Pick<WaitingRequest, 'rules' | 'breaches'>>> {
  const subjects = [0, ...requests.map(({ subject }) => subject)];
  const worn = await tx
    .selectFrom('supervision.wearings')
    .select(['id', 'subject_id'])
    .where('subject_id', 'in', subjects)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', new Date(now))]))
    .execute();
  const zones = await zonesOfWearings(
    tx,
    worn.map(({ id }) => id),
  );
  const breaches = await tx
    .selectFrom('supervision.alerts as a')
    .innerJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
    .select(['w.subject_id', sql<number>`count(*)::int`.as('count')])
    .where('w.subject_id', 'in', subjects)
    .where('a.outcome', '=', 'breach')
    .where('a.from_at', '>', new Date(now - lookBackMs))
    .groupBy('w.subject_id')
    .execute();
  return new Map(
    requests.map(({ id, subject, from, to }) => {
      const wearings = new Set(worn.filter((own) => own.subject_id === subject).map((own) => own.id));
      const [begins, ends] = [from.getTime(), to?.getTime() ?? from.getTime() + staysMs];
      const holding = zones.filter(
        ({ wearing_id, schedule }) => wearings.has(wearing_id) && intervalsOf(schedule, begins, ends, timeZone).length > 0,
      );
      return [
        id,
        {
          rules: [...new Set(holding.map(({ name }) => name))],
          breaches: breaches.find(({ subject_id }) => subject_id === subject)?.count ?? 0,
        },
      ];
    }),
  );
}

/**
 * Answers a request with a reason, which the person reads. What is agreed for a while is an absence under each order that is in force
 * then: alerts within it are taken back. Other hours that are to stay are agreed in principle; the rule itself is changed by hand.
 */
export const decideRequest: Action<null, { id: number; agree: boolean; reason: string; now: number }, { subject: number; stays: boolean }> =
  {
    name: 'request.decide',
    room: 'supervision',
    purpose: 'monitoring',
    async run(context, _services, { id, agree, reason, now }) {
      const { tx, actor, note } = context;
      note({ kind: 'request', id });
      const found = await tx.selectFrom('supervision.requests').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (!found) throw new NotFoundError('There is no such request.');
      await noteSubject(context, { subject: found.subject_id });
      if (found.decision !== null)
        throw new InvalidError(
          found.decision === 'withdrawn' ? 'The person has taken this back.' : `${found.decided_by} has answered this already.`,
          `reason-${id}`,
        );
      if (reason.trim().length < 5) throw new InvalidError('Give the reason in a few words. The person reads it.', `reason-${id}`);
      const absences: number[] = [];
      if (agree && found.to_at) {
        if (found.to_at.getTime() <= now) throw new InvalidError('The time asked for is over. It can only be refused now.', `reason-${id}`);
        const orders = await tx
          .selectFrom('supervision.orders')
          .select('id')
          .where('subject_id', '=', found.subject_id)
          .where('starts_at', '<', found.to_at)
          .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', found.from_at)]))
          .execute();
        if (orders.length === 0)
          throw new InvalidError('No order is in force at that time, so nothing needs to be agreed.', `reason-${id}`);
        for (const order of orders)
          absences.push(
            (
              await grantAbsence(context, {
                orderId: order.id,
                from: found.from_at,
                to: found.to_at,
                reason: `${found.kind}: ${reason.trim()}`,
              })
            ).id,
          );
      }
      await tx
        .updateTable('supervision.requests')
        .set({
          decision: agree ? 'agreed' : 'refused',
          reason: reason.trim().slice(0, 1000),
          decided_by: actor.name,
          decided_at: new Date(now),
        })
        .where('id', '=', id)
        .execute();
      note(null, { agreed: agree, ...(absences.length > 0 ? { absences } : {}) });
      return { subject: found.subject_id, stays: agree && found.to_at === null };
    },
  };
