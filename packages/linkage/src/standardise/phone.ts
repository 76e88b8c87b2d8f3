import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** A phone number in E.164 form (`+447700900123`), national numbers taken as British; `null` where it cannot be one. */
export function standardPhone(raw: string): string | null {
  const number = parsePhoneNumberFromString(raw.slice(0, 60), 'GB');
  if (!number?.isPossible()) return null;
  // 07000 000000 and the like are typed where a number must be given.
  return /(\d)\1{6,}$/.test(number.number) ? null : number.number;
}
