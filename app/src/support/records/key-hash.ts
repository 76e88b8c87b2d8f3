import { createHash } from 'node:crypto';

/** The number of a record as it is remembered when its person was erased: enough to know it again, and no more. */
export function keyHashOf(source: number, key: string): string {
  return createHash('sha256').update(`${source}\n${key}`).digest('base64url');
}
