import { defaultParameters, fromPlane, toPlane } from '@waymark/presence';
import { type Report, say } from './report.ts';
import { byAnyFix, byBridge, byEngine, byLine, engineOf, spreadOf } from './truth/answers.ts';
import { kinds, questionsOf, windows } from './truth/questions.ts';
import { Score } from './truth/score.ts';
import { type Noise, noises, type TagLike, type Thinning, tagLike, thinnings } from './truth/tag-like.ts';
import { isHeld, readTrueWays, type TrueWay } from './truth/true-way.ts';
import { ZoneScore } from './truth/zones.ts';

/** Of each wearer, thinning and noise: so many questions of each kind and window. */
const eachUsually = 25;
/** Clock errors are asked about where fixes come often: seconds. */
const clocksS = [-60, 60];
const visitedEach = 400;
/** Without noise, so many times more questions by which calibration is told: ten bins of doubtful ones need many. */
const undecidedTimes = 5;

interface Setting {
  thinning: Thinning;
  noise: Noise;
  clockS: number;
}

const settings: Setting[] = [
  ...thinnings.flatMap((thinning) => noises.map((noise) => ({ thinning, noise, clockS: 0 }))),
  ...(['1 min', '5 min'] as const).flatMap((thinning) => clocksS.map((clockS) => ({ thinning, noise: 'none' as const, clockS }))),
];

const nameOf = ({ thinning, noise, clockS }: Setting) =>
  `${thinning}, ${noise}${clockS === 0 ? '' : `, clock ${clockS > 0 ? '+' : ''}${clockS} s`}`;

/** A number from words, the same on every machine (FNV-1a). */
function seedFrom(...words: (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const letter of words.join('|')) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}

/**
 * How good are verdicts on real movement? Dense tracks, whose truth is known from second to second, are thinned to what a tag would have
 * sent; crimes are placed by what was left out. People are split in two: figures are of the half from which nothing may be learnt.
 */
export async function benchTruth(options: { seed: number; size?: number; data?: string; engine?: string }): Promise<Report> {
  if (!options.data) throw new Error('Name dense tracks: --data FILE|FOLDER (CSV: tag,at,lat,lon[,mode], gzip too).');
  const engine = await engineOf(options.engine);
  const { ways, unread } = await readTrueWays(options.data);
  const each = options.size ?? eachUsually;
  const radiusM = defaultParameters.radiusM;
  const held = ways.filter(({ tag }) => isHeld(tag));
  const learn = ways.filter(({ tag }) => !isHeld(tag));
  const scores = new Map<string, Score>();
  const scoreOf = (name: string) => {
    let score = scores.get(name);
    if (!score) {
      score = new Score();
      scores.set(name, score);
    }
    return score;
  };
  const zones = new ZoneScore();
  let asked = 0;
  const began = performance.now();
  for (const setting of settings) {
    const { thinning, noise, clockS } = setting;
    const isPlain = noise === 'none' && clockS === 0;
    const tagOf = (way: TrueWay): TagLike =>
      tagLike(way, thinning, noise, clockS, seedFrom(options.seed, way.tag, thinning, noise, clockS));
    const spread = spreadOf(learn.map(tagOf));
    for (const way of held) {
      const tag = tagOf(way);
      const seed = seedFrom(options.seed, 'questions', way.tag, thinning, noise);
      if (thinning === '1 min' && clockS === 0) zones.add(way, tag, noise, seed);
      const undecided = isPlain ? undecidedTimes : 1;
      const questions = questionsOf(way, tag, visitedBy(ways, way, seed), { each, radiusM, seed, undecided });
      const answers = byEngine(engine, way, tag, questions);
      asked += questions.length;
      questions.forEach((question, i) => {
        const answer = answers[i];
        if (!answer) return;
        const [any, line] = [byAnyFix(tag, question, radiusM), byLine(tag, question, radiusM)];
        const bridge = byBridge(tag, question, radiusM, spread);
        const isMoment = question.window === 'a moment';
        const of = clockS !== 0 ? 'clock' : isMoment ? 'moments' : 'windows';
        const mixed = [`all, ${of}`, `${nameOf(setting)}, ${isMoment ? 'moments' : 'windows'}`];
        for (const name of [
          ...(question.isMore ? [] : mixed),
          ...(isPlain ? [`kind: ${question.kind}, ${thinning}`] : []),
          ...(isPlain && !question.isMore ? [`window: ${question.window}, ${thinning}`] : []),
          ...(isPlain && !question.isMore && question.mode ? [`mode: ${question.mode}`] : []),
        ])
          scoreOf(name).add(question.there, answer, any, line, bridge);
      });
    }
    say(`truth: ${nameOf(setting)}, ${asked.toLocaleString('en-GB')} questions, ${Math.round((performance.now() - began) / 1000)} s`);
  }
  return report(scores, zones, { asked, held: held.length, people: ways.length, unread, version: engine.modelVersion });
}

