import type { Actor } from '../platform/access.ts';
import { dayAfter, todayOf } from '../platform/days.ts';
import { addToCohort, beginCohort, listSubjects } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';

const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const manager: Actor = { id: 'om-1', name: 'Grace Lindqvist', role: 'offender-manager', purpose: 'offender-management' };
const onTheList = 10;

/** A list of ten people of the town whom police and probation manage together. */
export async function beginList(waymark: Waymark): Promise<void> {
  const { performer } = waymark;
  const everybody = { sort: 'reference' as const, descending: false, limit: onTheList, offset: 0 };
  const { rows } = await performer.perform(officer, listSubjects, null, everybody);
  const today = todayOf(waymark);
  const { id } = await performer.perform(manager, beginCohort, null, {
    name: 'Burglary, Tarn valley',
    ground: 'offender management',
    reason: 'Police and probation plan together for people who were convicted of several burglaries.',
    until: dayAfter(today, 180),
    today,
  });
  await performer.perform(manager, addToCohort, null, {
    id,
    references: rows.map(({ reference }) => reference).join(' '),
    because: 'Chosen by the panel after several burglaries.',
    today,
  });
}
