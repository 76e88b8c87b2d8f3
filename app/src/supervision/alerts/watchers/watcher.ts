import type { TagReport } from '@waymark/presence';
import type { Tx } from '../../../platform/database.ts';
import type { AlertFacts, AlertKind, Severity } from '../../schema/tables.ts';
import type { FoundAlert, StoredAlert } from './alert.ts';

/** What there is to say of one alert: how long it lasted in words, and whether it still does. */
export interface Story<Facts> {
  facts: Facts;
  zone: string | null;
  long: string;
  lasts: boolean;
}

/** One kind of alert: how urgent it is, what it is called for a person to read, in the few words of a list, and one of them in a sentence. */
export interface Kind {
  severity: Severity;
  words: string;
  /** As in “Leo C. {brief} for 4 minutes”; `{zone}` stands for the name of the zone. */
  brief: string;
  /** It is not over when the tag says no more of it: somebody has to look. */
  standsUntilDecided?: true;
  explain(story: Story<AlertFacts>): string;
}

/** How it stands with a wearing when it is asked for its alerts. Times in ms since 1970. */
export interface Standing {
  now: number;
  /** The end of the wearing or of its order. */
  ends: number;
  /** The alerts on record. */
  stored: readonly StoredAlert[];
  /** Nothing has been heard for a while: what lasted is not known to last. */
  silent: boolean;
  /** Nothing has been heard for so long that it is an alert. */
  isMute(): boolean;
}

/** Watches one thing about one wearing, in event time. */
export interface Watcher {
  /** Takes fixes of the wearing's tag. @returns `'older'` when one is older than what can be put right: it is to be made anew */
  take(fixes: readonly TagReport[]): 'older' | null;
  /** Takes fixes of somebody else's device, by its number. */
  takeOther?(device: number, fixes: readonly TagReport[]): 'older' | null;
  /** The alerts that all it has taken give. */
  found(standing: Standing): FoundAlert[];
}

/** What is known of some wearings before their tracks are read. */
export interface Prepared {
  /** Other people's devices whose fixes are needed, too. */
  devices: readonly number[];
  /**
   * The watcher of one wearing; it has still to be handed the wearing's own track.
   * @param deviceTrack the stored fixes of a device
   */
  watcherOf(wearing: number, deviceTrack: (device: number) => readonly TagReport[]): Watcher;
}

/**
 * Reads what is to be known of some wearings.
 * @param rules up to when hours are worked out, ms since 1970, and where
 */
export type Prepare = (tx: Tx, wearings: readonly number[], rules: { upto: number; timeZone: string }) => Promise<Prepared>;

/** One thing that is watched: what finds it, what it is about, and how it is told. All of them stand in `watchers.ts`. */
export interface Watch {
  kinds: Partial<Record<AlertKind, Kind>>;
  /** What an alert is about: alerts of one cause are of the same thing, whatever their kind turns out to be. */
  causeOf(alert: Pick<FoundAlert, 'zoneVersion' | 'kind' | 'facts'>): string;
  /** Begins to watch in one house; what is given may remember things of it. */
  begin(): Prepare;
  /** The wearings whose watchers take fixes of somebody else's device, by the device. */
  othersHeard?(tx: Tx): Promise<Map<number, number[]>>;
}