/** Where others of the set were, on the plane of one of them. */
function visitedBy(ways: readonly TrueWay[], own: TrueWay, seed: number): [number, number][] {
  return ways
    .filter(({ tag }) => tag !== own.tag)
    .flatMap((way, k) =>
      Array.from({ length: Math.ceil(visitedEach / ways.length) }, (_, n) => {
        const i = seedFrom(seed, k, n) % way.at.length;
        return toPlane(own.plane, ...fromPlane(way.plane, way.x[i] as number, way.y[i] as number));
      }),
    );
}

function report(
  scores: ReadonlyMap<string, Score>,
  zones: ZoneScore,
  { asked, held, people, unread, version }: { asked: number; held: number; people: number; unread: number; version: string },
): Report {
  const of = (name: string) => scores.get(name) ?? new Score();
  const oneIn = ({ falseExclusions, there }: Score) => falseExclusions / there;
  const plain = (thinning: Thinning) => of(`${thinning}, none, windows`);
  // Where all were there, or none, whoever always says so scores best, and knows nothing.
  const every = [...scores.values()].filter(({ n, there }) => there > 0 && there < n);
  const worse = (which: 'brier' | 'logLoss') => every.filter((score) => score[which][0] > score[which][1]).length;
  const names = [...scores.keys()].sort((a, b) => groupOf(a) - groupOf(b));
  return {
    bench: `truth (${people} people, ${held} of them held, ${asked.toLocaleString('en-GB')} questions, ${version})`,
    table: names.map((name) => of(name).row(name)),
    notes: [
      'any fix and line: recall / precision of the plain rules. Brier and log loss: ours, and a Brownian bridge with one spread.',
      `Brier scores and log losses are compared in the ${every.length} of ${scores.size} rows in which some were there and some were not.`,
      ...zones.rows().map(({ words }) => words),
      `Rows that could not be read: ${unread}. Kinds of place: ${kinds.join(', ')}; windows: ${windows.join(', ')}.`,
      ...of('all, windows').reliability.map(
        ({ stated, found, n }, i) =>
          `windows, P ${i / 10} to ${(i + 1) / 10}: stated ${stated.toFixed(3)}, found ${found.toFixed(3)}, ${n} pairs`,
      ),
    ],
    bars: [
      {
        name: 'false exclusions over windows',
        figure: oneIn(of('all, windows')),
        limit: 1 / 50_000,
        sense: 'most',
        unit: 'of those there',
      },
      {
        name: 'false exclusions at exact moments',
        figure: oneIn(of('all, moments')),
        limit: 1 / 5000,
        sense: 'most',
        unit: 'of those there',
      },
      { name: 'false exclusions, clock 60 s out', figure: oneIn(of('all, clock')), limit: 1 / 1000, sense: 'most', unit: 'of those there' },
      ...(
        [
          ['1 min', 0.85],
          ['5 min', 0.55],
          ['15 min', 0.35],
        ] as const
      ).flatMap(([thinning, least]) => [
        { name: `recall of present, ${thinning}`, figure: plain(thinning).recall, limit: least, sense: 'least' as const, unit: '' },
        { name: `precision of present, ${thinning}`, figure: plain(thinning).precision, limit: 0.99, sense: 'least' as const, unit: '' },
        {
          name: `recall over that of any fix, ${thinning}`,
          figure: plain(thinning).right / plain(thinning).anyRight,
          limit: 1,
          sense: 'least' as const,
          unit: 'times',
        },
        {
          name: `ECE near the line, ${thinning}`,
          figure: of(`kind: near the line, ${thinning}`).ece,
          limit: 0.03,
          sense: 'most' as const,
          unit: '',
        },
        {
          name: `ECE where people go, ${thinning}`,
          figure: of(`kind: where people go, ${thinning}`).ece,
          limit: 0.08,
          sense: 'most' as const,
          unit: '',
        },
      ]),
      { name: 'rows with a Brier score above the bridge’s', figure: worse('brier'), limit: 0, sense: 'most', unit: 'rows' },
      { name: 'rows with a log loss above the bridge’s', figure: worse('logLoss'), limit: 0, sense: 'most', unit: 'rows' },
      // Without noise a tag says less than it knows: nothing is stated that could be found.
      ...zones.rows().flatMap(({ noise, least, most }) =>
        noise === 'none'
          ? []
          : [
              {
                name: `P(inside) at the least above what was found, ${noise}`,
                figure: least,
                limit: 0.05,
                sense: 'most' as const,
                unit: '',
              },
              { name: `P(inside) at the most below what was found, ${noise}`, figure: most, limit: 0.05, sense: 'most' as const, unit: '' },
            ],
      ),
      { name: 'questions', figure: asked, limit: 200_000, sense: 'least', unit: '' },
    ],
    details: { scores: Object.fromEntries(names.map((name) => [name, of(name).row(name)])) },
  };
}

const groupOf = (name: string): number =>
  ['all', '1 min', '5 min', '15', '60', 'hours', 'kind', 'window', 'mode'].findIndex((own) => name.startsWith(own));
