import { declareOrder, declareSubject, declareTag } from '../src/supervision/index.ts';
import { openWearing } from '../src/supervision/subjects/wearings.ts';
import { declareZone } from '../src/supervision/zones/declare-zone.ts';
import type { Waymark } from '../src/waymark.ts';
import { officer } from './actors.ts';

/** Somebody under an order since September, with a tag and a curfew at home from 19:00 to 07:00. */
export async function wearerForTest({ performer, intake, live }: Waymark, reference: string) {
  const services = { intake };
  const { id: subjectId } = await performer.perform(officer, declareSubject, null, { reference, name: `Person ${reference}` });
  const { id: orderId } = await performer.perform(officer, declareOrder, services, {
    subjectId,
    kind: 'community order',
    authority: 'Tarn Court',
    startsAt: new Date('2026-09-01T00:00:00Z'),
    endsAt: null,
  });
  const serial = `T-${reference}`;
  await performer.perform(officer, declareTag, services, { serial, model: 'Test' });
  await performer.perform(officer, openWearing, services, { subjectId, orderId, serial, startsAt: new Date('2026-09-02T00:00:00Z') });
  await performer.perform(officer, declareZone, { live }, {
    orderId,
    name: `Home of ${reference}`,
    kind: 'curfew',
    area: { kind: 'circle', lon: -1.5, lat: 53.8, radiusM: 200 },
    hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '19:00', to: '07:00' }],
    effectiveAt: new Date('2026-09-03T00:00:00Z'),
    reason: 'the order',
  } as never);
  /** A fix of now, at home. */
  const fix = async ({ battery = 0.9, at = Date.now() - 1000 }: { battery?: number; at?: number } = {}) => {
    const none = Number.NaN;
    const more = { speedMps: none, headingDeg: none, method: 0, seq: none, events: null };
    await intake.accept(
      { fixes: [{ tag: serial, at, lat: 53.8, lon: -1.5, accuracyM: 8, battery, ...more }], unreadable: [] },
      { kind: 'tag', serial },
    );
    await live.settled();
  };
  return { subjectId, orderId, serial, fix };
}
