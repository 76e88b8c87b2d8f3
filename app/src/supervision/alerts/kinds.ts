import { duration, metres } from '@waymark/presence';
import type { AlertFacts, AlertKind, NearFacts, Severity, TagFacts, ZoneFacts } from '../schema/tables.ts';

interface Told {
  kind: AlertKind;
  from: Date;
  to: Date | null;
  facts: AlertFacts;
  zone: string | null;
  now: Date;
}

/** What there is to say of one alert: how long it lasted in words, and whether it still does. */
interface Story<Facts> {
  facts: Facts;
  zone: string | null;
  long: string;
  lasts: boolean;
}

/** One kind of alert: how urgent it is, what it is called for a person to read, and one of them in a sentence. */
interface Kind {
  severity: Severity;
  words: string;
  explain(story: Story<AlertFacts>): string;
}

const ofZone = (severity: Severity, words: string, side: 'inside' | 'outside'): Kind => ({
  severity,
  words,
  explain: (story) => explainZone(story as Story<ZoneFacts>, side),
});
const ofTag = (severity: Severity, words: string, explain: (story: Story<TagFacts>) => string): Kind => ({
  severity,
  words,
  explain: (story) => explain(story as Story<TagFacts>),
});

/** Every kind of alert. What finds them are the watches of `@waymark/presence`. */
const kinds: Record<AlertKind, Kind> = {
  'exclusion entered': ofZone('high', 'Went into an area they must keep out of', 'inside'),
  'inclusion left': ofZone('medium', 'Left an area they must stay in', 'outside'),
  'curfew missed': ofZone('medium', 'Not at the curfew address', 'outside'),
  'curfew late': ofZone('medium', 'Came late to the curfew address', 'outside'),
  'curfew ended early': ofZone('medium', 'Left the curfew address during the hours', 'outside'),
  'strap cut': ofTag(
    'high',
    'The strap may have been cut',
    (story) =>
      `The tag says that its strap was cut or opened (${counted(story.facts.fixes)}${overall(story)}). A knock or a worn strap can look the same.`,
  ),
  'case opened': ofTag(
    'high',
    'The tag may have been opened',
    (story) =>
      `The tag says that its case was opened (${counted(story.facts.fixes)}${overall(story)}). A knock or water can look the same.`,
  ),
  'battery low': ofTag('low', 'The battery is low', explainBattery),
  'battery flat': ofTag('medium', 'The battery is nearly flat', explainBattery),
  'no signal': ofTag('medium', 'Nothing is heard of the tag', ({ facts, long, lasts }) => {
    const level = levelOf(facts);
    return `No fix for ${long}${lasts ? ' so far' : ''}.${level ? ` The last one before gave the battery as ${level}.` : ''} Nothing is known of this time; it is no breach.`;
  }),
  'jamming suspected': ofTag('medium', 'The tag’s position may be false', explainJamming),
  'near protected person': {
    severity: 'high',
    words: 'Near somebody they must keep away from',
    explain: (story) => explainNear(story as Story<NearFacts>),
  },
};

export const severityOf = (kind: AlertKind): Severity => kinds[kind].severity;

/** What kind of alert it is, for a person to read. */
export const kindInWords = (kind: AlertKind): string => kinds[kind].words;

/** An alert in one sentence: what, for how long, and what it rests on. */
export function explainAlert({ kind, from, to, facts, zone, now }: Told): string {
  return kinds[kind].explain({ facts, zone, long: duration(((to ?? now).getTime() - from.getTime()) / 1000), lasts: to === null });
}

function explainZone({ facts, zone, long, lasts }: Story<ZoneFacts>, side: 'inside' | 'outside'): string {
  const lasting = lasts ? `for ${long} so far` : facts.signalLost ? `seen for ${duration(facts.seenS)} within ${long}` : `for ${long}`;
  const evidence = `accuracy ${facts.accuracyM} m, ${counted(facts.fixes)}${lasts ? ' when it was raised' : ''}`;
  const lost = facts.signalLost ? ' The signal was lost; that time counts for neither side.' : '';
  return `Up to ${metres(facts.farthestM)} ${side} “${zone}” ${lasting} (${evidence}).${lost}`;
}

function explainBattery({ facts, long, lasts }: Story<TagFacts>): string {
  return `The battery went down to ${levelOf(facts) || 'a level that the tag calls low'}${lasts ? '' : `; it was charged after ${long}`}.`;
}

function explainJamming({ facts: { fixes, sign, jumpM, jumpS }, long }: Story<TagFacts>): string {
  if (sign === 'impossible speed' && jumpM !== null)
    return `The position moved ${metres(jumpM)} in ${duration(jumpS ?? 0)} and stayed there: no one can travel so fast. The receiver may be deceived or faulty.`;
  if (sign === 'one fix out of reach' && jumpM !== null)
    return `One fix lay ${metres(jumpM)} off, ${duration(jumpS ?? 0)} after the one before, and the next was back: no one can travel so fast. It was set aside and decides nothing.`;
  if (sign === 'stands still while it moves')
    return `The position did not change at all for ${long} while the tag reported speed (${counted(fixes)}). The receiver may be deceived or faulty.`;
  return `The tag reports that its receiver is jammed or deceived (${counted(fixes)}).`;
}

function explainNear({ facts: { closestM, radiusM, accuracyM, pairs }, long, lasts }: Story<NearFacts>): string {
  const lasting = lasts ? `for ${long} so far` : `for ${long}`;
  return `Within ${metres(radiusM)} of a protected person ${lasting}, about ${metres(closestM)} at the nearest (accuracy of both together ${accuracyM} m, ${pairs} ${pairs === 1 ? 'comparison' : 'comparisons'}${lasts ? ' when it was raised' : ''}). It can be chance: either may have come to the other.`;
}

const overall = ({ long, lasts }: Story<TagFacts>): string => (lasts ? ' so far' : ` over ${long}`);
const levelOf = ({ battery }: TagFacts): string => (battery === null ? '' : `${Math.round(100 * battery)} %`);
const counted = (fixes: number): string => `${fixes} ${fixes === 1 ? 'fix' : 'fixes'}`;
