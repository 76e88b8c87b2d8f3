import { type Intervals, type Span, type Violation, violationsOf } from '@waymark/presence';
import type { AlertFacts, AlertKind, ZoneKind } from '../tables.ts';

/** An alert as the fixes give it, before it is compared with what is on record. Times in ms since 1970. */
export interface FoundAlert {
  zoneVersion: number;
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
export function findAlerts(zoneVersion: number, kind: ZoneKind, spans: readonly Span[], holds: Intervals, silent: boolean): FoundAlert[] {
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

/** A curfew is missed until the wearer is seen to come home, late then, and ended early by who was there and left. */
function kindOf(kind: ZoneKind, { fromBeginning, seenToEnd }: Violation): AlertKind {
  if (kind === 'exclusion') return 'exclusion entered';
  if (kind === 'inclusion') return 'inclusion left';
  if (!fromBeginning) return 'curfew ended early';
  return seenToEnd ? 'curfew late' : 'curfew missed';
}

export function severityOf(kind: AlertKind): 'high' | 'medium' {
  return kind === 'exclusion entered' ? 'high' : 'medium';
}
