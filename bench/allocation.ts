import { Random } from '@waymark/town';
import { allocate, type Candidate, firstCome, needRank, type ServiceOffer } from '../app/src/support/index.ts';
import type { Report } from './report.ts';

const factors = ['parent offending', 'attainment', 'exclusion', 'family', 'substances', 'unemployment', 'homelessness'];

/** Who gets which place: how long it takes, and how much need is met beside what waiting lists usually do. */
export async function benchAllocation({ seed, size }: { seed: number; size?: number }): Promise<Report> {
  const random = new Random(seed);
  const people = size ?? 2000;
  const offers = Math.max(5, Math.round(people / 20));
  const candidates = Array.from({ length: people }, (_, i): Candidate => {
    const strain = random.next() ** 2;
    return {
      person: i + 1,
      age: random.integer(0, 25),
      levels: Object.fromEntries(factors.map((factor) => [factor, random.chance(0.1 + 0.5 * strain) ? random.integer(1, 3) : 0])),
      waitingWeeks: random.integer(0, 80),
      areas: random.chance(0.6) ? null : [random.pick(['north', 'south', 'centre'])],
    };
  });
  const services = Array.from({ length: offers }, (_, i): ServiceOffer => {
    const from = random.pick([0, 0, 4, 5, 10, 11, 16]);
    return {
      service: i + 1,
      places: random.integer(2, 18),
      ages: { from, to: Math.min(25, from + random.pick([5, 8, 12, 25])) },
      area: random.chance(0.5) ? null : random.pick(['north', 'south', 'centre']),
      serves: Object.fromEntries(factors.filter(() => random.chance(0.35)).map((factor) => [factor, random.pick([0.2, 0.35, 0.5, 0.7])])),
    };
  });
  // The solver is loaded once and for all.
  await allocate(candidates.slice(0, 5), services);
  const began = performance.now();
  const best = await allocate(candidates, services);
  const seconds = (performance.now() - began) / 1000;
  const [byWait, byNeed] = [firstCome(candidates, services), needRank(candidates, services)];
  const row = (order: string, { placements, needMet }: typeof best, took: number | string) => ({
    order,
    placed: placements.length,
    'need met': needMet,
    seconds: took,
  });
  return {
    bench: `allocation (${people.toLocaleString('en-GB')} people, ${offers} services, ${services.reduce((sum, { places }) => sum + places, 0)} places)`,
    table: [row('proposed', best, Number(seconds.toFixed(2))), row('first come', byWait, ''), row('need rank', byNeed, '')],
    notes: [
      `${best.status === 'best' ? 'No other way meets more.' : 'Stopped at the time limit.'} Need met is in levels: level of each factor times the share that the service is expected to meet.`,
    ],
    bars: [
      { name: 'time', figure: seconds, limit: 10, sense: 'most', unit: 's' },
      { name: 'need met, above first come', figure: best.needMet - byWait.needMet, limit: 0, sense: 'least', unit: 'levels' },
      { name: 'need met, above need rank', figure: best.needMet - byNeed.needMet, limit: 0, sense: 'least', unit: 'levels' },
    ],
  };
}
