import type { FastifyInstance } from 'fastify';
import type { WebKit } from '../../web/kit.ts';
import { changeZoneRoutes } from './change-zone-routes.ts';
import { protectionRoutes } from './protection-routes.ts';
import { sharedZoneRoutes } from './shared-zone-routes.ts';
import { subjectZoneRoutes } from './subject-zone-routes.ts';

/** Zones, hours, absences and protected persons: pages and API. */
export function zoneRoutes(app: FastifyInstance, web: WebKit): void {
  subjectZoneRoutes(app, web);
  sharedZoneRoutes(app, web);
  protectionRoutes(app, web);
  changeZoneRoutes(app, web);
}
