import { duration, metres } from '@waymark/presence';
import type { AlertFacts, AlertKind, TagFacts } from '../schema/tables.ts';

interface Told {
  kind: AlertKind;
  from: Date;
  to: Date | null;
  facts: AlertFacts;
  zone: string | null;
  now: Date;
}

/** An alert in one sentence: what, for how long, and what it rests on. */
export function explainAlert(alert: Told): string {
  const { kind, facts, zone } = alert;
  const long = duration(((alert.to ?? alert.now).getTime() - alert.from.getTime()) / 1000);
  if ('protection' in facts) {
    const { closestM, radiusM, accuracyM, pairs } = facts;
    const lasting = alert.to === null ? `for ${long} so far` : `for ${long}`;
    return `Within ${metres(radiusM)} of a protected person ${lasting}, about ${metres(closestM)} at the nearest (accuracy of both together ${accuracyM} m, ${pairs} ${pairs === 1 ? 'comparison' : 'comparisons'}${alert.to === null ? ' when it was raised' : ''}). It can be chance: either may have come to the other.`;
  }
  if (!('farthestM' in facts)) return explainTag(kind, facts, long, alert.to === null);
  const seen = duration(facts.seenS);
  const lasting = alert.to === null ? `for ${long} so far` : facts.signalLost ? `seen for ${seen} within ${long}` : `for ${long}`;
  const evidence = `accuracy ${facts.accuracyM} m, ${counted(facts.fixes)}${alert.to === null ? ' when it was raised' : ''}`;
  const lost = facts.signalLost ? ' The signal was lost; that time counts for neither side.' : '';
  const where =
    kind === 'exclusion entered'
      ? `Up to ${metres(facts.farthestM)} inside “${zone}”`
      : `Up to ${metres(facts.farthestM)} outside “${zone}”`;
  return `${where} ${lasting} (${evidence}).${lost}`;
}

function explainTag(kind: AlertKind, { fixes, battery, sign, jumpM, jumpS }: TagFacts, long: string, lasts: boolean): string {
  const level = battery === null ? '' : `${Math.round(100 * battery)} %`;
  switch (kind) {
    case 'strap cut':
      return `The tag says that its strap was cut or opened (${counted(fixes)}${lasts ? ' so far' : ` over ${long}`}). A knock or a worn strap can look the same.`;
    case 'case opened':
      return `The tag says that its case was opened (${counted(fixes)}${lasts ? ' so far' : ` over ${long}`}). A knock or water can look the same.`;
    case 'battery low':
    case 'battery flat':
      return `The battery went down to ${level || 'a level that the tag calls low'}${lasts ? '' : `; it was charged after ${long}`}.`;
    case 'no signal':
      return `No fix for ${long}${lasts ? ' so far' : ''}.${level ? ` The last one before gave the battery as ${level}.` : ''} Nothing is known of this time; it is no breach.`;
    default:
      if (sign === 'impossible speed' && jumpM !== null)
        return `The position moved ${metres(jumpM)} in ${duration(jumpS ?? 0)} and stayed there: no one can travel so fast. The receiver may be deceived or faulty.`;
      if (sign === 'one fix out of reach' && jumpM !== null)
        return `One fix lay ${metres(jumpM)} off, ${duration(jumpS ?? 0)} after the one before, and the next was back: no one can travel so fast. It was set aside and decides nothing.`;
      if (sign === 'stands still while it moves')
        return `The position did not change at all for ${long} while the tag reported speed (${counted(fixes)}). The receiver may be deceived or faulty.`;
      return `The tag reports that its receiver is jammed or deceived (${counted(fixes)}).`;
  }
}

function counted(fixes: number): string {
  return `${fixes} ${fixes === 1 ? 'fix' : 'fixes'}`;
}

/** What kind of alert it is, for a person to read. */
export const kindInWords: Record<AlertKind, string> = {
  'exclusion entered': 'Went into an area they must keep out of',
  'inclusion left': 'Left an area they must stay in',
  'curfew missed': 'Not at the curfew address',
  'curfew late': 'Came late to the curfew address',
  'curfew ended early': 'Left the curfew address during the hours',
  'strap cut': 'The strap may have been cut',
  'case opened': 'The tag may have been opened',
  'battery low': 'The battery is low',
  'battery flat': 'The battery is nearly flat',
  'no signal': 'Nothing is heard of the tag',
  'jamming suspected': 'The tag’s position may be false',
  'near protected person': 'Near somebody they must keep away from',
};
