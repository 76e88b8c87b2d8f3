import { type BandInTime, type DistanceInTime, duration, type FixInTime, metres } from '@waymark/presence';

const width = 760;
const height = 360;
const left = 62;
const right = 14;
const top = 42;
const bottom = 40;
const floor = height - bottom;
const ticksApartPx = 22;
const timesAtMost = 8;
const minuteMs = 60_000;
const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * minuteMs);
const distanceSteps = [1, 2, 5].flatMap((n) => [10, 100, 1000, 10_000, 100_000, 1_000_000].map((power) => n * power)).sort((a, b) => a - b);

/** How much of the time before a window and after it is shown, ms. */
export const shownBesideMs = 15 * minuteMs;

interface Stretch {
  from: number;
  to: number;
}

/** A crime's window, ms since 1970, with the time beside it that is shown. */
export const shownAround = ({ from, to }: Stretch): Stretch => ({ from: from - shownBesideMs, to: to + shownBesideMs });

/** Pixels of a moment, and of a distance: heights grow with its square root, so that what is near is seen beside what is far. */
interface Scale {
  x(at: number): number;
  y(distance: number): number;
  topM: number;
}

/**
 * Distance from the place against time, as Scalable Vector Graphics: fixes with their error, what was possible between them, what was
 * likely, the radius, the window and the gaps. Numbers and fixed words only.
 * @param window of the crime, ms since 1970
 * @param withBands what was reckoned as well; without it only what was observed is drawn
 * @returns null where nothing can be said of any moment
 */
export function drawDistance(told: DistanceInTime, window: Stretch, timeZone: string, { withBands = true } = {}): string | null {
  if (told.band.length === 0) return null;
  const shown = shownAround(window);
  const scale = scaleOf(told, shown);
  const { x, y } = scale;
  const [begin, end] = [x(window.from), x(window.to)];
  const apart = [x(window.from - told.apartMs), x(window.to + told.apartMs)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${inWords(told)}">`,
    `<rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}"/>`,
    `<clipPath id="wm-distance"><rect x="${left}" y="${top}" width="${width - left - right}" height="${floor - top}"/></clipPath>`,
    `<rect class="window" x="${px(begin)}" y="${top}" width="${px(Math.max(1.5, end - begin))}" height="${floor - top}"/>`,
    `<g clip-path="url(#wm-distance)">`,
    ...(withBands
      ? [
          stripe(
            told.band.map(({ at, nearest, farthest }) => ({ at, near: nearest, far: farthest })),
            scale,
            'possible',
          ),
          ...likelyParts(told.band).map((part) => stripe(part, scale, 'likely')),
        ]
      : []),
    `<rect class="reach" x="${left}" y="${px(y(told.reachM))}" width="${width - left - right}" height="${px(floor - y(told.reachM))}"/>`,
    `<path class="edge" d="M${left} ${px(y(told.reachM))}H${width - right}"/>`,
    ...apart.map((at) => `<path class="apart" d="M${px(at)} ${top}V${floor}"/>`),
    // Those in the window stand on top.
    ...[...told.fixes].sort((a, b) => rank(a, window) - rank(b, window)).map((fix) => drawFix(fix, window, scale)),
    '</g>',
    ...told.gaps.map((gap) => drawGap(gap, scale)),
    ...distanceTicks(scale, told.reachM),
    ...timeTicks(shown, scale, timeZone),
    `<path class="axis" d="M${left} ${top}V${floor}H${width - right}"/>`,
    `<text x="${left}" y="14">Distance from the place</text>`,
    windowLabel(begin, end),
    '</svg>',
  ].join('');
}

function scaleOf({ fixes, reachM }: DistanceInTime, shown: Stretch): Scale {
  const far = fixes.filter(({ isSetAside }) => !isSetAside).map((fix) => fix.metres + fix.errorM);
  const topM = 1.2 * Math.max(4 * reachM, ...far);
  const perMs = (width - left - right) / Math.max(1, shown.to - shown.from);
  return {
    topM,
    x: (at) => left + (Math.min(shown.to, Math.max(shown.from, at)) - shown.from) * perMs,
    y: (distance) => floor - (floor - top) * Math.sqrt(Math.min(1, Math.max(0, distance / topM))),
  };
}

const px = (value: number) => value.toFixed(1);

interface BandMoment {
  at: number;
  near: number;
  far: number;
}

