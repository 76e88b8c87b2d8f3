import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import type { Form } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { zoneKinds } from '../schema/tables.ts';
import { dayNames } from './read-zone-form.ts';
import { readZones, zoneFeature } from './read-zones.ts';

/** The page of one subject's zones, on which several parts have their forms. */
export async function zonesPage(
  web: WebKit,
  request: FastifyRequest,
  reply: FastifyReply,
  subjectId: number,
  error: InvalidError | null,
  draft: Form = {},
) {
  const detail = await web.waymark.performer.perform(actorOf(request), readZones, null, { subjectId });
  return web.page(request, error ? reply.code(400) : reply, 'supervision/zones/zones.njk', {
    ...detail,
    kinds: zoneKinds,
    dayNames,
    features: detail.zones.flatMap(({ inForce }) => (inForce ? [zoneFeature(inForce)] : [])),
    error: error ? { text: error.message, field: error.field } : null,
    draft,
  });
}

/** The page on which a zone stands: its person's, or the one of shared zones. */
export function pageOf(subjectId: number | null): string {
  return subjectId === null ? '/zones' : `/subjects/${subjectId}/zones`;
}
