import type { FastifyInstance } from 'fastify';
import type { Waymark } from '../waymark.ts';
import type { WebKit } from '../web/kit.ts';
import { accuracyRoutes } from './accuracy/routes.ts';
import { auditRoutes } from './audit/routes.ts';
import { placeSearchesRoutes } from './place-searches/routes.ts';
import { retentionRoutes } from './retention/routes.ts';
import { reviewerRoutes } from './reviewers/routes.ts';
import { sampleRoutes } from './sample/routes.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { transparencyRoutes } from './transparency/routes.ts';
import { unusualRoutes } from './unusual/routes.ts';
import { oversightWaiting } from './waiting/routes.ts';
import { worthRoutes } from './worth/routes.ts';

/** All pages of those who watch over the watchers. */
export function oversightRoutes(app: FastifyInstance, web: WebKit, waymark: Waymark): void {
  oversightWaiting(web);
  auditRoutes(app, web);
  unusualRoutes(app, web);
  sampleRoutes(app, web);
  reviewerRoutes(app, web, waymark);
  retentionRoutes(app, web);
  sessionRoutes(app, web);
  transparencyRoutes(app, web, waymark);
  accuracyRoutes(app, web);
  placeSearchesRoutes(app, web);
  worthRoutes(app, web);
}
