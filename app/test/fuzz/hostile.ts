import type { Random } from '@waymark/town';

/** Text that programs have stumbled over. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfffy',
  '\u202eright to left',
  '\ufeffmark',
  '\u2028\u2029',
  '1e400',
  '-1e400',
  'NaN',
  'Infinity',
  '-0',
  '0x10',
  '2147483648',
  '-1',
  '9007199254740993',
  '1,5',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '0000-00-00',
  '2026-02-30',
  '9999-12-31',
  '275760-09-14',
  '2026-06-01T25:61:61Z',
  '24:00',
  "'; DROP TABLE x; --",
  '{{ 7 * 7 }}',
  '<script>alert(1)</script>',
  '=1+1',
  '../../../etc/passwd',
  '%00%ff',
  '%',
  '\\',
  '"',
  '[]',
  '{}',
  'null',
  'true',
  '👩‍👩‍👧‍👦',
  'é'.normalize('NFD'),
  'a'.repeat(5000),
  '漢'.repeat(3000),
  '\n'.repeat(2000),
  '('.repeat(2000),
];

/** Any value that JSON can hold, hostile. */
export function hostileValue(random: Random, depth = 0): unknown {
  const kinds = depth > 2 ? 6 : 9;
  switch (random.integer(0, kinds - 1)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return [0, -0, -1, 1e308, 5e-324, 2 ** 53, 1.5, 90, 181, -181, 1e12][random.integer(0, 10)];
    case 3:
    case 4:
    case 5:
      return pick(random, hostileTexts);
    case 6:
      return Array.from({ length: random.integer(0, 4) }, () => hostileValue(random, depth + 1));
    case 7:
      return Object.fromEntries(
        Array.from({ length: random.integer(0, 4) }, () => [pick(random, hostileTexts), hostileValue(random, depth + 1)]),
      );
    default:
      return JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown;
  }
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.integer(0, from.length - 1)] as T;
}

/** Bytes as they are, cut off, mixed up, with other marks of encoding, or with one bit turned. */
export function mangled(random: Random, bytes: Buffer): Buffer {
  switch (random.integer(0, 6)) {
    case 0:
      return bytes.subarray(0, random.integer(0, bytes.length));
    case 1: {
      const own = Buffer.from(bytes);
      for (let i = 0; i < 8 && own.length > 0; i++) {
        const at = random.integer(0, own.length - 1);
        own[at] = (own[at] as number) ^ (1 << random.integer(0, 7));
      }
      return own;
    }
    case 2:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]);
    case 3:
      return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(bytes.toString('utf8'), 'utf16le')]);
    case 4:
      return Buffer.from(bytes.toString('utf8'), 'latin1');
    case 5:
      return Buffer.concat([bytes, bytes]);
    default:
      return Buffer.from(
        bytes.toString('utf8').replaceAll(/[\d.]+/g, (number) => (random.chance(0.2) ? pick(random, hostileTexts) : number)),
      );
  }
}

/** Texts as a form carries them. What is no valid Unicode goes as the bytes that a broken program would send. */
export function formOf(fields: readonly [string, string][]): string {
  const escaped = (text: string) => [...Buffer.from(text, 'utf8')].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return fields
    .map(([name, value]) => `${escaped(name)}=${/[\ud800-\udfff]/.test(value) && !value.isWellFormed() ? '%ED%A0%80' : escaped(value)}`)
    .join('&');
}
