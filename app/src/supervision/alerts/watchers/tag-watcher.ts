import { duration, metres, type TagEpisode, type TagTrouble, TagWatch } from '@waymark/presence';
import type { Severity, TagFacts } from '../../schema/tables.ts';
import type { FoundAlert } from './alert.ts';
import { counted } from './counted.ts';
import type { Kind, Standing, Story, Watch } from './watcher.ts';

const ofTag = (severity: Severity, words: string, brief: string, explain: (story: Story<TagFacts>) => string): Kind => ({
  severity,
  words,
  brief,
  explain: (story) => explain(story as Story<TagFacts>),
});

const stands = (kind: Kind): Kind => ({ ...kind, standsUntilDecided: true });

const tagKinds: Record<TagTrouble, Kind> = {
  'strap cut': stands(
    ofTag(
      'high',
      'The strap may have been cut',
      'strap cut',
      (story) =>
        `The tag says that its strap was cut or opened (${counted(story.facts.fixes)}${overall(story)}). A knock or a worn strap can look the same.`,
    ),
  ),
  'case opened': stands(
    ofTag(
      'high',
      'The tag may have been opened',
      'tag opened',
      (story) =>
        `The tag says that its case was opened (${counted(story.facts.fixes)}${overall(story)}). A knock or water can look the same.`,
    ),
  ),
  'battery low': ofTag('low', 'The battery is low', 'battery low', explainBattery),
  'battery flat': ofTag('medium', 'The battery is nearly flat', 'battery nearly flat', explainBattery),
  'no signal': ofTag('medium', 'Nothing is heard of the tag', 'no signal', ({ facts, long, lasts }) => {
    const level = levelOf(facts);
    return `No fix for ${long}${lasts ? ' so far' : ''}.${level ? ` The last one before gave the battery as ${level}.` : ''} Nothing is known of this time; it is no breach.`;
  }),
  'jamming suspected': ofTag('medium', 'The tag’s position may be false', 'position may be false', explainJamming),
};

/** Watches what a tag tells of itself: its strap, case, battery and receiver, and its silences. */
export const tagWatch = {
  kinds: tagKinds,
  causeOf: ({ kind }) => (kind === 'battery low' || kind === 'battery flat' ? 'battery' : kind),
  begin: () => async () => ({
    devices: [],
    watcherOf() {
      const watch = new TagWatch();
      return { take: (fixes) => watch.take(fixes), found: (standing) => foundOf(watch, standing) };
    },
  }),
} satisfies Watch;

/** Of a tag that has been taken off nothing lasts; a silence that was on record ends with the wearing. */
function foundOf(watch: TagWatch, { now, ends, stored, isMute }: Standing): FoundAlert[] {
  if (ends > now) return findTagAlerts(watch.episodes(isMute()));
  const wasSilent = stored.some(({ kind, from, retracted }) => kind === 'no signal' && from === watch.lastAt && !retracted);
  return findTagAlerts(
    watch
      .episodes(wasSilent)
      .map((own) => (own.lasts ? { ...own, lasts: false, to: own.kind === 'no signal' ? Math.max(ends, own.from) : own.to } : own)),
  );
}

/** The alerts that a tag gives about itself. */
function findTagAlerts(episodes: readonly TagEpisode[]): FoundAlert[] {
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

const overall = ({ long, lasts }: Story<TagFacts>): string => (lasts ? ' so far' : ` over ${long}`);
const levelOf = ({ battery }: TagFacts): string => (battery === null ? '' : `${Math.round(100 * battery)} %`);
