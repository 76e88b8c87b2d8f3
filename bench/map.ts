import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Random, streetsGeoJson, Town, toDegrees } from '@waymark/town';
import { chromium, type Page } from 'playwright-core';
import { registerWearers } from '../app/src/supervision/index.ts';
import { serveForTest } from '../app/test/serve-for-test.ts';
import { type Report, say } from './report.ts';

/** Each tag reports once in so many seconds: twelve times as often as real ones. */
const everyS = 5;
/** How long each view is watched, seconds. */
const watchS = 8;

/** A frame takes longer than it should if it takes this long, ms. */
const slowMs = 1000 / 30;

interface Frames {
  perSecond: number;
  p95Ms: number;
  slowShare: number;
}

/** The live map of the caseload in a real browser with a software renderer: frames per second while everybody moves. */
export async function benchMap(options: { seed: number; size?: number }): Promise<Report> {
  const tags = options.size ?? 5000;
  const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => path && existsSync(path));
  if (!executablePath) throw new Error('No Chromium found. Install it, or name it with CHROMIUM=path.');
  const serving = await serveForTest();
  const { waymark } = serving;
  const town = new Town({ seed: options.seed, wearers: 0, days: 1, crimes: 0 });
  await writeFile(waymark.folder.file('basemap.geojson'), JSON.stringify(streetsGeoJson(town.streets)));
  const system = { id: 'bench', name: 'bench', role: 'system' as const, purpose: 'administration' as const };
  const firstAt = Date.now() - 3_600_000;
  const serials = Array.from({ length: tags }, (_, i) => `MAP-${i}`);
  for (let i = 0; i < tags; i += 500) {
    const part = serials.slice(i, i + 500).map((tag) => ({ tag, name: 'Bench Wearer', firstAt }));
    await waymark.performer.perform(system, registerWearers, null, part);
    say(`map: ${Math.min(tags, i + 500)} of ${tags} tags ready`);
  }
  const random = new Random(options.seed);
  const places = serials.map(() => ({ x: 1800 * random.normal(), y: 1800 * random.normal() }));
  const none = Number.NaN;
  let sent = 0;
  const send = async (from: number, to: number) => {
    const at = Date.now();
    const fixes = [];
    for (let i = from; i < to; i++) {
      const place = places[i % tags] as { x: number; y: number };
      place.x += random.between(-60, 60);
      place.y += random.between(-60, 60);
      const [lon, lat] = toDegrees(place.x, place.y);
      const more = { speedMps: none, headingDeg: none, method: 0, battery: 0.8, seq: none, events: null };
      fixes.push({ tag: serials[i % tags] as string, at: at + (i % 1000), lon, lat, accuracyM: 8, ...more });
    }
    await waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'operator', name: 'bench' });
    sent += fixes.length;
  };
  await send(0, tags);
  await waymark.live.settled();
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      '--enable-unsafe-swiftshader',
      '--ignore-gpu-blocklist',
    ],
  });
  let next = 0;
  const step = Math.ceil(tags / everyS / 4);
  let sending = Promise.resolve();
  const timer = setInterval(() => {
    sending = sending.then(() => send(next, next + step));
    next += step;
  }, 250);
  const views: Record<string, Frames> = {};
  /** A hand that drags the map without a pause: told, but no promise. */
  const dragged: Record<string, Frames> = {};
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    await page.goto(`${serving.url}/sign-in`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: /Maya Okonjo/ }).click();
    await page.goto(`${serving.url}/caseload`);
    await page.locator('#caseload-map[data-ready]').waitFor({ timeout: 60_000 });
    await page.getByText(`${tags.toLocaleString('en-GB')} people, live`).waitFor({ timeout: 60_000 });
    await page.waitForTimeout(3000);
    say('map: the whole caseload, at rest');
    views['whole caseload'] = await watch(page);
    say('map: dragging it about');
    dragged['whole caseload, dragged about'] = await watch(page, async () => drag(page));
    for (let i = 0; i < 3; i++) await page.locator('.maplibregl-ctrl-zoom-in').click();
    await page.waitForTimeout(3000);
    say('map: a part of the town, people apart');
    views['closer, people apart'] = await watch(page);
    dragged['closer, dragged about'] = await watch(page, async () => drag(page));
  } finally {
    clearInterval(timer);
    await sending;
    await browser.close();
    await serving.end();
  }
  const worst = Object.entries(views).reduce((a, b) => (a[1].perSecond <= b[1].perSecond ? a : b));
  return {
    bench: `map (${tags.toLocaleString('en-GB')} tags, each moving every ${everyS} s, Chromium with a software renderer, server on the same machine)`,
    table: Object.entries({ ...views, ...dragged }).map(([view, { perSecond, p95Ms, slowShare }]) => ({
      view,
      'frames/s': Number(perSecond.toFixed(1)),
      'frame p95 ms': Number(p95Ms.toFixed(1)),
      'slower than 1/30 s': `${(100 * slowShare).toFixed(1)} %`,
    })),
    notes: [
      'Dragging the map without a pause redraws everything in software for every frame; it is shown, and has no bar.',
      `${sent.toLocaleString('en-GB')} positions went in while the map was watched.`,
    ],
    bars: [
      {
        name: `frames per second while everybody moves (worst view: ${worst[0]})`,
        figure: worst[1].perSecond,
        limit: 30,
        sense: 'least',
        unit: 'frames/s',
      },
    ],
  };
}

/** Counts the frames that the page draws for a while. */
async function watch(page: Page, doing: () => Promise<void> = async () => undefined): Promise<Frames> {
  await page.evaluate(`globalThis.frames = []; globalThis.counting = true; requestAnimationFrame(function tick(t) {
    globalThis.frames.push(t);
    if (globalThis.counting) requestAnimationFrame(tick);
  })`);
  const until = Date.now() + 1000 * watchS;
  while (Date.now() < until) {
    await doing();
    await page.waitForTimeout(20);
  }
  const times = (await page.evaluate('globalThis.counting = false, globalThis.frames')) as number[];
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number));
  const sorted = gaps.toSorted((a, b) => a - b);
  return {
    perSecond: gaps.length / (((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000),
    p95Ms: sorted[Math.floor(0.95 * sorted.length)] ?? Number.NaN,
    slowShare: gaps.filter((gap) => gap > slowMs + 1).length / gaps.length,
  };
}

/** Moves the map to and fro, as a hand does. */
async function drag(page: Page): Promise<void> {
  const box = await page.locator('#caseload-map').boundingBox();
  if (!box) return;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (const dx of [60, 120, 60, -60, -120, -60, 0]) {
    await page.mouse.move(x + dx, y + dx / 3, { steps: 4 });
  }
  await page.mouse.up();
}
