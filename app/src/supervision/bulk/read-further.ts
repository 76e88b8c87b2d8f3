import { InvalidError } from '../../platform/action.ts';
import { contactKinds, readPhone } from '../contacts/index.ts';
import { isTagState } from '../tags/index.ts';

/** What further rows of a person may add, beside zones: numbers to ring, times when they may be away, and a tag that came off. */
export interface Further {
  contacts: { row: number; who: string; name: string; phone: string; note: string; isOver: boolean }[];
  absences: { row: number; from: Date; to: Date; reason: string }[];
  endings: { row: number; serial: string; fittedAt: Date; endsAt: Date; state: string; note: string }[];
}

type Cells = Partial<Record<string, string>>;
/** Reads a time of a column; null where it is empty. @throws InvalidError where it is none */
type TimeIn = (column: string) => Date | null;

const lastsAtMostMs = 31 * 86_400_000;

/** Whether a further row of a person may say something of its own in a column. */
export const isFurther = (column: string): boolean => /^(zone|contact|absence)/.test(column);

/** Adds what a row says to what earlier rows of the same person said. @throws InvalidError naming the column */
export function readFurther(further: Further, row: number, cells: Cells, timeIn: TimeIn): void {
  const contact = readContact(row, cells);
  if (contact) {
    if (further.contacts.some(({ phone }) => phone === contact.phone))
      throw new InvalidError('This person has that number in an earlier row.', 'contact_phone');
    further.contacts.push(contact);
  }
  const absence = readAbsence(row, cells, timeIn);
  if (absence) {
    if (further.absences.some(({ from, to }) => from < absence.to && absence.from < to))
      throw new InvalidError('This person has an absence in an earlier row that falls into the same time.', 'absence_from');
    further.absences.push(absence);
  }
  const ending = readEnding(row, cells, timeIn);
  if (ending && !further.endings.some(({ serial }) => serial === ending.serial)) further.endings.push(ending);
}

function readContact(row: number, cells: Cells): Further['contacts'][number] | null {
  const { contact_who = '', contact_name = '', contact_phone = '', contact_note = '', contact_ended = '' } = cells;
  if (![contact_who, contact_name, contact_phone, contact_note, contact_ended].some(Boolean)) return null;
  const who = contactKinds.find((own) => own === contact_who.toLowerCase());
  if (!who) throw new InvalidError(`Enter one of: ${contactKinds.join(', ')}.`, 'contact_who');
  if (who !== 'self' && (contact_name.length < 2 || contact_name.length > 100))
    throw new InvalidError('Enter who answers, in 2 to 100 characters.', 'contact_name');
  if (contact_ended && !/^(yes|no)$/i.test(contact_ended)) throw new InvalidError('Enter yes or no.', 'contact_ended');
  return {
    row,
    who,
    name: contact_name,
    phone: readPhone(contact_phone, 'contact_phone'),
    note: contact_note.slice(0, 200),
    isOver: contact_ended.toLowerCase() === 'yes',
  };
}

function readAbsence(row: number, { absence_reason = '' }: Cells, timeIn: TimeIn): Further['absences'][number] | null {
  const [from, to] = [timeIn('absence_from'), timeIn('absence_to')];
  if (!from && !to && !absence_reason) return null;
  if (!from) throw new InvalidError('Enter when the absence begins, for example 2026-09-07 18:00.', 'absence_from');
  if (!to || to <= from) throw new InvalidError('The absence must end after it begins.', 'absence_to');
  if (to.getTime() - from.getTime() > lastsAtMostMs)
    throw new InvalidError('An absence can last 31 days at most. For longer, change the zone.', 'absence_to');
  if (absence_reason.length < 3) throw new InvalidError('Give the reason for the absence.', 'absence_reason');
  return { row, from, to, reason: absence_reason.slice(0, 500) };
}

function readEnding(row: number, cells: Cells, timeIn: TimeIn): Further['endings'][number] | null {
  const { tag = '', tag_state = '', tag_note = '' } = cells;
  const endsAt = timeIn('taken_off_at');
  if (!endsAt) {
    if (tag_state) throw new InvalidError('Enter when the tag came off, for example 2026-11-02 09:30.', 'taken_off_at');
    return null;
  }
  const fittedAt = timeIn('fitted_at');
  if (!tag || !fittedAt) throw new InvalidError('Say which tag came off: its serial number, and when it was fitted.', 'tag');
  if (endsAt <= fittedAt) throw new InvalidError('The tag must come off after it was fitted.', 'taken_off_at');
  const state = tag_state.toLowerCase() || 'removed';
  if (!isTagState(state)) throw new InvalidError('Enter one of: removed, in stock, faulty, lost.', 'tag_state');
  return { row, serial: tag, fittedAt, endsAt, state, note: tag_note };
}
