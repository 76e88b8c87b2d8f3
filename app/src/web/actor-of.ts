import type { FastifyRequest } from 'fastify';
import type { Actor } from '../platform/access.ts';
import type {} from './kit.ts';

/** Who acts in a request to a guarded route; the guard has made sure that there is somebody. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new Error('A guarded route was reached without an actor');
  return request.actor;
}
