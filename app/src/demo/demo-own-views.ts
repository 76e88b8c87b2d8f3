import { sql } from 'kysely';
import type { Actor } from '../platform/access.ts';
import { withPurpose } from '../platform/database.ts';
import { ownActor } from '../platform/own-access.ts';
import { askRequest, makeAppointment, supervisionAccess } from '../supervision/index.ts';
import { supportAccess } from '../support/index.ts';
import type { Waymark } from '../waymark.ts';

const system = (purpose: Actor['purpose']): Actor => ({ id: 'system', name: 'Waymark', role: 'system', purpose });

const hourMs = 3_600_000;
const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };

/** The made-up accounts of the trial that belong to people in its data. */
const accounts = ['pe-1', 'pe-2'];

/**
 * Gives the trial's made-up people their own view: each account is one of the town's wearers and one of the people in its
 * agencies' records, by a code for each half, as a real account would be.
 */
export async function openOwnViews(waymark: Waymark): Promise<void> {
  const { performer, database, folder } = waymark;
  const secret = folder.secret('own');
  const people = await withPurpose(database.db, 'support', 'support', (tx) =>
    sql<{ id: number }>`
      SELECT person_id AS id FROM support.person_summaries WHERE low > 0 AND age BETWEEN 16 AND 20 ORDER BY low DESC, person_id LIMIT 2`.execute(
      tx,
    ),
  );
  const subjects = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
    sql<{ id: number }>`
      SELECT w.subject_id AS id FROM supervision.wearings w JOIN supervision.orders o ON o.subject_id = w.subject_id
        JOIN supervision.zone_orders z ON z.order_id = o.id WHERE w.ends_at IS NULL
        GROUP BY w.subject_id ORDER BY count(*) DESC, w.subject_id LIMIT 2`.execute(tx),
  );
  for (const [i, account] of accounts.entries()) {
    const [person, subject] = [people.rows[i]?.id, subjects.rows[i]?.id];
    if (person) {
      const { code } = await performer.perform(system('support'), supportAccess.invite, null, { id: person });
      await performer.perform(ownActor(secret, account, 'support'), supportAccess.redeem, null, { code });
    }
    if (subject) {
      const { code } = await performer.perform(system('monitoring'), supervisionAccess.invite, null, { id: subject });
      const own = ownActor(secret, account, 'supervision');
      await performer.perform(own, supervisionAccess.redeem, null, { code });
      // Each asks for something and has somewhere to be, as on any day.
      const now = Date.now();
      const from = new Date(Math.ceil(now / hourMs + 40 + 24 * i) * hourMs);
      await performer.perform(own, askRequest, null, {
        kind: i === 0 ? 'work' : 'funeral',
        from,
        to: new Date(from.getTime() + 5 * hourMs),
        said:
          i === 0
            ? 'I have a trial shift at the bakery, from five in the morning.'
            : 'My uncle’s funeral is in Carrow, and the train back is late.',
        now,
      });
      await performer.perform(officer, makeAppointment, null, {
        subjectId: subject,
        kind: i === 0 ? 'check a tag' : 'attend',
        startsAt: new Date(Math.ceil(now / hourMs + 20 + 5 * i) * hourMs),
        minutes: 30,
        place: i === 0 ? 'At home' : 'Probation office, 4 Weir Street',
        note: '',
        officer: '',
        now,
      });
    }
  }
}
