import { type Intervals, type NearEpisode, type Span, type TagEpisode, type Violation, violationsOf } from '@waymark/presence';
import type { AlertFacts, AlertKind, ZoneAlertKind, ZoneKind } from '../schema/tables.ts';

/** An alert as the fixes give it, before it is compared with what is on record. Times in ms since 1970. */
export interface FoundAlert {
  /** Null for an alert about the tag. */
  zoneVersion: number | null;
  kind: AlertKind;
  from: number;
  /** Null while it lasts. */
  to: number | null;
  confirmedAt: number;
  facts: AlertFacts;
}

/** The 68 % accuracy radius for a per-axis spread: σ·√(−2 ln 0.32). */
const radiusPerSigma = Math.sqrt(-2 * Math.log(0.32));

/**
 * The alerts that a zone's spans give during the hours that hold.
 *
 * @param silent nothing has been heard of the wearing for long: what lasted is not known to last
 */
export function findZoneAlerts(
  zoneVersion: number,
  kind: ZoneKind,
  spans: readonly Span[],
  holds: Intervals,
  silent: boolean,
): FoundAlert[] {
  return violationsOf(spans, kind === 'exclusion' ? 'in' : 'out', holds, { silent }).map((violation) => ({
    zoneVersion,
    kind: kindOf(kind, violation),
    from: violation.from,
    to: violation.lasts ? null : violation.to,
    confirmedAt: violation.confirmedAt,
    facts: {
      fixes: violation.fixes,
      farthestM: Math.round(violation.farthestM),
      farthestAt: violation.farthestAt,
      accuracyM: Math.round(violation.farthestSigma * radiusPerSigma),
      signalLost: violation.signalLost,
      seenS: Math.round(violation.seenMs / 1000),
    },
  }));
}

/** The alerts that a tag gives about itself. */
export function findTagAlerts(episodes: readonly TagEpisode[]): FoundAlert[] {
  return episodes.map(({ kind, from, to, lasts, confirmedAt, fixes, battery, sign, jumpM, jumpS }) => ({
    zoneVersion: null,
    kind,
    from,
    to: lasts ? null : to,
    confirmedAt,
    facts: {
      fixes,
      battery: Number.isNaN(battery) ? null : Math.round(battery * 100) / 100,
      sign,
      jumpM: Number.isNaN(jumpM) ? null : Math.round(jumpM),
      jumpS: Number.isNaN(jumpS) ? null : Math.round(jumpS),
    },
  }));
}

/** The alerts that two people's positions give. */
export function findNearAlerts(protection: number, radiusM: number, episodes: readonly NearEpisode[], silent: boolean): FoundAlert[] {
  return episodes.map(({ from, to, lasts, confirmedAt, pairs, closestM, closestAt, closestSigma }) => ({
    zoneVersion: null,
    kind: 'near protected person',
    from,
    to: lasts && !silent ? null : to,
    confirmedAt,
    facts: {
      protection,
      radiusM,
      pairs,
      closestM: Math.round(closestM),
      closestAt,
      accuracyM: Math.round(closestSigma * radiusPerSigma),
    },
  }));
}

/** What an alert is about: alerts of one cause are of the same thing, whatever their kind turns out to be. */
export function causeOf({ zoneVersion, kind, facts }: Pick<FoundAlert, 'zoneVersion' | 'kind' | 'facts'>): string {
  if (zoneVersion !== null) return `zone ${zoneVersion}`;
  if ('protection' in facts) return `protection ${facts.protection}`;
  return kind === 'battery low' || kind === 'battery flat' ? 'battery' : kind;
}

/** A curfew is missed until the wearer is seen to come home, late then, and ended early by who was there and left. */
function kindOf(kind: ZoneKind, { fromBeginning, seenToEnd }: Violation): ZoneAlertKind {
  if (kind === 'exclusion') return 'exclusion entered';
  if (kind === 'inclusion') return 'inclusion left';
  if (!fromBeginning) return 'curfew ended early';
  return seenToEnd ? 'curfew late' : 'curfew missed';
}
