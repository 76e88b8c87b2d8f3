import { controlRoute } from './commands/control-route.ts';
import { costsNow } from './oversight/index.ts';
import { oversightRoutes } from './oversight/routes.ts';
import { personRoutes } from './person/routes.ts';
import { ownStaffRoutes } from './person/staff-routes.ts';
import type { Channels } from './supervision/delivery/index.ts';
import { correctionByCase, supervisionAccess, supervisionCases, supervisionHalf } from './supervision/index.ts';
import { supervisionRoutes } from './supervision/routes.ts';
import { ingestRoutes } from './supervision/wire/routes.ts';
import { type FeedPlaces, supportAccess, supportCases, supportHalf } from './support/index.ts';
import { supportRoutes } from './support/routes.ts';
import type { Waymark } from './waymark.ts';
import type { DeviceRoutes, RouteSet } from './web/kit.ts';

/** What tags and gateways send to. */
export const mountedForDevices =
  (waymark: Waymark): DeviceRoutes =>
  (app, kit) =>
    ingestRoutes(app, kit, waymark);

/** What commands at this machine's console are sent to; every server has it. */
export const commandsMounted =
  (waymark: Waymark): RouteSet =>
  (app) =>
    controlRoute(app, waymark);

/** All that is mounted on the web, the halves apart. */
export function mounted(
  waymark: Waymark,
  services: { channels: Channels; places: FeedPlaces; askForPeople: () => Promise<void> },
): RouteSet[] {
  const { channels, places, askForPeople } = services;
  return [
    (app, web) => supervisionRoutes(app, web, { ...waymark, channels, costs: () => costsNow(waymark.database.db) }),
    (app, web) => supportRoutes(app, web, { places, askForPeople }),
    (app, web) =>
      ownStaffRoutes(app, web, {
        half: supportHalf,
        access: supportAccess,
        cases: supportCases,
        personPath: '/people',
        casesPath: '/cases',
        casesRank: 250,
      }),
    (app, web) =>
      ownStaffRoutes(app, web, {
        half: supervisionHalf,
        access: supervisionAccess,
        cases: supervisionCases,
        personPath: '/subjects',
        casesPath: '/requests',
        casesRank: 150,
        correction: correctionByCase(waymark.performer),
      }),
    (app, web) => personRoutes(app, web, { ...waymark, channels }),
    (app, web) => oversightRoutes(app, web, waymark),
    commandsMounted(waymark),
  ];
}