/** A band as one shape. */
function stripe(band: readonly BandMoment[], { x, y }: Scale, name: string): string {
  if (band.length < 2) return '';
  const upper = band.map(({ at, far }) => `${px(x(at))} ${px(y(far))}`);
  const lower = band.map(({ at, near }) => `${px(x(at))} ${px(y(near))}`).reverse();
  return `<path class="${name}" d="M${[...upper, ...lower].join('L')}Z"/>`;
}

/** What is likely, in pieces without a moment of which nothing is. */
function likelyParts(band: readonly BandInTime[]): BandMoment[][] {
  const parts: BandMoment[][] = [[]];
  for (const { at, likely } of band)
    if (likely) parts.at(-1)?.push({ at, ...likely });
    else if (parts.at(-1)?.length) parts.push([]);
  return parts;
}

/** Set aside, outside the window, inside it. */
function rank({ at, isSetAside }: FixInTime, { from, to }: Stretch): number {
  if (isSetAside) return 0;
  return at >= from && at <= to ? 2 : 1;
}

function drawFix(fix: FixInTime, window: Stretch, { x, y }: Scale): string {
  const [cx, cy] = [x(fix.at), y(fix.metres)];
  if (fix.isSetAside) return `<path class="aside" d="M${px(cx - 4)} ${px(cy - 4)}l8 8m0 -8l-8 8"/>`;
  const name = rank(fix, window) === 2 ? 'in' : 'out';
  return `<path class="error ${name}" d="M${px(cx)} ${px(y(fix.metres - fix.errorM))}V${px(y(fix.metres + fix.errorM))}"/><circle class="fix ${name}" cx="${px(cx)}" cy="${px(cy)}" r="3"/>`;
}

function drawGap({ from, to }: Stretch, { x }: Scale): string {
  const [a, b] = [x(from), x(to)];
  const words = `no fix for ${duration((to - from) / 1000)}`;
  const label =
    b - a > 6.2 * words.length ? `<text class="small" x="${px((a + b) / 2)}" y="${top - 8}" text-anchor="middle">${words}</text>` : '';
  return `<path class="gap" d="M${px(a)} ${top - 3}H${px(b)}"/>${label}`;
}

function windowLabel(begin: number, end: number): string {
  const middle = Math.min(width - right - 24, Math.max(left + 150, (begin + end) / 2));
  return `<text class="strong" x="${px(middle)}" y="14" text-anchor="middle">window</text>`;
}

function distanceTicks({ y, topM }: Scale, reachM: number): string[] {
  const taken = [floor, y(reachM)];
  const ticks = [tick('0', floor), tick(metres(reachM), y(reachM))];
  for (const step of distanceSteps) {
    const at = y(step);
    if (step >= topM || step <= reachM || taken.some((other) => Math.abs(other - at) < ticksApartPx)) continue;
    taken.push(at);
    ticks.push(`<path class="grid" d="M${left} ${px(at)}H${width - right}"/>${tick(metres(step), at)}`);
  }
  return ticks;
}

const tick = (words: string, at: number) => `<text x="${left - 8}" y="${px(at + 4.5)}" text-anchor="end">${words}</text>`;

function timeTicks(shown: Stretch, { x }: Scale, timeZone: string): string[] {
  const lasts = shown.to - shown.from;
  const step = timeSteps.find((own) => lasts / own <= timesAtMost) ?? 86_400_000 * Math.ceil(lasts / 86_400_000 / timesAtMost);
  const isLong = lasts > 86_400_000;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    ...(isLong ? { day: 'numeric', month: 'short' } : {}),
    hour: '2-digit',
    minute: '2-digit',
  });
  const ticks: string[] = [];
  for (let at = Math.ceil(shown.from / step) * step; at <= shown.to; at += step)
    ticks.push(
      `<path class="axis" d="M${px(x(at))} ${floor}v5"/><text x="${px(x(at))}" y="${floor + 20}" text-anchor="middle">${format.format(at)}</text>`,
    );
  return ticks;
}

function inWords({ fixes, reachM }: DistanceInTime): string {
  const believed = fixes.filter(({ isSetAside }) => !isSetAside);
  if (believed.length === 0) return 'No fix is shown. The bands say where the wearer may have been.';
  const nearest = believed.reduce((best, own) => (own.metres < best.metres ? own : best));
  return `Distance from the place against time: ${believed.length} fixes, the nearest ${metres(nearest.metres)} away, where ${metres(reachM)} counts as there. The table has the same fixes.`;
}
