import { InvalidError } from '../../platform/action.ts';
import { isDay } from '../../platform/days.ts';
import type { ProposedConditions, Spot } from '../schema/proposed-conditions.ts';
import { orderKinds } from '../subjects/index.ts';

export interface ProposalInput {
  reference: string;
  kind: string;
  releaseOn: string;
  months: string;
  home: string;
  homeLat: string;
  homeLon: string;
  signal: string;
  power: string;
  curfewFrom: string;
  curfewTo: string;
  work: string;
  workLat: string;
  workLon: string;
  workFrom: string;
  workTo: string;
  keepOut: string;
}

export const proposalFields = [
  ...(['reference', 'kind', 'releaseOn', 'months', 'home', 'homeLat', 'homeLon', 'signal', 'power', 'curfewFrom', 'curfewTo'] as const),
  ...(['work', 'workLat', 'workLon', 'workFrom', 'workTo', 'keepOut'] as const),
];

const clock = (text: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.')));
const mostAreas = 10;

function spotOf(name: string, lat: string, lon: string, fields: { name: string; lat: string; lon: string }): Spot {
  const called = name.trim().slice(0, 200);
  if (called.length < 3) throw new InvalidError('Enter the address, or what the place is called.', fields.name);
  const [latitude, longitude] = [number(lat), number(lon)];
  if (!(Math.abs(latitude) <= 90))
    throw new InvalidError('Nothing on record is called that. Enter its latitude in degrees, between -90 and 90.', fields.lat);
  if (!(Math.abs(longitude) <= 180)) throw new InvalidError('Enter its longitude in degrees, between -180 and 180.', fields.lon);
  return { name: called, lat: latitude, lon: longitude };
}

/** What a form says, as it is kept. @throws InvalidError naming the field and what to do */
export function readProposal(input: ProposalInput): {
  reference: string;
  kind: string;
  release_on: string;
  months: number;
  conditions: ProposedConditions;
} {
  const reference = input.reference.trim().slice(0, 40);
  if (!/^[\w./ -]{3,40}$/.test(reference))
    throw new InvalidError('Enter the number that the prison has for the person, such as A1234BC. No name.', 'reference');
  if (!(orderKinds as readonly string[]).includes(input.kind)) throw new InvalidError('Choose the kind of order.', 'kind');
  if (!isDay(input.releaseOn)) throw new InvalidError('Give the day of the release, such as 2027-01-15.', 'releaseOn');
  const months = Number(input.months);
  if (!(Number.isInteger(months) && months >= 1 && months <= 60)) throw new InvalidError('Give whole months, from 1 to 60.', 'months');
  const home = spotOf(input.home, input.homeLat, input.homeLon, { name: 'home', lat: 'homeLat', lon: 'homeLon' });
  const percent = number(input.signal.replace('%', ''));
  if (input.signal.trim() !== '' && !(percent >= 0 && percent <= 100))
    throw new InvalidError('Give the share of the day in percent, from 0 to 100; or leave it empty.', 'signal');
  const hours = (from: string, to: string, field: string) => {
    if (from.trim() === '' && to.trim() === '') return null;
    if (!clock(from.trim()) || !clock(to.trim()) || from.trim() === to.trim())
      throw new InvalidError('Give both hours by the clock, such as 19:00 and 07:00.', field);
    return { from: from.trim(), to: to.trim() };
  };
  const work =
    input.work.trim() === ''
      ? null
      : { ...spotOf(input.work, input.workLat, input.workLon, { name: 'work', lat: 'workLat', lon: 'workLon' }) };
  const workHours = hours(input.workFrom, input.workTo, 'workFrom');
  if (work && !workHours) throw new InvalidError('Give the hours of the work, such as 08:00 and 16:30.', 'workFrom');
  return {
    reference,
    kind: input.kind,
    release_on: input.releaseOn,
    months,
    conditions: {
      home,
      signal: Number.isNaN(percent) ? null : percent / 100,
      power: input.power === 'yes' ? true : input.power === 'no' ? false : null,
      curfew: hours(input.curfewFrom, input.curfewTo, 'curfewFrom'),
      work: work && workHours ? { ...work, ...workHours } : null,
      keepOut: areasOf(input.keepOut),
    },
  };
}

/** One area a line: what it is called, latitude, longitude, metres. */
function areasOf(text: string): ProposedConditions['keepOut'] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > mostAreas) throw new InvalidError(`Give at most ${mostAreas} areas.`, 'keepOut');
  return lines.map((line, i) => {
    const parts = line.split(';').map((part) => part.trim());
    const [name = '', lat = '', lon = '', radius = ''] = parts;
    const wrong = (what: string) => new InvalidError(`Line ${i + 1}: ${what}. Write: name; latitude; longitude; metres.`, 'keepOut');
    if (name.length < 2) throw wrong('it has no name');
    if (!(Math.abs(number(lat)) <= 90)) throw wrong(`“${lat.slice(0, 20)}” is no latitude`);
    if (!(Math.abs(number(lon)) <= 180)) throw wrong(`“${lon.slice(0, 20)}” is no longitude`);
    if (!(number(radius) >= 20 && number(radius) <= 100_000)) throw wrong(`“${radius.slice(0, 20)}” is no distance from 20 to 100000`);
    return { name: name.slice(0, 100), lat: number(lat), lon: number(lon), radiusM: Math.round(number(radius)) };
  });
}

/** The conditions, a sentence each. */
export function inSentences({ home, curfew, work, keepOut }: ProposedConditions, months: number): string[] {
  return [
    `Wear a tag for ${months} ${months === 1 ? 'month' : 'months'}, and keep it charged.`,
    ...(curfew ? [`Be at ${home.name} every day from ${curfew.from} to ${curfew.to}.`] : []),
    ...keepOut.map(({ name, radiusM }) => `Keep out of ${name}, within ${radiusM.toLocaleString('en-GB')} metres, at all times.`),
    ...(work ? [`Work at ${work.name} from ${work.from} to ${work.to}.`] : []),
  ];
}
