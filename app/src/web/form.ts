import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError } from '../platform/action.ts';

/** The body of a form: a field stands once, several times, or is missing. */
export type Form = Record<string, string | string[] | undefined>;

/** Fields of a form as text; what is missing or stands twice is empty. */
export function textsOf<K extends string[]>(body: unknown, ...keys: K): { [I in keyof K]: string } {
  const form = (body ?? {}) as Form;
  return keys.map((key) => (typeof form[key] === 'string' ? form[key] : '')) as { [I in keyof K]: string };
}

/** A number of a record as a form gives it; 0, which none bears, where it is none. */
export function idOf(text: string): number {
  const id = Number(text);
  return Number.isInteger(id) && id > 0 && id <= 2_147_483_647 ? id : 0;
}

/** The first field that stands more than once and may not; null where there is none. */
export function repeatedIn(fields: unknown, lists: readonly string[]): string | null {
  if (fields === null || typeof fields !== 'object' || Buffer.isBuffer(fields)) return null;
  return Object.entries(fields).find(([name, value]) => Array.isArray(value) && !lists.includes(name))?.[0] ?? null;
}

/** An address that names one thing by its number. */
export const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
/** How programs sign in, for the description of the API. */
export const security = [{ token: [] }];

/** The number in the address of a request whose parameters are an `Id`. */
export const idIn = (request: FastifyRequest): number => (request.params as { id: number }).id;

/**
 * What is wrong with what was entered, for the page to show.
 * @throws whatever else was caught
 */
export function invalidIn(error: unknown): InvalidError {
  if (error instanceof InvalidError) return error;
  throw error;
}

/** Shows the page again with what was wrong, or carries on. */
export async function orAgain(
  work: () => Promise<unknown>,
  again: (error: InvalidError) => Promise<FastifyReply>,
): Promise<FastifyReply | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return again(invalidIn(error));
  }
}

/** The page of ours that a form was sent from; the start where it is not known. */
export function pageOfForm({ headers, host }: FastifyRequest): string {
  const from = URL.parse(headers.referer ?? '');
  return from && from.host === host ? from.pathname + from.search : '/';
}
