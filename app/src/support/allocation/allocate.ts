import highsModule, { type Highs } from 'highs';
import { isSameArea } from '../facts/index.ts';

// The package's types describe it as CommonJS, which it is not when imported.
const loadHighs = highsModule as unknown as () => Promise<Highs>;

/** Someone who could be offered a service. Nothing here tells sex, ethnicity or address. */
export interface Candidate {
  person: number;
  /** Whole years; null where not known. */
  age: number | null;
  /** The level of each factor that is surely there, 0 to 3: what is unknown counts for nothing. */
  levels: Record<string, number>;
  /** Weeks since the person asked or was first put forward. */
  waitingWeeks: number;
  /** Areas the person said they can get to, the easiest first; null where they named none: then only what is for everywhere. */
  areas: string[] | null;
}

export interface ServiceOffer {
  service: number;
  places: number;
  /** Ages that it is for, both included. */
  ages: { from: number; to: number };
  /** Where it is; null where it comes to people. */
  area: string | null;
  /** For each factor, the share of a level that the service is expected to meet, 0 to 1. */
  serves: Record<string, number>;
}

export interface Placement {
  person: number;
  service: number;
  /** Levels of need that are expected to be met. */
  needMet: number;
}

export interface Allocation {
  placements: Placement[];
  needMet: number;
  /** What one more place in a service would bring, in levels of need met. */
  onePlaceMore: Map<number, number>;
  status: 'best' | 'stopped at the time limit';
}

/** Need is reckoned in hundredths, so that sums are exact and ties are ties. */
const grain = 100;
/** Waiting longer than this counts no further, weeks. */
export const longestWait = 104;
/** Where all that is the same, a lot decides: less than a tenth of a week's waiting. */
const lotWeeks = 0.1;

/**
 * A person's lot, from 0 to 1: drawn from their number and a word that is on record, so that it can be drawn again, and so that no
 * number is luckier than another (FNV-1a, with a last mixing).
 */
export function lotOf(person: number, word: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${word}/${person}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 4_294_967_296;
}

/** Each place further down a person's own list of areas weighs like so many weeks of waiting less. */
export const weeksPerArea = 4;

/** Levels of need that a service is expected to meet for a person: Σ level × share, over the factors. Null where they are not eligible. */
export function needMetBy({ levels, age, areas }: Candidate, { serves, ages, area }: ServiceOffer): number | null {
  if (age === null || age < ages.from || age > ages.to) return null;
  if (area !== null && !areas?.some((own) => isSameArea(own, area))) return null;
  let sum = 0;
  for (const [factor, share] of Object.entries(serves)) sum += (levels[factor] ?? 0) * share;
  const met = Math.round(sum * grain) / grain;
  return met > 0 ? met : null;
}

/** How far down a person's own list the service's area stands: 0 for the easiest, and for what comes to them. */
export function journeyTo({ areas }: Candidate, { area }: ServiceOffer): number {
  return area === null ? 0 : Math.max(0, areas?.findIndex((own) => isSameArea(own, area)) ?? 0);
}

interface Option extends Placement {
  /** What decides between equally good ways, from -1 to 1: a long wait speaks for it, a long journey against. */
  tie: number;
}

/**
 * Proposes who gets which place, at most one for each person, so that the need met is as great as it can be; of equally good
 * ways the one that serves those who have waited longer, and by shorter journeys.
 *
 * A linear programme of the transport kind (Hitchcock 1941): its best corners are whole places by themselves. Solved with
 * HiGHS. What one more place would bring is the dual value of the service's places.
 *
 * @param lotWord what lots are drawn with
 * @param timeLimitS after this the better of the two usual orders is given
 */
