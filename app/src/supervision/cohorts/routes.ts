import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { dayIn } from '../../platform/days.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, idOf, invalidIn, orAgain, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { pagination, readPage } from '../../web/paging.ts';
import { addToCohort, beginCohort, changeCohort, grounds, letIntoCohort, limits, takeOffCohort } from './keep-cohort.ts';
import { listCohorts, type MemberWeek, readCohort } from './read-cohort.ts';

/** Each row reads a week of fixes: a page has few. */
const shownAtMost = 20;
/** How many weeks back can be looked at. */
const weeksBack = 26;

/** Named lists of people and their week: pages and CSV. */
export function cohortRoutes(app: FastifyInstance, web: WebKit, { secondReview }: { secondReview: boolean }): void {
  const { performer, fixes, timeZone } = web.waymark;
  const services = { fixes, timeZone, secondReview };
  const today = () => dayIn(timeZone);
  const told = (error: InvalidError | null) => (error ? { text: error.message, field: error.field } : null);
  const weekIn = (query: unknown) => {
    const { week } = (query ?? {}) as { week?: string };
    return Math.max(0, Math.min(weeksBack, Math.trunc(Number(week)) || 0));
  };

  const listPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const query = readPage(error ? {} : request.query);
    const found = await performer.perform(actorOf(request), listCohorts, null, { ...query, today: today() });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/cohorts/cohorts.njk', {
      ...found,
      grounds,
      draft,
      error: told(error),
      pagination: pagination('/cohorts', request.query, query.page, found.total),
    });
  };
  app.get('/cohorts', { config: { action: 'cohort.list', menu: { text: 'Lists of people', rank: 71 } } }, (request, reply) =>
    listPage(request, reply, null, {}),
  );
  app.post('/cohorts', { config: { action: 'cohort.keep' } }, async (request, reply) => {
    const [name, ground, reason, until] = textsOf(request.body, 'name', 'ground', 'reason', 'until');
    try {
      const { id } = await performer.perform(actorOf(request), beginCohort, null, { name, ground, reason, until, today: today() });
      web.notice(request, 'The list is begun. Now say who is on it.');
      return reply.redirect(`/cohorts/${id}`);
    } catch (error) {
      return listPage(request, reply, invalidIn(error), { name, ground, reason, until });
    }
  });

  const weekPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const { page } = readPage(request.query);
    const week = weekIn(request.query);
    const asked = { id: idIn(request), week, now: Date.now(), today: today(), limit: shownAtMost, offset: (page - 1) * shownAtMost };
    const found = await performer.perform(actorOf(request), readCohort, services, asked);
    return web.page(request, error ? reply.code(400) : reply, 'supervision/cohorts/cohort.njk', {
      ...found,
      weekBack: week,
      weeksBack,
      limits,
      draft,
      error: told(error),
      pagination: pagination(`/cohorts/${asked.id}`, request.query, page, found.cohort.members, shownAtMost),
    });
  };
  app.get('/cohorts/:id', { config: { action: 'cohort.read' }, schema: { params: Id } }, (request, reply) =>
    weekPage(request, reply, null, {}),
  );
  app.get('/cohorts/:id/week.csv', { config: { action: 'cohort.read' }, schema: { params: Id } }, async (request, reply) => {
    const rows: MemberWeek[] = [];
    const asked = { id: idIn(request), week: weekIn(request.query), now: Date.now(), today: today(), limit: shownAtMost };
    let week = { from: 0, to: 0 };
    // A few at a time, each in a transaction of its own: nobody else waits for the whole of it.
    for (let total = 1; rows.length < total; ) {
      const part = await performer.perform(actorOf(request), readCohort, services, { ...asked, offset: rows.length });
      total = part.cohort.members;
      week = part.week;
      if (part.rows.length === 0) break;
      rows.push(...part.rows);
    }
    const from = dayIn(timeZone, new Date(week.from));
    const csv = stringify(
      rows.map((row) => lineOf(row, from)),
      {
        header: true,
        columns: [
          'reference',
          'name',
          'week_of',
          'kept_h',
          'not_kept_h',
          'unknown_h',
          'out_kept_h',
          'out_not_kept_h',
          'out_unknown_h',
          'alerts',
          'open_alerts',
          'breaches',
          'present',
          'unknown',
          'excluded',
          'appointments',
          'missed',
        ],
      },
    );
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="list-${asked.id}-${from}.csv"`)
      .send(csv);
  });

  /** A form of the list's own page: done, and back to it. */
  const change = (path: string, action: string, work: (request: FastifyRequest, id: number) => Promise<string>, fields: string[]) =>
    app.post(`/cohorts/:id/${path}`, { config: { action }, schema: { params: Id } }, async (request, reply) => {
      const again = await orAgain(
        async () => web.notice(request, await work(request, idIn(request))),
        (error) =>
          weekPage(request, reply, error, Object.fromEntries(textsOf(request.body, ...fields).map((text, i) => [fields[i], text]))),
      );
      return again ?? reply.redirect(`/cohorts/${idIn(request)}`);
    });
  const and = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
  change(
    'members',
    'cohort.add',
    async (request, id) => {
      const [references, because] = textsOf(request.body, 'references', 'because');
      const { added, unknown, already } = await performer.perform(actorOf(request), addToCohort, null, {
        id,
        references,
        because,
        today: today(),
      });
      return [
        `${and(added, 'person was', 'people were')} put on the list. They see that they are on it, why, and until when.`,
        ...(already.length > 0 ? [`On it already: ${already.join(', ')}.`] : []),
        ...(unknown.length > 0 ? [`Not on record, or not for you to see: ${unknown.join(', ')}.`] : []),
      ].join(' ');
    },
    ['references', 'because'],
  );
  change(
    'off',
    'cohort.take-off',
    async (request, id) => {
      const [member, because] = textsOf(request.body, 'member', 'off-because');
      await performer.perform(actorOf(request), takeOffCohort, null, { id, member: idOf(member), because, today: today() });
      return 'They are off the list. That they were on it stays on record.';
    },
    ['member', 'off-because'],
  );
  change(
    'colleagues',
    'cohort.keep',
    async (request, id) => {
      const [colleague, leaves] = textsOf(request.body, 'colleague', 'leaves');
      const { name } = await performer.perform(actorOf(request), letIntoCohort, null, {
        id,
        colleague,
        leaves: leaves === 'yes',
        today: today(),
      });
      return leaves === 'yes' ? `${name} does not see the list any more.` : `${name} sees the list now.`;
    },
    ['colleague'],
  );
  change(
    'change',
    'cohort.keep',
    async (request, id) => {
      const [wish, until, colleague, because] = textsOf(request.body, 'change', 'until', 'colleague', 'end-because');
      const { change: done } = await performer.perform(actorOf(request), changeCohort, null, {
        id,
        change: wish,
        until,
        colleague,
        because,
        today: today(),
      });
      return {
        end: 'The list has ended. It shows nobody any more.',
        longer: 'The list lasts longer.',
        'hand over': 'The list is handed over.',
      }[done];
    },
    ['change', 'until', 'end-because'],
  );
}

function lineOf(row: MemberWeek, from: string): object {
  const hours = (ms: number) => (ms / 3_600_000).toFixed(2);
  const of = (verdict: string) => row.verdicts.filter((own) => own.verdict === verdict).length;
  return {
    reference: harmlessCell(row.reference),
    name: harmlessCell(row.name),
    week_of: from,
    kept_h: hours(row.stay.keptMs),
    not_kept_h: hours(row.stay.brokenMs),
    unknown_h: hours(row.stay.unknownMs),
    out_kept_h: hours(row.keepOut.keptMs),
    out_not_kept_h: hours(row.keepOut.brokenMs),
    out_unknown_h: hours(row.keepOut.unknownMs),
    alerts: row.alerts.all,
    open_alerts: row.alerts.open,
    breaches: row.alerts.breaches,
    present: of('present'),
    unknown: of('unknown'),
    excluded: of('excluded'),
    appointments: row.appointments.length,
    missed: row.appointments.filter(({ state }) => state === 'missed').length,
  };
}
