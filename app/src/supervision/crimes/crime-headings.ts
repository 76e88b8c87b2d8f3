import type { CrimeField } from '../schema/tables.ts';
import { crimeTypes } from './crime-types.ts';

export type { CrimeField };

/** Headings under which police systems export each, letters and digits only, small letters. The first is our own. */
const headings: Record<CrimeField, readonly string[]> = {
  reference: [
    'reference',
    'crimeref',
    'crimereference',
    'crimerefno',
    'crimenumber',
    'crimeno',
    'crimeid',
    'ref',
    'refno',
    'urn',
    'occurrence',
    'occurrenceno',
    'occurrencenumber',
    'incidentref',
    'incidentno',
    'incidentnumber',
    'nicheref',
  ],
  type: [
    'type',
    'offence',
    'offencetype',
    'offencecode',
    'offencedescription',
    'crimetype',
    'crime',
    'category',
    'hooffence',
    'classification',
  ],
  from: [
    'from',
    'start',
    'starts',
    'startdate',
    'startdatetime',
    'datefrom',
    'datetimefrom',
    'fromdate',
    'fromdatetime',
    'committedfrom',
    'earliest',
    'offencefrom',
    'begin',
    'begins',
  ],
  // The time of day, where the date has a column of its own; where it has none, the whole moment.
  from_time: ['fromtime', 'starttime', 'timefrom', 'timestart', 'offencetimefrom', 'committedtimefrom', 'begintime'],
  to_time: ['totime', 'endtime', 'timeto', 'timeend', 'offencetimeto', 'committedtimeto', 'untiltime'],
  to: [
    'to',
    'end',
    'ends',
    'enddate',
    'enddatetime',
    'dateto',
    'datetimeto',
    'todate',
    'todatetime',
    'committedto',
    'latest',
    'offenceto',
    'until',
  ],
  easting: ['easting', 'eastings', 'east', 'gridx', 'osgbx', 'bngx', 'osx', 'xosgb', 'locationeasting'],
  northing: ['northing', 'northings', 'north', 'gridy', 'osgby', 'bngy', 'osy', 'yosgb', 'locationnorthing'],
  latitude: ['latitude', 'lat', 'y', 'wgs84lat', 'gpslat', 'latdeg'],
  longitude: ['longitude', 'lon', 'lng', 'long', 'x', 'wgs84lon', 'gpslon', 'londeg'],
  uncertainty_m: ['uncertaintym', 'uncertainty', 'accuracy', 'accuracym', 'radius', 'radiusm', 'precision'],
  text: ['text', 'notes', 'note', 'description', 'mo', 'summary', 'details', 'comments', 'crimetext'],
  force: ['force', 'policeforce', 'forcename', 'forcecode'],
};

export const plain = (heading: string): string => heading.toLowerCase().replace(/[^a-z0-9]+/g, '');

export interface ReadHeadings {
  /** Where each field stands among the columns. */
  at: Partial<Record<CrimeField, number>>;
  /** Headings that are not our own, with what they were read as. */
  guessed: [heading: string, field: CrimeField][];
  /** Headings that are read as nothing. */
  unread: string[];
  /** Fields that two columns could hold. */
  doubled: { field: CrimeField; headings: string[] }[];
}

/** What each column holds, by its heading without spaces and signs, as somebody said it; `none`: it is not read. */
export type Columns = Readonly<Record<string, CrimeField | 'none'>>;

/** What a column can hold, for whoever says so. */
export const fieldsInWords: Record<CrimeField, string> = {
  reference: 'Reference of the crime',
  type: 'Offence',
  from: 'Begins: date, or date and time',
  from_time: 'Begins: time of day',
  to: 'Ends: date, or date and time',
  to_time: 'Ends: time of day',
  latitude: 'Latitude',
  longitude: 'Longitude',
  easting: 'Easting',
  northing: 'Northing',
  uncertainty_m: 'How far off the place may be, metres',
  text: 'Text',
  force: 'Force',
};
export const isField = (text: string): text is CrimeField => Object.hasOwn(fieldsInWords, text);

/** By which a file of the same system is known again: its headings, in any order. */
export const layoutOf = (header: readonly string[]): string => [...new Set(header.map(plain).filter((own) => own !== ''))].sort().join(' ');

/**
 * Which column holds what, told from its heading.
 * @param columns what somebody said goes before what is guessed
 */
export function readHeadings(header: readonly string[], columns: Columns = {}): ReadHeadings {
  const read: ReadHeadings = { at: {}, guessed: [], unread: [], doubled: [] };
  const taken = new Map<CrimeField, string[]>();
  header.forEach((heading, i) => {
    const said = Object.hasOwn(columns, plain(heading)) ? columns[plain(heading)] : undefined;
    if (said === 'none') return;
    const field = said ?? (Object.keys(headings) as CrimeField[]).find((own) => headings[own].includes(plain(heading)));
    if (!field) {
      if (heading.trim() !== '') read.unread.push(heading.trim());
      return;
    }
    const others = taken.get(field);
    if (others) {
      others.push(heading.trim());
      return;
    }
    taken.set(field, [heading.trim()]);
    read.at[field] = i;
    if (said === undefined && heading.trim().toLowerCase() !== field) read.guessed.push([heading.trim(), field]);
  });
  for (const [whole, part] of [
    ['from', 'from_time'],
    ['to', 'to_time'],
  ] as const) {
    // A time without a date beside it may be the moment.
    if (read.at[whole] !== undefined || read.at[part] === undefined) continue;
    read.at[whole] = read.at[part];
    delete read.at[part];
    for (const own of read.guessed) if (own[1] === part) own[1] = whole;
  }
  for (const [field, all] of taken) if (all.length > 1) read.doubled.push({ field, headings: all });
  return read;
}

/** Offences in words, as forces write them, to the code of the crime-matching batch. */
const offences: readonly (readonly [RegExp, string])[] = [
  [/^aggravatedburglary/, 'AB'],
  [/^(robbery|personalrobbery|businessrobbery|assaultwithintenttorob)/, 'RB'],
  [/^(burglaryinadwelling|burglarydwelling|burglaryresidential|residentialburglary|domesticburglary|dwellingburglary)/, 'BIAD'],
  [
    /^(burglaryother|burglaryotherthaninadwelling|burglarynondwelling|burglarybusiness|burglarybusinessandcommunity|nonresidentialburglary|commercialburglary)/,
    'BOTD',
  ],
  [/^(theftfromthe|theftfroma)?(motor)?vehiclefrom$|^theftfrom(a|the)?(motor)?vehicle|^theftfrommv|^tfmv/, 'TFMV'],
  [
    /^theftof(a|the)?(motor)?vehicle|^theftortakingofa?(motor)?vehicle|^(un)?authorisedtakingofa?(motor)?vehicle|^vehicletheft|^tomv/,
    'TOMV',
  ],
  [/^theftfrom(the|a)?person|^theftperson|^tfp/, 'TFP'],
];

/** The code of a crime type given as a code or in words; null where it is neither. Empty stays empty. */
export function crimeTypeOf(text: string): string | null {
  const code = text.trim().toUpperCase();
  if (code === '' || Object.hasOwn(crimeTypes, code)) return code;
  const words = plain(text);
  return (
    Object.keys(crimeTypes).find((own) => plain(crimeTypes[own] as string) === words) ??
    offences.find(([pattern]) => pattern.test(words))?.[1] ??
    null
  );
}
