import type { AlertKind } from '../../schema/tables.ts';
import type { FoundAlert } from './alert.ts';
import { nearWatch } from './near-watcher.ts';
import { tagWatch } from './tag-watcher.ts';
import type { Kind, Watch } from './watcher.ts';
import { zoneWatch } from './zone-watcher.ts';

/** All that is watched, in the order in which it is told. */
export const watches: readonly Watch[] = [zoneWatch, nearWatch, tagWatch];

/** Every kind of alert. */
export const kinds: Record<AlertKind, Kind> = { ...zoneWatch.kinds, ...nearWatch.kinds, ...tagWatch.kinds };

const causes = new Map(watches.flatMap((watch) => Object.keys(watch.kinds).map((kind) => [kind, watch.causeOf] as const)));

/** What an alert is about: alerts of one cause are of the same thing, whatever their kind turns out to be. */
export function causeOf(alert: Pick<FoundAlert, 'zoneVersion' | 'kind' | 'facts'>): string {
  return (causes.get(alert.kind) as Watch['causeOf'])(alert);
}
