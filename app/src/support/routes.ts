import type { FastifyInstance } from 'fastify';
import type { WebKit } from '../web/kit.ts';
import { allocationRoutes } from './allocation/routes.ts';
import { fairnessRoutes } from './fairness/routes.ts';
import type { FeedPlaces } from './feeds/index.ts';
import { findingRoutes } from './finding/routes.ts';
import { instrumentRoutes } from './needs/routes.ts';
import { packageRoutes } from './offers/routes.ts';
import { challengeRoutes } from './people/index.ts';
import { peopleRoutes } from './people/page/routes.ts';
import { pairRoutes } from './review/routes.ts';
import { serviceRoutes } from './services/routes.ts';
import { sourceRoutes } from './sources/routes.ts';
import { supportWaiting } from './waiting/routes.ts';
import { workRoutes } from './work/routes.ts';

/** What support needs besides the web. */
export interface SupportServices {
  places: FeedPlaces;
  /** Has people linked and their profiles worked out anew soon, in the background. */
  askForPeople: () => Promise<void>;
}

/** All addresses of support. */
export function supportRoutes(app: FastifyInstance, web: WebKit, { places, askForPeople }: SupportServices): void {
  supportWaiting(web);
  sourceRoutes(app, web, places, askForPeople);
  pairRoutes(app, web, askForPeople);
  peopleRoutes(app, web, askForPeople);
  challengeRoutes(app, web, askForPeople);
  serviceRoutes(app, web);
  allocationRoutes(app, web);
  instrumentRoutes(app, web);
  findingRoutes(app, web);
  workRoutes(app, web);
  packageRoutes(app, web);
  fairnessRoutes(app, web);
}
