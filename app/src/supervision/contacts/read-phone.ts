import { InvalidError } from '../../platform/action.ts';

/**
 * A telephone number as people write it, with single spaces.
 * @throws InvalidError naming the field, where it cannot be one: ITU-T E.164 allows 15 digits at most
 */
export function readPhone(text: string, field: string): string {
  const phone = text.trim().replace(/\s+/g, ' ');
  const digits = phone.replace(/\D/g, '').length;
  if (!/^\+?[\d ()/-]+$/.test(phone) || digits < 3 || digits > 15)
    throw new InvalidError('Enter a telephone number of 3 to 15 digits, for example 020 7946 0000 or +44 20 7946 0000.', field);
  return phone;
}