export async function allocate(
  candidates: readonly Candidate[],
  services: readonly ServiceOffer[],
  { timeLimitS = 20, lotWord = '' }: { timeLimitS?: number; lotWord?: string } = {},
): Promise<Allocation> {
  const options = optionsOf(candidates, services, lotWord);
  if (options.length === 0) return { placements: [], needMet: 0, onePlaceMore: new Map(), status: 'best' };
  const places = services.reduce((sum, service) => sum + Math.min(service.places, candidates.length), 0);
  // All waits and journeys together weigh less than a hundredth of a level.
  const perTie = 0.5 / grain / Math.max(1, Math.min(places, candidates.length));
  const highs = await loadHighs();
  const solved = highs.solve(programme(options, services, perTie), { time_limit: timeLimitS, output_flag: false });
  const isBest = solved.Status === 'Optimal';
  if (!isBest && solved.Status !== 'Time limit reached') throw new Error(`The allocation could not be worked out: ${solved.Status}`);
  if (!isBest) {
    // What was reached when the time ran out need not keep to the places.
    const [one, other] = [firstCome(candidates, services), needRank(candidates, services)];
    return { ...(one.needMet > other.needMet ? one : other), status: 'stopped at the time limit' };
  }
  const columns = solved.Columns as Record<string, { Primal?: number }>;
  const placements = options
    .filter((_, i) => (columns[`x${i}`]?.Primal ?? 0) > 0.5)
    .map(({ person, service, needMet }) => ({ person, service, needMet }))
    .sort((a, b) => a.service - b.service || b.needMet - a.needMet || a.person - b.person);
  const onePlaceMore = new Map<number, number>();
  for (const row of solved.Rows as { Name?: string; Dual?: number }[]) {
    const service = /^s(\d+)$/.exec(row.Name ?? '')?.[1];
    if (service) onePlaceMore.set(Number(service), Math.max(0, Math.round(Math.abs(row.Dual ?? 0) * grain) / grain));
  }
  return { placements, needMet: total(placements), onePlaceMore, status: 'best' };
}

/** Those who have waited longest first, each the place that meets most of their need. What most waiting lists do. */
export function firstCome(candidates: readonly Candidate[], services: readonly ServiceOffer[]): Allocation {
  return inOrder(
    [...candidates].sort((a, b) => b.waitingWeeks - a.waitingWeeks || a.person - b.person),
    services,
  );
}

/** Those with the greatest need first, each the place that meets most of it. */
export function needRank(candidates: readonly Candidate[], services: readonly ServiceOffer[]): Allocation {
  const need = ({ levels }: Candidate) => Object.values(levels).reduce((sum, level) => sum + level, 0);
  return inOrder(
    [...candidates].sort((a, b) => need(b) - need(a) || a.person - b.person),
    services,
  );
}

function inOrder(candidates: readonly Candidate[], services: readonly ServiceOffer[]): Allocation {
  const left = new Map(services.map(({ service, places }) => [service, places]));
  const placements: Placement[] = [];
  for (const candidate of candidates) {
    let best: Placement | null = null;
    for (const offer of services) {
      const needMet = needMetBy(candidate, offer);
      if (needMet === null || (left.get(offer.service) ?? 0) <= 0 || needMet <= (best?.needMet ?? 0)) continue;
      best = { person: candidate.person, service: offer.service, needMet };
    }
    if (!best) continue;
    left.set(best.service, (left.get(best.service) ?? 0) - 1);
    placements.push(best);
  }
  return { placements, needMet: total(placements), onePlaceMore: new Map(), status: 'best' };
}

function optionsOf(candidates: readonly Candidate[], services: readonly ServiceOffer[], lotWord: string): Option[] {
  return candidates.flatMap((candidate) =>
    services.flatMap((offer): Option[] => {
      const needMet = needMetBy(candidate, offer);
      if (needMet === null) return [];
      const weeks =
        Math.min(longestWait, Math.max(0, candidate.waitingWeeks)) -
        weeksPerArea * journeyTo(candidate, offer) +
        lotWeeks * lotOf(candidate.person, lotWord);
      return [{ person: candidate.person, service: offer.service, needMet, tie: Math.max(-longestWait, weeks) / longestWait }];
    }),
  );
}

function total(placements: readonly Placement[]): number {
  return Math.round(placements.reduce((sum, { needMet }) => sum + needMet, 0) * grain) / grain;
}

/** The programme in the CPLEX LP format. */
function programme(options: readonly Option[], services: readonly ServiceOffer[], perTie: number): string {
  const byService = new Map<number, string[]>();
  const byPerson = new Map<number, string[]>();
  const add = (map: Map<number, string[]>, key: number, name: string) => {
    const own = map.get(key);
    if (own) own.push(name);
    else map.set(key, [name]);
  };
  const objective = options.map(({ person, service, needMet, tie }, i) => {
    add(byService, service, `x${i}`);
    add(byPerson, person, `x${i}`);
    return `${(needMet + tie * perTie).toFixed(12)} x${i}`;
  });
  const placesOf = new Map(services.map(({ service, places }) => [service, places]));
  const rows = [
    ...[...byService].map(([service, names]) => `s${service}: ${summed(names)} <= ${placesOf.get(service) ?? 0}`),
    ...[...byPerson].map(([person, names]) => `p${person}: ${summed(names)} <= 1`),
  ];
  return `Maximize\nobj: ${summed(objective)}\nSubject To\n${rows.join('\n')}\nEnd\n`;
}

/** Lines of the format may not be long. */
function summed(terms: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < terms.length; i += 20) lines.push(terms.slice(i, i + 20).join(' + '));
  return lines.join(' +\n');
}
