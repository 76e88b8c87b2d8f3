import type { FastifyInstance } from 'fastify';
import type { WebKit } from '../../web/kit.ts';
import type { Intake } from '../fixes/index.ts';
import { changeZoneRoutes } from './change-zone-routes.ts';
import { protectionRoutes } from './protection-routes.ts';
import { sharedZoneRoutes } from './shared-zone-routes.ts';
import { subjectZoneRoutes } from './subject-zone-routes.ts';
import type { Watching } from './zones-page.ts';

/** Zones, hours, absences and protected persons: pages and API. */
export function zoneRoutes(app: FastifyInstance, web: WebKit, services: Watching & { intake: Pick<Intake, 'reload'> }): void {
  subjectZoneRoutes(app, web, services);
  sharedZoneRoutes(app, web, services);
  protectionRoutes(app, web, services);
  changeZoneRoutes(app, web, services);
}
