import type { FastifyRequest } from 'fastify';
import { type AlertList, alertLists } from './read-alerts.ts';

/** Which list of alerts an address asks for; the open ones where it does not say. */
export function listOf(request: FastifyRequest): AlertList {
  const { list } = (request.query ?? {}) as { list?: string };
  return alertLists.find((own) => own === list) ?? 'open';
}
