import type { FastifyInstance } from 'fastify';
import type { WebKit } from '../web/kit.ts';
import type { LiveWatch } from './alerts/index.ts';
import { alertRoutes } from './alerts/routes.ts';
import { bulkRoutes } from './bulk/routes.ts';
import { caseAccessRoutes } from './case-access/routes.ts';
import { caseloadRoutes } from './caseload/routes.ts';
import { clearingRoutes } from './clearing/routes.ts';
import { cohortRoutes } from './cohorts/routes.ts';
import { complianceRoutes } from './compliance/routes.ts';
import { contactRoutes } from './contacts/routes.ts';
import { crimeRoutes } from './crimes/routes.ts';
import { dayRoutes } from './days/routes.ts';
import type { Channels } from './delivery/index.ts';
import { deliveryRoutes } from './delivery/routes.ts';
import { diaryRoutes } from './diary/routes.ts';
import { documentRoutes } from './documents/routes.ts';
import { evidenceRoutes } from './evidence/routes.ts';
import type { Intake, Positions } from './fixes/index.ts';
import { quarantineRoutes } from './fixes/routes.ts';
import { hookRoutes } from './hooks/routes.ts';
import { letterRoutes } from './letters/routes.ts';
import { orderRoutes } from './orders/routes.ts';
import { placeSearchRoutes } from './place-search/routes.ts';
import { placeRoutes } from './places/routes.ts';
import { requestRoutes } from './requests/routes.ts';
import { subjectRetentionRoutes } from './retention/routes.ts';
import { crimeReviewRoutes } from './review/routes.ts';
import { ruleRoutes } from './rules/routes.ts';
import { seriesRoutes } from './series/routes.ts';
import { statementRoutes } from './statement/routes.ts';
import { subjectRoutes } from './subjects/page/routes.ts';
import { tagRoutes } from './tags/routes.ts';
import { takeOnRoutes } from './taking-on/routes.ts';
import { trackFileRoutes } from './track-files/routes.ts';
import type { VerdictStore } from './verdicts/index.ts';
import { verdictRoutes } from './verdicts/routes.ts';
import { visitRoutes } from './visit/routes.ts';
import { supervisionWaiting } from './waiting/routes.ts';
import { zoneRoutes } from './zones/routes.ts';

/** What is open of supervision while the server runs. */
export interface SupervisionServices {
  intake: Intake;
  live: LiveWatch;
  positions: Positions;
  verdicts: VerdictStore;
  secondReview: boolean;
  channels: Channels;
}

/** All addresses of supervision. */
export async function supervisionRoutes(app: FastifyInstance, web: WebKit, services: SupervisionServices): Promise<void> {
  supervisionWaiting(web, services);
  crimeRoutes(app, web);
  crimeReviewRoutes(app, web, services);
  clearingRoutes(app, web, services);
  verdictRoutes(app, web, services);
  evidenceRoutes(app, web, services);
  statementRoutes(app, web, services);
  seriesRoutes(app, web, services);
  if (web.waymark.config.WAYMARK_PLACE_SEARCH === 'yes') placeSearchRoutes(app, web);
  cohortRoutes(app, web, services);
  takeOnRoutes(app, web);
  bulkRoutes(app, web);
  subjectRoutes(app, web);
  contactRoutes(app, web);
  orderRoutes(app, web);
  documentRoutes(app, web);
  letterRoutes(app, web);
  caseAccessRoutes(app, web);
  tagRoutes(app, web, services);
  quarantineRoutes(app, web, services);
  alertRoutes(app, web, services);
  zoneRoutes(app, web);
  ruleRoutes(app, web);
  placeRoutes(app, web);
  subjectRetentionRoutes(app, web);
  caseloadRoutes(app, web, services);
  diaryRoutes(app, web);
  requestRoutes(app, web);
  visitRoutes(app, web, services);
  dayRoutes(app, web);
  trackFileRoutes(app, web);
  complianceRoutes(app, web);
  deliveryRoutes(app, web, services.channels);
  hookRoutes(app, web, services.channels);
}
