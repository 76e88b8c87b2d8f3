import { type Area, faultsOf } from '@waymark/presence';
import { InvalidError } from '../../platform/action.ts';
import { breather } from '../../platform/breathe.ts';
import { csvRows } from '../../platform/csv-rows.ts';
import { isDay } from '../../platform/days.ts';
import { contactKinds, type Identity, readIdentity, readPhone } from '../contacts/index.ts';
import { readTime } from '../fixes/decode/index.ts';
import type { ZoneKind } from '../schema/tables.ts';
import { orderKinds } from '../subjects/index.ts';
import { checkZone, readCircle, type ZoneDraft } from '../zones/index.ts';
import { type Further, isFurther, readFurther } from './read-further.ts';

/** What a row may say, under these headings; those with a star must be there. */
export const subjectColumns = {
  reference: { needed: true, says: 'the number by which your system knows the person: the same again is the same person' },
  name: { needed: true, says: 'full name' },
  born_on: { needed: false, says: 'date of birth, 1994-03-27' },
  also_known_as: { needed: false, says: 'other names' },
  pnc: { needed: false, says: 'PNC number' },
  crn: { needed: false, says: 'CRN' },
  prison_number: { needed: false, says: 'prison number' },
  languages: { needed: false, says: 'what they speak and read' },
  phone: { needed: false, says: 'their own number' },
  address: { needed: false, says: 'where they live' },
  order_kind: { needed: true, says: `one of: ${orderKinds.join(', ')}` },
  authority: { needed: true, says: 'court or body that made the order' },
  order_from: { needed: true, says: 'when the order begins, 2026-09-07 09:00' },
  order_to: {
    needed: false,
    says: 'when it ends; empty leaves it as it is, or for a new order says that it has no end; none takes an end away',
  },
  officer_name: { needed: false, says: 'who is responsible' },
  officer_phone: { needed: false, says: 'the number at which the person rings them' },
  team: { needed: false, says: 'team or office, in words' },
  tag: { needed: false, says: 'serial number of the tag that they wear; one that is not known is registered' },
  fitted_at: { needed: false, says: 'when it was fitted' },
  taken_off_at: { needed: false, says: 'when that tag came off' },
  tag_state: { needed: false, says: 'what becomes of it then: removed (to be checked; where this is empty), in stock, faulty or lost' },
  tag_note: { needed: false, says: 'what happened to it, where it is faulty or lost' },
  contact_who: { needed: false, says: `whose number it is: ${contactKinds.join(', ')}; more numbers of a person are more rows of theirs` },
  contact_name: { needed: false, says: 'who answers' },
  contact_phone: { needed: false, says: 'the number to ring' },
  contact_note: { needed: false, says: 'worth knowing' },
  contact_ended: { needed: false, says: 'yes: it is not to be rung any more' },
  absence_from: { needed: false, says: 'from when they may be away; more absences of a person are more rows of theirs' },
  absence_to: { needed: false, says: 'until when' },
  absence_reason: { needed: false, says: 'why' },
  if_version: { needed: false, says: 'the version that you know of this person: one that was changed since is left as it is' },
  zone: { needed: false, says: 'name of a zone; more zones of a person are more rows of theirs' },
  zone_kind: { needed: false, says: 'exclusion, inclusion or curfew' },
  zone_lat: { needed: false, says: 'latitude of its middle' },
  zone_lon: { needed: false, says: 'longitude of its middle' },
  zone_radius_m: { needed: false, says: 'metres' },
  zone_days: { needed: false, says: 'days, 1 for Monday to 7 for Sunday: 12345' },
  zone_from: { needed: false, says: 'from when on those days, 19:00' },
  zone_to: { needed: false, says: 'until when, 07:00' },
} as const;
export type SubjectColumn = keyof typeof subjectColumns;
export type SubjectCells = Partial<Record<SubjectColumn, string>>;

/** What is wrong with a row: where, and what to do. */
export interface RowProblem {
  row: number;
  field: string;
  value: string;
  message: string;
}

/** A person as a file has them, from one row or more. */
export interface SubjectDraft extends Further {
  row: number;
  reference: string;
  identity: Omit<Identity, 'atTheDoor'>;
  phone: string;
  address: string;
  /** `saysEnd`: whether an end, or that there is none, stands there at all. */
  order: { kind: string; authority: string; startsAt: Date; endsAt: Date | null; saysEnd: boolean };
  officer: { name: string; phone: string; team: string } | null;
  tag: { serial: string; fittedAt: Date } | null;
  zones: (ZoneDraft & { row: number; kind: ZoneKind })[];
  /** Empty where whoever sends it does not ask. */
  ifVersion: string;
}

