import type { LiveWatch } from '../alerts/live-watch.ts';
import type { Intake } from '../fixes/intake.ts';
import type { Positions } from '../fixes/positions.ts';

/** What a visit needs besides the web. */
export interface VisitServices {
  intake: Intake;
  live: LiveWatch;
  positions: Positions;
}
