import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { noteSubject } from '../subjects/index.ts';
import { appointmentKinds, appointmentOutcomes } from './appointment.ts';

const lastsAtMostMs = 12 * 3_600_000;
const aheadMs = 366 * 86_400_000;

/** Officers who have signed in, and so can be given an appointment. */
export async function officersOf(tx: Tx): Promise<{ actor: string; name: string }[]> {
  const { rows } = await sql<{ actor: string; name: string }>`
    SELECT actor, name FROM platform.staff WHERE role = 'monitoring-officer' AND seen_at > now() - interval '90 days' ORDER BY name`.execute(
    tx,
  );
  return rows;
}

/** Plans a visit or an appointment with a subject. @param minutes how long it lasts */
export const makeAppointment: Action<
  null,
  { subjectId: number; kind: string; startsAt: Date; minutes: number; place: string; note: string; officer: string; now: number },
  { id: number; alsoThen: string | null }
> = {
  name: 'appointment.make',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { subjectId, kind, startsAt, minutes, place, note: more, officer, now }) {
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const subject = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', subjectId).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const chosen = appointmentKinds.find((own) => own === kind);
    if (!chosen) throw new InvalidError('Choose what it is for.', 'kind');
    if (Number.isNaN(startsAt.getTime())) throw new InvalidError('Enter when it begins, for example 2026-09-07 18:00.', 'startsAt');
    if (startsAt.getTime() < now) throw new InvalidError('It must lie ahead. What has been is told on the page of the person.', 'startsAt');
    if (startsAt.getTime() > now + aheadMs) throw new InvalidError('It must lie within a year.', 'startsAt');
    if (!(minutes >= 5 && minutes * 60_000 <= lastsAtMostMs)) throw new InvalidError('It can last from 5 minutes to 12 hours.', 'minutes');
    if (place.trim().length < 2) throw new InvalidError('Enter where: an address, or the name of an office.', 'place');
    const who = officer === '' ? { actor: actor.id, name: actor.name } : (await officersOf(tx)).find((own) => own.actor === officer);
    if (!who) throw new InvalidError('Choose an officer who has signed in here lately.', 'officer');
    const { rows: hidden } = await sql`SELECT FROM supervision.hidden_subjects(${who.actor}) AS h(id) WHERE h.id = ${subjectId}`.execute(
      tx,
    );
    if (hidden.length > 0)
      throw new InvalidError(
        `${who.name} may not see this case, so it would not be in their diary. Choose somebody else, or let them see it first.`,
        'officer',
      );
    const endsAt = new Date(startsAt.getTime() + minutes * 60_000);
    const [same] = await tx
      .selectFrom('supervision.appointments')
      .select('starts_at')
      .where('officer', '=', who.actor)
      .where('state', '=', 'planned')
      .where('starts_at', '<', endsAt)
      .where('ends_at', '>', startsAt)
      .limit(1)
      .execute();
    const { id } = await tx
      .insertInto('supervision.appointments')
      .values({
        subject_id: subjectId,
        kind: chosen,
        starts_at: startsAt,
        ends_at: endsAt,
        place: place.trim().slice(0, 300),
        note: more.trim().slice(0, 500),
        officer: who.actor,
        officer_name: who.name,
        made_by: actor.name,
        settled_by: null,
        settled_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note(null, { appointment: id });
    return { id, alsoThen: same ? who.name : null };
  },
};

/** Says what became of an appointment. Once said it can be said otherwise, with a reason; both stay in the audit. */
export const settleAppointment: Action<null, { id: number; outcome: string; said: string; now: number }, { subject: number }> = {
  name: 'appointment.settle',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { id, outcome, said, now }) {
    note({ kind: 'appointment', id });
    const found = await tx
      .selectFrom('supervision.appointments')
      .select(['subject_id', 'state', 'starts_at'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!found) throw new NotFoundError('There is no such appointment.');
    await noteSubject({ tx, actor, access, note }, { subject: found.subject_id });
    const chosen = appointmentOutcomes.find((own) => own === outcome);
    if (!chosen) throw new InvalidError('Choose how it went.', `outcome-${id}`);
    if (chosen !== 'called off' && found.starts_at.getTime() > now)
      throw new InvalidError('It has not begun yet. Until then it can only be called off.', `outcome-${id}`);
    const needsWords = chosen === 'missed' || chosen === 'missed with good reason' || found.state !== 'planned';
    if (needsWords && said.trim().length < 3) throw new InvalidError('Say why in a few words. The person reads it.', `said-${id}`);
    await tx
      .updateTable('supervision.appointments')
      .set({ state: chosen, said: said.trim().slice(0, 500), settled_by: actor.name, settled_at: new Date(now) })
      .where('id', '=', id)
      .execute();
    note(null, { state: chosen, before: found.state });
    return { subject: found.subject_id };
  },
};