/** Rows of a CSV file by their headings. What cannot be read as CSV is told with its line. */
export function readSubjectCsv(text: string): { rows: { row: number; cells: SubjectCells }[]; problems: RowProblem[] } {
  const [header, ...others] = csvRows(text.replace(/^\uFEFF/, '')).rows;
  if (!header || !('cells' in header)) throw new InvalidError('The file is empty, or its first line cannot be read as CSV.', 'file');
  const names = header.cells.map((cell) =>
    cell
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const missing = Object.entries(subjectColumns).flatMap(([name, { needed }]) => (needed && !names.includes(name) ? [name] : []));
  if (missing.length > 0) throw new InvalidError(`The first line lacks the headings ${missing.join(', ')}.`, 'file');
  const doubled = names.filter((name, i) => name !== '' && names.indexOf(name) < i);
  if (doubled.length > 0) throw new InvalidError(`The first line has ${doubled.join(', ')} more than once. Leave one of each.`, 'file');
  const problems = unknownColumns(names, 1);
  const rows: { row: number; cells: SubjectCells }[] = [];
  for (const line of others) {
    if (!('cells' in line)) {
      problems.push({
        row: line.line,
        field: 'row',
        value: line.text.slice(0, 100),
        message: `${line.problem} Mend the row and send it again.`,
      });
      continue;
    }
    if (line.cells.every((cell) => cell.trim() === '')) continue;
    const over = line.cells.slice(names.length).filter((cell) => cell.trim() !== '');
    if (over.length > 0) {
      const message = `The row has ${line.cells.length} cells, and the first line ${names.length}. Is a comma in a cell without quotation marks?`;
      problems.push({ row: line.line, field: 'row', value: over.join(',').slice(0, 100), message });
      continue;
    }
    const cells = Object.fromEntries(names.map((name, i) => [name, (line.cells[i] ?? '').trim()]));
    rows.push({ row: line.line, cells });
  }
  return { rows, problems };
}

/** Nothing is left out without a word. */
export function unknownColumns(names: Iterable<string>, row: number): RowProblem[] {
  return [...new Set(names)]
    .filter((name) => name !== '' && !Object.hasOwn(subjectColumns, name))
    .map((name) => ({ row, field: name.slice(0, 60), value: '', message: 'This column is not known, and nothing of it was read.' }));
}

/**
 * People as rows say them. A row that cannot be used is told with its place, value and remedy, and costs its own person and nobody else;
 * further rows of the same reference add their zones, numbers and absences, and must not say otherwise of anything else.
 *
 * @param zone where times without an offset were
 */
export async function readSubjectRows(
  rows: readonly { row: number; cells: SubjectCells }[],
  zone: string,
): Promise<{ drafts: SubjectDraft[]; problems: RowProblem[] }> {
  const breathe = breather();
  const drafts = new Map<string, SubjectDraft>();
  /** The first row of each person, and of each tag. */
  const firsts = new Map<string, { row: number; cells: SubjectCells }>();
  const wears = new Map<string, { row: number; reference: string }>();
  const problems: RowProblem[] = [];
  const bad = new Set<string>();
  for (const { row, cells } of rows) {
    await breathe();
    const reference = cells.reference ?? '';
    try {
      const first = firsts.get(reference);
      if (first) mustAgree(first, cells);
      firsts.set(reference, first ?? { row, cells });
      const draft = drafts.get(reference) ?? readDraft(row, cells, zone);
      const serial = draft.tag?.serial ?? '';
      const worn = wears.get(serial);
      if (serial && worn && worn.reference !== reference)
        throw new InvalidError(`Row ${worn.row} has the same tag for ${worn.reference}. Nobody shares a tag.`, 'tag');
      if (serial && !worn) wears.set(serial, { row, reference });
      const own = readZone(row, cells);
      if (own && draft.zones.some(({ name }) => name === own.name))
        throw new InvalidError(`This person has a zone “${own.name}” in an earlier row. Give it another name.`, 'zone');
      if (own) draft.zones.push(own);
      readFurther(draft, row, cells, (column) => timeIn(cells, column as SubjectColumn, zone));
      drafts.set(reference, draft);
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error;
      const field = columnOf[error.field ?? ''] ?? error.field ?? 'row';
      problems.push({ row, field, value: (cells[field as SubjectColumn] ?? '').slice(0, 100), message: error.message });
      bad.add(reference);
    }
  }
  // Half a person would be judged by half of their rules.
  for (const reference of bad) drafts.delete(reference);
  return { drafts: [...drafts.values()], problems };
}

/** @throws InvalidError where a further row of a person says something else than the first */
function mustAgree(first: { row: number; cells: SubjectCells }, cells: SubjectCells): void {
  for (const [name, text] of Object.entries(cells)) {
    const column = name as SubjectColumn;
    if (!text || isFurther(column) || !Object.hasOwn(subjectColumns, column) || text === first.cells[column]) continue;
    throw new InvalidError(
      `Row ${first.row} says “${(first.cells[column] ?? '').slice(0, 60)}” of the same person. A file has one of it; further rows add zones, numbers and absences.`,
      column,
    );
  }
}

/** Fields of forms, by the column that they are here. */
const columnOf: Record<string, SubjectColumn> = {
  bornOn: 'born_on',
  noms: 'prison_number',
  kind: 'zone_kind',
  area: 'zone_radius_m',
  lat: 'zone_lat',
  lon: 'zone_lon',
  radiusM: 'zone_radius_m',
  days: 'zone_days',
  from: 'zone_from',
  to: 'zone_to',
};

function readDraft(row: number, cells: SubjectCells, zone: string): SubjectDraft {
  const { reference = '', name = '', phone = '', address = '', order_kind = '', authority = '', tag = '' } = cells;
  if (!/^[\w./-]{2,40}$/.test(reference))
    throw new InvalidError('Enter a reference of 2 to 40 letters, digits, dots, dashes or slashes.', 'reference');
  const identity = readIdentity({
    name,
    bornOn: cells.born_on ?? '',
    alsoKnownAs: cells.also_known_as ?? '',
    pnc: cells.pnc ?? '',
    crn: cells.crn ?? '',
    noms: cells.prison_number ?? '',
    languages: cells.languages ?? '',
    atTheDoor: '',
  });
  const kind = orderKinds.find((own) => own === order_kind.toLowerCase());
  if (!kind) throw new InvalidError(`Enter one of: ${orderKinds.join(', ')}.`, 'order_kind');
  if (authority.length < 3) throw new InvalidError('Enter the court or body that made the order.', 'authority');
  const startsAt = timeIn(cells, 'order_from', zone);
  if (!startsAt) throw new InvalidError('Enter when the order begins, for example 2026-09-07 09:00.', 'order_from');
  const hasNone = (cells.order_to ?? '').toLowerCase() === 'none';
  const endsAt = hasNone ? null : timeIn(cells, 'order_to', zone);
  if (endsAt && !(endsAt > startsAt)) throw new InvalidError('The order must end after it begins.', 'order_to');
  const fittedAt = timeIn(cells, 'fitted_at', zone);
  if (tag && !fittedAt) throw new InvalidError('Enter when the tag was fitted, for example 2026-09-07 09:00.', 'fitted_at');
  if (tag && !/^[^\s].{0,98}[^\s]$|^\S$/.test(tag))
    throw new InvalidError('Enter the serial number of the tag, up to 100 characters.', 'tag');
  if (tag && fittedAt && (fittedAt < startsAt || (endsAt && fittedAt >= endsAt)))
    throw new InvalidError('The tag can be worn only while the order is in force. Check the dates.', 'fitted_at');
  if (fittedAt && fittedAt.getTime() > Date.now() + 5 * 60_000)
    throw new InvalidError('That time is still to come. Enter when the tag was fitted.', 'fitted_at');
  if (address.length > 300) throw new InvalidError('Enter an address of at most 300 characters.', 'address');
  return {
    row,
    reference,
    identity,
    phone: phone && readPhone(phone, 'phone'),
    address,
    order: { kind, authority, startsAt, endsAt, saysEnd: endsAt !== null || hasNone },
    officer: officerIn(cells),
    tag: tag && fittedAt ? { serial: tag, fittedAt } : null,
    zones: [],
    contacts: [],
    absences: [],
    endings: [],
    ifVersion: cells.if_version ?? '',
  };
}

function officerIn({ officer_name: name = '', officer_phone: phone = '', team = '' }: SubjectCells): SubjectDraft['officer'] {
  if (!name && !phone) return null;
  if (name.length < 2 || name.length > 100) throw new InvalidError('Enter the name of the responsible officer.', 'officer_name');
  if (!phone) throw new InvalidError('Enter the number at which the person can ring the officer.', 'officer_phone');
  return { name, phone: readPhone(phone, 'officer_phone'), team: team.slice(0, 100) };
}

function readZone(row: number, cells: SubjectCells): SubjectDraft['zones'][number] | null {
  const { zone = '', zone_kind = '', zone_days = '', zone_from = '', zone_to = '' } = cells;
  const said = [zone, zone_kind, cells.zone_lat, cells.zone_lon, cells.zone_radius_m, zone_days, zone_from, zone_to].some(Boolean);
  if (!said) return null;
  if (!zone) throw new InvalidError('Give the zone a name.', 'zone');
  if (zone_days && !/^[1-7]+$/.test(zone_days))
    throw new InvalidError('Enter days as digits, 1 for Monday to 7 for Sunday: 12345.', 'zone_days');
  const area: Area = readCircle(cells.zone_lat ?? '', cells.zone_lon ?? '', cells.zone_radius_m ?? '');
  const [fault] = faultsOf(area);
  if (fault) throw new InvalidError(`${fault}.`, 'area');
  const days = zone_days ? [...new Set([...zone_days].map(Number))].sort() : [1, 2, 3, 4, 5, 6, 7];
  const hours = zone_days || zone_from || zone_to ? [{ days, from: zone_from, to: zone_to }] : [];
  return { row, area, hours, ...checkZone({ name: zone, kind: zone_kind.toLowerCase(), area, hours }) };
}

function timeIn(cells: SubjectCells, column: SubjectColumn, zone: string): Date | null {
  const text = cells[column];
  if (!text) return null;
  const at = readTime(isDay(text) ? `${text} 00:00` : text, zone);
  if (Number.isNaN(at)) throw new InvalidError('Enter a date and time, for example 2026-09-07 09:00.', column);
  return new Date(at);
}
