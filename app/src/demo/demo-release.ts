import type { Actor } from '../platform/access.ts';
import { dayAfter, todayOf } from '../platform/days.ts';
import { keepProposal } from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';

const governor: Actor = { id: 'go-1', name: 'Iris Calloway', role: 'governor', purpose: 'release-planning' };

/** A release on a tag that somebody thinks about, with things that stand in the way. */
export async function proposeRelease(waymark: Waymark): Promise<void> {
  const { performer, gazetteer, addressService } = waymark;
  const releaseOn = dayAfter(todayOf(waymark), 12);
  const input = {
    ...{ reference: 'A4417CX', kind: 'licence condition', releaseOn, months: '6' },
    ...{
      home: '14 Kiln Street, Tarnbridge',
      homeLat: '53.0905',
      homeLon: '-1.8152',
      signal: '61',
      power: 'yes',
      curfewFrom: '19:00',
      curfewTo: '07:00',
    },
    ...{ work: 'Tarn Bakery', workLat: '53.0985', workLon: '-1.8120', workFrom: '08:00', workTo: '16:30' },
    keepOut: 'Market square; 53.0945; -1.8138; 200',
  };
  await keepProposal(performer, governor, { gazetteer, addressService }, { id: null, input });
}
