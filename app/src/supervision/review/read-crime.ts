import { type DistanceInTime, defaultParameters } from '@waymark/presence';
import { isProgram } from '../../platform/access.ts';
import { type Action, type ActionContext, InvalidError, NotFoundError } from '../../platform/action.ts';
import { atHome } from '../../platform/fixes/fix.ts';
import { type CrimeVersionRow, crimeTypes, findCrime } from '../crimes/index.ts';
import { noteSubject } from '../subjects/index.ts';
import { currentRuns, type VerdictServices, type VerdictView, viewOf, wearerNames } from '../verdicts/index.ts';
import { distanceAround } from './distance-around.ts';
import { shownAround, shownBesideMs } from './draw-distance.ts';
import { packsOf } from './list-packs.ts';
import { type ReviewState, reviewState, reviewsOf } from './review-verdict.ts';
import { type ReviewTest, shownVerdicts } from './shown-verdicts.ts';

export interface CrimeVerdict extends VerdictView {
  wearing: number;
  name: string;
  review: ReviewState;
}

export interface CrimePage {
  crime: CrimeVersionRow;
  typeName: string;
  versions: CrimeVersionRow[];
  radiusM: number;
  run: number | null;
  coincidence: number | null;
  /** Of the run; null where there is none. */
  model: string | null;
  verdicts: CrimeVerdict[];
  counts: { present: number; excluded: number; unknown: number };
  /** Of a crime made up to test reviewers, told to those who have reviewed it. */
  test: ReviewTest | null;
}

/** What is read of a crime, with what no page and no program is told. */
export interface CrimeRead extends CrimePage {
  /** Nothing of what was made up may leave, whatever reviewers say. */
  isMadeUp: boolean;
}

export interface ReadCrimeServices extends VerdictServices {
  secondReview: boolean;
}

const madeUpLeavesNot = 'This crime was made up, to learn whether reviewers look at the fixes. Nothing of it leaves.';

/** One crime with the verdict on every wearer: excluded and unknown as plainly as present. */
export const readCrime: Action<ReadCrimeServices, { id: number }, CrimePage> = {
  name: 'crime.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id }) {
    const { isMadeUp: _, ...page } = await crimeOf(context, services, id);
    return page;
  },
};

export async function crimeOf({ tx, actor, note }: ActionContext, services: ReadCrimeServices, id: number): Promise<CrimeRead> {
  note({ kind: 'crime', id });
  const found = await findCrime(tx, id);
  if (!found) throw new NotFoundError('There is no such crime.');
  const crime = found.current;
  const current = (await currentRuns(tx, [crime])).get(crime.id);
  const { verdicts: stored, isMadeUp, test } = await shownVerdicts(tx, services.verdicts, current?.run ?? null, crime.id);
  // What is made up is for people who review, and never for a program that takes verdicts away.
  if (isMadeUp && isProgram(actor)) throw new NotFoundError('There is no such crime.');
  const names = await wearerNames(
    tx,
    stored.map(({ wearing }) => wearing),
  );
  const reviews = current ? await reviewsOf(tx, crime.id, current.run) : [];
  const reviewsByWearing = Map.groupBy(reviews, ({ wearing_id }) => wearing_id);
  const verdicts = stored.map((row): CrimeVerdict => {
    const wearer = names.get(row.wearing);
    return {
      ...viewOf(row, crime, wearer, defaultParameters.radiusM),
      wearing: row.wearing,
      name: wearer?.name ?? '',
      review: reviewState(reviewsByWearing.get(row.wearing) ?? [], actor.id, services.secondReview),
    };
  });
  const count = (name: string) => verdicts.filter(({ verdict }) => verdict === name).length;
  note(null, { wearers: verdicts.length });
  const isTold = test && (test.over || reviews.some(({ reviewer, wearing_id }) => reviewer === actor.id && wearing_id === test.wearing));
  return {
    crime,
    typeName: crimeTypes[crime.type] ?? (crime.type === '' ? 'Not given' : crime.type),
    versions: found.versions,
    radiusM: defaultParameters.radiusM + crime.place.uncertaintyM,
    run: current?.run ?? null,
    coincidence: current?.coincidence ?? null,
    model: current?.model ?? null,
    verdicts,
    counts: { present: count('present'), excluded: count('excluded'), unknown: count('unknown') },
    test: isTold ? test : null,
    isMadeUp,
  };
}

/** @throws InvalidError for whoever tries to take out what was made up */
export function refuseMadeUp({ isMadeUp }: CrimeRead): void {
  if (isMadeUp) throw new InvalidError(madeUpLeavesNot, 'made up');
}

export interface EvidencePoint {
  at: number;
  receivedAt: number;
  lon: number;
  lat: number;
  accuracyM: number | null;
  method: number;
  /** It was in their home, and says no more than that: it plays no part in a verdict. */
  isAtHome: boolean;
}

export interface Evidence {
  crime: CrimeVersionRow;
  verdict: CrimeVerdict;
  radiusM: number;
  points: EvidencePoint[];
  /** Stretches without a fix that are longer than a covered gap. */
  gaps: { from: number; to: number }[];
  marginMs: number;
  /** From the fixes that the run knew; null where this version cannot tell, because an earlier model judged. */
  distance: DistanceInTime | null;
  /** Evidence packs that were put together for this verdict. */
  packs: { id: number; made_by_name: string; made_at: Date }[];
  /** Told to those who have reviewed it: the crime was made up, and this wearer was so far away. */
  test: ReviewTest | null;
}

/** The observed fixes of one wearer around the window: what the map and its table show. Nothing between them is drawn. */
export const readEvidence: Action<ReadCrimeServices, { crimeId: number; wearingId: number }, Evidence> = {
  name: 'crime.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { crimeId, wearingId }) {
    const page = await readCrime.run(context, services, { id: crimeId });
    const verdict = page.verdicts.find(({ wearing }) => wearing === wearingId);
    if (!verdict) throw new NotFoundError('There is no verdict on this wearer for this crime.');
    context.note({ kind: 'crime', id: crimeId }, { wearing: wearingId });
    await noteSubject(context, { wearing: wearingId });
    const shown = shownAround({ from: page.crime.from_at.getTime(), to: page.crime.to_at.getTime() });
    const { from, to } = shown;
    const { count, columns } = await services.fixes.track(wearingId, from, to);
    const points = Array.from({ length: count }, (_, i): EvidencePoint => {
      const accuracy = columns.accuracyM[i] as number;
      return {
        at: columns.at[i] as number,
        receivedAt: columns.receivedAt[i] as number,
        lon: columns.lon[i] as number,
        lat: columns.lat[i] as number,
        accuracyM: Number.isNaN(accuracy) ? null : Math.round(accuracy * 10) / 10,
        method: columns.method[i] as number,
        isAtHome: columns.method[i] === atHome,
      };
    });
    const gaps: Evidence['gaps'] = [];
    const edges = [from, ...points.map(({ at }) => at), to];
    for (let i = 1; i < edges.length; i++) {
      const [a, b] = [edges[i - 1] as number, edges[i] as number];
      if (b - a > defaultParameters.maxGapS * 1000) gaps.push({ from: a, to: b });
    }
    const distance = await distanceAround(context.tx, services, { crime: page.crime, run: page.run, wearing: wearingId }, shown);
    const packs = await packsOf(context.tx, page.crime.id, wearingId);
    const test = page.test?.wearing === wearingId ? page.test : null;
    return { crime: page.crime, verdict, radiusM: page.radiusM, points, gaps, marginMs: shownBesideMs, distance, packs, test };
  },
};
