import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import { AskFirstError, InvalidError, NotFoundError, RefusedError } from '../../platform/action.ts';
import { isOutOfRoom, noRoomInWords } from '../../platform/no-room.ts';
import { pageOfForm } from '../form.ts';
import type { WebKit } from '../kit.ts';
import { PastLastPageError } from '../paging.ts';

const ourFaultInWords = 'Something went wrong on our side. It has been noted. Try again in a moment.';

const faultsInWords: Record<number, string> = {
  503: 'This cannot be stored at the moment, and nothing of it was acknowledged. Send it again in a few seconds.',
  507: noRoomInWords,
};

/** What is wrong is said in words, on a page or as JSON; what is our fault says no more than that. */
export function setUpErrors(app: FastifyInstance, web: WebKit): void {
  app.setNotFoundHandler(async (request, reply) => {
    if (request.url.startsWith('/api/')) return reply.code(404).send({ error: 'There is nothing at this address.' });
    return web.page(request, reply.code(404), 'web/pages/error.njk', {
      heading: 'Page not found',
      message: 'Check the address, or go back to the start.',
    });
  });
  app.setErrorHandler(async (error: Error & { statusCode?: number; code?: string }, request, reply) => {
    if (error instanceof PastLastPageError) return reply.redirect(error.lastPage);
    if (request.routeOptions.config?.api || request.url.startsWith('/api/')) return tellAsJson(error, request, reply);
    const asked = error instanceof AskFirstError ? error.askAt : null;
    if (asked && request.method === 'GET') return reply.redirect(`${asked}?to=${encodeURIComponent(request.url)}`);
    const askAt = asked && `${asked}?to=${encodeURIComponent(pageOfForm(request))}`;
    const { status, heading, message } = toldOf(error, request);
    const reference = status >= 500 ? request.id : null;
    // Their own doing or ours: whoever filled in a form finds it filled in again.
    const formLost = request.method !== 'GET' && (status >= 500 || status === 429 || askAt !== null || isExpired(error));
    return web.page(request, againIn(reply.code(status)), 'web/pages/error.njk', { heading, message, reference, askAt, formLost });
  });
}

/** What is wrong with a request that is not as its route says, where, and what belongs there. */
export function unfitInWords(errors: FastifySchemaValidationError[], part: string): InvalidError {
  const [first] = errors;
  const place = first?.instancePath.replace(/^\//, '').replaceAll('/', '.') ?? '';
  const { params = {}, keyword = '' } = first ?? {};
  if (part === 'params') return new InvalidError('There is no such number. Check the address, or go back to the list.', place || null);
  const missing = typeof params.missingProperty === 'string' ? params.missingProperty : '';
  const field = [place, missing].filter(Boolean).join('.');
  const name = field || (part === 'body' ? 'The body' : 'The question');
  const wanted: Record<string, string> = {
    required: 'is missing',
    type: `must be ${typesInWords[String(params.type)] ?? 'of another kind'}`,
    enum: `must be one of ${[params.allowedValues].flat().join(', ')}`,
    maxLength: `must have ${params.limit} characters at most`,
    minLength: `must have ${params.limit} characters at least`,
    maxItems: `must have ${params.limit} entries at most`,
    maximum: `must be ${params.limit} at most`,
    minimum: `must be ${params.limit} at least`,
  };
  return new InvalidError(`${name} ${wanted[keyword] ?? first?.message ?? 'cannot be read'}.`, field || null);
}

const typesInWords: Record<string, string> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with named fields',
};

/** For programs and devices: what is wrong, as JSON. */
export function tellAsJson(
  error: Error & { statusCode?: number; code?: string },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { status, message } = toldOf(error, request);
  return againIn(reply.code(status)).send({
    error: message,
    ...(error instanceof InvalidError && error.field ? { field: error.field } : {}),
  });
}

function toldOf(error: Error & { statusCode?: number; code?: string }, request: FastifyRequest) {
  const [status, heading] = statusOf(error);
  if (status >= 500) request.log.error({ error: error.name, message: error.message, stack: error.stack }, 'request failed');
  return { status, heading, message: status < 500 ? error.message : (faultsInWords[status] ?? ourFaultInWords) };
}

/** Where it can be asked again soon, it is said when. */
function againIn(reply: FastifyReply): FastifyReply {
  return reply.statusCode === 503 ? reply.header('retry-after', '2') : reply;
}

const isExpired = ({ code }: { code?: string }): boolean => code?.startsWith('FST_CSRF') ?? false;

function statusOf(error: Error & { statusCode?: number; code?: string }): [status: number, heading: string] {
  if (error instanceof RefusedError) return [403, 'You cannot do this'];
  if (error instanceof NotFoundError) return [404, 'Not found'];
  if (error instanceof InvalidError) return [400, 'There is a problem'];
  if (isExpired(error)) return [403, 'This form has expired'];
  // Somebody else stands still with what this needs (PostgreSQL’s lock_not_available): it is free again in a moment.
  if (error.statusCode === 503 || error.code === '55P03') return [503, 'Not at the moment'];
  if (error.statusCode === 429) return [429, 'Too many requests'];
  if (error.statusCode && error.statusCode < 500) return [error.statusCode, 'This request cannot be read'];
  if (isOutOfRoom(error)) return [507, 'There is no room left'];
  return [500, 'Sorry, there is a problem'];
}
