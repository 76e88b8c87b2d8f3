import type { Actor } from '../platform/access.ts';
import { todayOf } from '../platform/days.ts';
import { countDaysKept, keepCharacteristics, listSubjects, publishFigures } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';

const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const system: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'fairness' };

/** What the town's made-up people say of themselves, in turn; no name and no conduct goes with it. */
const ethnicities = ['White', 'White', 'Asian', 'White', 'Black', 'White', 'White', 'not said', 'White', 'Mixed'];

/** Has the town's people say who they are, and publishes the figures of its fortnight. */
export async function publishFirstFigures(waymark: Waymark): Promise<void> {
  const { performer, timeZone } = waymark;
  const everybody = { sort: 'reference' as const, descending: false, limit: 500, offset: 0 };
  const { rows } = await performer.perform(officer, listSubjects, null, everybody);
  const lines = rows.map(({ reference }, i) =>
    [reference, ethnicities[(i * 7) % ethnicities.length], i % 5 === 0 ? 'female' : 'male', i % 3 === 0 ? 'yes' : 'no'].join(','),
  );
  const text = `reference,ethnicity,sex,disability\n${lines.join('\n')}\n`;
  await performer.perform(system, keepCharacteristics, null, { text, source: 'said by themselves when the tag was fitted' });
  await countDaysKept(performer, waymark, { ...system, purpose: 'monitoring' }, Date.now());
  await performer.perform(system, publishFigures, { timeZone }, { today: todayOf(waymark) });
}
