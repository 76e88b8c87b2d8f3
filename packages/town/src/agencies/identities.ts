import type { Random } from '../chance/random.ts';

/** An address, with a postcode in an area that the Royal Mail has not given out. */
export interface Home {
  address: string;
  postcode: string;
}

const streets =
  'High Church Station Mill Park Victoria Albert London Manor Queens Kings Green Orchard Meadow Springfield Windsor Chapel School North South East West Bridge Cross Grange Highfield Kingsway Linden Maple Nursery Oak Poplar Rectory Sycamore Tudor Vicarage Waterside Willow York Abbey Beech Cedar Derby Elm Fern'.split(
    ' ',
  );
const kinds = ['Road', 'Street', 'Lane', 'Avenue', 'Close', 'Drive', 'Way', 'Terrace', 'Gardens', 'Crescent'];
// By form postcodes like any other; areas that the Royal Mail has not given out.
const areas = ['HQ', 'LQ', 'NQ', 'TX', 'WX', 'YQ'];
const inward = 'ABDEFGHJLNPQRSTUWXYZ';
export function homeOf(random: Random): Home {
  const flat = random.chance(0.12) ? `Flat ${random.integer(1, 30)}, ` : '';
  const address = `${flat}${random.integer(1, 180)} ${random.pick(streets)} ${random.pick(kinds)}`;
  const end = inward[random.integer(0, inward.length - 1)] as string;
  const middle = inward[random.integer(0, inward.length - 1)] as string;
  return { address, postcode: `${random.pick(areas)}${random.integer(1, 40)} ${random.integer(1, 9)}${middle}${end}` };
}

export function dateIn(random: Random, year: number): string {
  return new Date(Date.UTC(year, 0, random.integer(1, 365))).toISOString().slice(0, 10);
}

const handles =
  'sunny river panda rocket tiger maple comet pixel otter ember falcon pepper willow storm lucky cosmic bramble kestrel'.split(' ');

export function emailOf(random: Random, forename: string, surname: string): string {
  const start = random.pick([
    `${forename}.${surname}`,
    `${forename[0]}${surname}`,
    `${surname}${forename[0]}`,
    `${random.pick(handles)}${random.pick(handles)}`,
  ]);
  return `${start}${random.integer(1, 9999)}@${random.pick(['post', 'mail', 'letters', 'inbox'])}.example`.toLowerCase();
}

/** From the range that Ofcom keeps for drama. */
export function phoneOf(random: Random): string {
  return `07700 900${String(random.integer(0, 999)).padStart(3, '0')}`;
}

/** Ten digits with a right check digit, from the block that the NHS keeps for tests: they begin with 999. */
export function nhsNumber(random: Random): string {
  for (;;) {
    const digits = `999${String(random.integer(0, 999_999)).padStart(6, '0')}`;
    let sum = 0;
    for (let i = 0; i < 9; i++) sum += Number(digits[i]) * (10 - i);
    const check = (11 - (sum % 11)) % 11;
    if (check < 10) return digits + String(check);
  }
}

const upnLetters = 'ABCDEFGHJKLMNPQRTUVWXYZ';

/** A unique pupil number with a right check letter, from local authorities that do not exist. */
export function upnOf(random: Random): string {
  const digits = `9${String(random.integer(0, 99)).padStart(
    2,
    '0',
  )}${String(random.integer(0, 9999)).padStart(4, '0')}${String(random.integer(0, 99_999)).padStart(5, '0')}`;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += Number(digits[i]) * (i + 2);
  return (upnLetters[sum % 23] as string) + digits;
}
