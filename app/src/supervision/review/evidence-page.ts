import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { crimeTypes } from '../crimes/index.ts';
import { drawDistance } from './draw-distance.ts';
import { caveats } from './export-verdicts.ts';
import { revealReviewTest } from './make-review-test.ts';
import { type Evidence, type ReadCrimeServices, readEvidence } from './read-crime.ts';
import { decisions } from './review-verdict.ts';

/** An address that names a crime and a wearer. */
export const Pair = Type.Object({ id: Id.properties.id, wearing: Id.properties.id });

/** Whoever tries to take out what was made up is told, and with that the test is over. */
export async function revealIfMadeUp(web: WebKit, request: FastifyRequest, crimeId: number, error: unknown): Promise<void> {
  if (error instanceof InvalidError && error.field === 'made up')
    await web.waymark.performer.perform(actorOf(request), revealReviewTest, null, { crimeId });
}

/** The page of one verdict with all that it rests on, on which it is reviewed and put together as evidence. */
export async function evidencePage(
  web: WebKit,
  services: ReadCrimeServices,
  request: FastifyRequest,
  reply: FastifyReply,
  error: InvalidError | null,
  draft: object,
): Promise<FastifyReply> {
  const { id, wearing } = request.params as { id: number; wearing: number };
  const evidence = await web.waymark.performer.perform(actorOf(request), readEvidence, services, { crimeId: id, wearingId: wearing });
  return web.page(request, error ? reply.code(400) : reply, 'supervision/review/evidence.njk', {
    ...evidence,
    typeName: crimeTypes[evidence.crime.type] ?? '',
    mapData: mapDataOf(evidence),
    distancePlot: evidence.distance && drawDistance(evidence.distance, windowOf(evidence.crime), services.timeZone),
    caveats,
    decisions,
    mine: evidence.verdict.review.visible.find((review) => review.reviewer === actorOf(request).id) ?? null,
    secondReview: services.secondReview,
    error: error ? { text: error.message, field: error.field } : null,
    draft,
  });
}

export const windowOf = (crime: Evidence['crime']) => ({ from: crime.from_at.getTime(), to: crime.to_at.getTime() });

/** What the map draws: the place, the radius, the observed fixes, the gaps. */
export function mapDataOf({
  crime,
  points,
  gaps,
  radiusM,
  marginMs,
}: Pick<Evidence, 'crime' | 'points' | 'gaps' | 'radiusM' | 'marginMs'>): object {
  return {
    place: crime.place,
    radiusM,
    ...windowOf(crime),
    marginMs,
    gaps,
    points: points.map(({ at, lon, lat, accuracyM }) => [at, lon, lat, accuracyM]),
  };
}
