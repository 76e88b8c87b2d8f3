import type { LiveWatch } from '../alerts/index.ts';
import type { Intake, Positions } from '../fixes/index.ts';

/** What a visit needs besides the web. */
export interface VisitServices {
  intake: Intake;
  live: LiveWatch;
  positions: Positions;
}
