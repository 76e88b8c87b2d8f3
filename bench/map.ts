import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random, streetsGeoJson, Town, toDegrees } from '@waymark/town';
import type { Page } from 'playwright-core';
import { rawFix } from '../app/src/supervision/fixes/decode/raw-fix.ts';
import { registerWearers } from '../app/src/supervision/index.ts';
import { openBrowser, signIn } from '../app/test/browser/looking.ts';
import { serveForTest } from '../app/test/serve-for-test.ts';
import { writeRegionTiles, writeTownTiles } from './map-tiles.ts';
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

/** How thick the region is, features. */
const regionFeatures = 2_000_000;

interface Watched {
  views: Record<string, Frames>;
  /** A hand that drags the map without a pause: told, but no promise. */
  dragged: Record<string, Frames>;
  sent: number;
}

/** The live map of the caseload in a real browser with a software renderer: frames per second while everybody moves, over three grounds. */
export async function benchMap(options: { seed: number; size?: number }): Promise<Report> {
  const tags = options.size ?? 5000;
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  const town = new Town({ seed: options.seed, wearers: 0, days: 1, crimes: 0 });
  const streets = streetsGeoJson(town.streets) as GeoJSON.FeatureCollection;
  try {
    say('map: drawing tiles');
    const townTiles = join(folder, 'town.pmtiles');
    writeTownTiles(townTiles, streets);
    const regionTiles = join(folder, 'region.pmtiles');
    const region = writeRegionTiles(regionTiles, regionFeatures, options.seed);
    const grounds = { 'streets of the town': null, 'tiles of the town': townTiles, 'tiles of a region': regionTiles };
    const watched = new Map<string, Watched>();
    for (const [ground, tiles] of Object.entries(grounds))
      watched.set(ground, await watchOver(ground, tiles, streets, { ...options, tags }));
    const rows = [...watched].flatMap(([ground, { views, dragged }]) =>
      Object.entries({ ...views, ...dragged }).map(([view, frames]) => ({ ground, view, isPromise: view in views, ...frames })),
    );
    return {
      bench: `map (${tags.toLocaleString('en-GB')} tags, each moving every ${everyS} s, Chromium with a software renderer, server on the same machine)`,
      table: rows.map(({ ground, view, perSecond, p95Ms, slowShare }) => ({
        ground,
        view,
        'frames/s': Number(perSecond.toFixed(1)),
        'frame p95 ms': Number(p95Ms.toFixed(1)),
        'slower than 1/30 s': `${(100 * slowShare).toFixed(1)} %`,
      })),
      notes: [
        `Tiles are PMTiles in Protomaps' schema, read by ranges from this server. The region has ${region.features.toLocaleString('en-GB')} features, ${Math.round(statSync(regionTiles).size / 1e6)} MB.`,
        'Dragging the map without a pause redraws everything in software for every frame; it is shown, and has no bar.',
        `${[...watched.values()].reduce((sum, { sent }) => sum + sent, 0).toLocaleString('en-GB')} positions went in while the maps were watched.`,
      ],
      bars: [...watched.keys()].map((ground) => {
        const own = rows.filter((row) => row.ground === ground && row.isPromise);
        const worst = own.reduce((a, b) => (a.perSecond <= b.perSecond ? a : b));
        return {
          name: `frames per second while everybody moves, over ${ground} (worst view: ${worst.view})`,
          figure: worst.perSecond,
          limit: 30,
          sense: 'least',
          unit: 'frames/s',
        };
      }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watchOver(
  ground: string,
  tiles: string | null,
  streets: GeoJSON.FeatureCollection,
  { tags, seed }: { tags: number; seed: number },
): Promise<Watched> {
  const serving = await serveForTest(tiles ? { WAYMARK_MAP: tiles } : {});
  const { waymark } = serving;
  if (!tiles) await writeFile(waymark.folder.file('basemap.geojson'), JSON.stringify(streets));
  const serials = await registerTags(serving, tags);
  say(`map: ${tags.toLocaleString('en-GB')} tags ready, over ${ground}`);
  const random = new Random(seed);
  const places = serials.map(() => ({ x: 1800 * random.normal(), y: 1800 * random.normal() }));
  let sent = 0;
  const send = async (from: number, to: number) => {
    const at = Date.now();
    const fixes = [];
    for (let i = from; i < to; i++) {
      const place = places[i % tags] as { x: number; y: number };
      place.x += random.between(-60, 60);
      place.y += random.between(-60, 60);
      const [lon, lat] = toDegrees(place.x, place.y);
      fixes.push({ ...rawFix(serials[i % tags] as string, at + (i % 1000), lon, lat), accuracyM: 8, battery: 0.8, events: null });
    }
    await waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'operator', name: 'bench' });
    sent += fixes.length;
  };
  await send(0, tags);
  await waymark.live.settled();
  const browser = await openBrowser();
  let next = 0;
  const step = Math.ceil(tags / everyS / 4);
  let sending = Promise.resolve();
  const timer = setInterval(() => {
    sending = sending.then(() => send(next, next + step));
    next += step;
  }, 250);
  try {
    const { page } = await signIn(browser, serving.url, 'Maya Okonjo');
    const asked = { tiles: 0 };
    page.on('request', (request) => (asked.tiles += request.url().includes('/basemap/tiles.pmtiles') ? 1 : 0));
    await page.goto(`${serving.url}/caseload`);
    await page.locator('#caseload-map[data-ready]').waitFor({ timeout: 60_000 });
    await page.getByText(`${tags.toLocaleString('en-GB')} people, live`).waitFor({ timeout: 60_000 });
    await page.waitForTimeout(3000);
    // Over a file of tiles that nobody asked for nothing would have been measured.
    if (tiles && asked.tiles < 3) throw new Error(`The map asked for ${asked.tiles} parts of its tiles: it is not drawn on them.`);
    const views: Watched['views'] = {};
    const dragged: Watched['dragged'] = {};
    views['whole caseload'] = await watch(page);
    dragged['whole caseload, dragged about'] = await watch(page, async () => drag(page));
    for (let i = 0; i < 3; i++) await page.locator('.maplibregl-ctrl-zoom-in').click();
    await page.waitForTimeout(3000);
    views['closer, people apart'] = await watch(page);
    dragged['closer, dragged about'] = await watch(page, async () => drag(page));
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `map-${ground.replaceAll(' ', '-')}.png`) });
    return { views, dragged, sent };
  } finally {
    clearInterval(timer);
    await sending;
    await browser.close();
    await serving.end();
  }
}

async function registerTags({ waymark }: Awaited<ReturnType<typeof serveForTest>>, tags: number): Promise<string[]> {
  const system = { id: 'bench', name: 'bench', role: 'system' as const, purpose: 'administration' as const };
  const firstAt = Date.now() - 3_600_000;
  const serials = Array.from({ length: tags }, (_, i) => `MAP-${i}`);
  for (let i = 0; i < tags; i += 500) {
    const part = serials.slice(i, i + 500).map((tag) => ({ tag, name: 'Bench Wearer', firstAt }));
    await waymark.performer.perform(system, registerWearers, null, part);
  }
  return serials;
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
