import formbody from '@fastify/formbody';
import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { InvalidError, NotFoundError } from '../../platform/action.ts';
import { repeatedIn } from '../form.ts';

/** What anybody may send that is no file, bytes. */
export const bodyAtMost = 1024 * 1024;
/** A file that is sent from a page, bytes. Larger ones are read at the command line, or by a feed. */
const fileAtMost = 64 * 1024 * 1024;

/** How forms and files are read. */
export async function setUpBodies(app: FastifyInstance): Promise<void> {
  await app.register(formbody);
  await app.register(multipart, {
    attachFieldsToBody: true,
    limits: { fileSize: fileAtMost, files: 1, fields: 120, fieldSize: bodyAtMost },
  });
}

/**
 * What no form and no address may hold: a character that no database takes, a number that no record has, a field that stands twice.
 */
export function setUpFieldChecks(app: FastifyInstance): void {
  app.addHook('preHandler', async (request) => {
    // A file of our own is the same whatever is asked of it.
    if (/^\/(assets|api\/docs)\//.test(request.routeOptions.url ?? '')) return;
    // No database takes such a character into a text.
    if (holdsNul(request.body) || holdsNul(request.query))
      throw new InvalidError('There is a character that cannot be stored. Type the text again.');
    // No record has such a number, and no database takes it.
    for (const value of Object.values((request.params ?? {}) as Record<string, unknown>))
      if (typeof value === 'number' && !(Number.isInteger(value) && Math.abs(value) <= 2_147_483_647))
        throw new NotFoundError('There is nothing at this address.');
    for (const [name, value] of Object.entries((request.query ?? {}) as Record<string, unknown>))
      if (typeof value === 'number' && !Number.isFinite(value)) throw new InvalidError(`“${name}” is no number that can be used.`, name);
    const { lists = [] } = request.routeOptions.config;
    const isForm = /^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(request.headers['content-type'] ?? '');
    for (const fields of [request.query, isForm ? request.body : null]) {
      const twice = repeatedIn(fields, lists);
      if (twice !== null) throw new InvalidError(`The field “${twice}” was sent more than once. Send it once.`, twice);
    }
  });
}

/** Whether a text of a form holds the character NUL. Bodies of files are not looked through. */
function holdsNul(fields: unknown): boolean {
  if (fields === null || typeof fields !== 'object' || Buffer.isBuffer(fields)) return false;
  return Object.values(fields).some((value) => [value].flat().some((text) => typeof text === 'string' && text.includes('\0')));
}
