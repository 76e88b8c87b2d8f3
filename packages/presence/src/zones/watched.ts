import type { LaidArea } from './area.ts';
import type { Intervals } from './schedule.ts';

/** A fix as the watch takes it: ms since 1970, degrees, and the per-axis standard deviation of its ordinary error in metres. */
export interface WatchedFix {
  at: number;
  lon: number;
  lat: number;
  sigma: number;
}

/** An area to watch one wearer against. */
export interface WatchedZone {
  id: string;
  area: LaidArea;
  /** Distances outside are wanted exactly, for a wearer who should be inside. */
  stayIn: boolean;
  /** The hours that hold, see `intervalsOf`; always, where there are none. Evidence is gathered within them alone. */
  holds?: Intervals;
}
