import type { Browser, BrowserContext, Page } from 'playwright-core';
import { rawFix } from '../app/src/supervision/fixes/decode/raw-fix.ts';
import { everyAccount, openBrowser, signIn } from '../app/test/browser/looking.ts';
import { serveForTest } from '../app/test/serve-for-test.ts';
import { bringCrimes, clearExclusions, takeStatement } from './analyst-jobs.ts';
import { Hand } from './hand.ts';
import { proposeRelease, readFigures, seeMyTen } from './planning-jobs.ts';
import { type Bar, type Report, say } from './report.ts';

/** First screens: a desk, a phone, a small phone. */
const screens = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 }, small: { width: 360, height: 640 } };
/** A line at the edge of a town. */
const slow = { downloadThroughput: 50 * 1024, uploadThroughput: 50 * 1024, latency: 400, offline: false };

/**
 * The jobs of an officer, an analyst and of the person, done in a real browser: clicks, pages and seconds, whether what is needed stands in the first
 * screen, what a page weighs, and how long each start page takes on a slow line.
 */
export async function benchJobs(): Promise<Report> {
  say('jobs: filling the town');
  const serving = await serveForTest({ WAYMARK_DEMO: 'yes' });
  const browser = await openBrowser();
  const table: Report['table'] = [];
  const bars: Bar[] = [];
  const tell = (job: string, screen: string, hand: Hand, seconds: number, missing: string[]) =>
    table.push({
      job,
      screen,
      clicks: hand.clicks,
      pages: hand.pages,
      seconds: seconds.toFixed(1),
      'not in the first screen': missing.join(', ') || '–',
    });
  const most = (name: string, figure: number, limit: number, unit: string) => bars.push({ name, figure, limit, sense: 'most', unit });
  try {
    await cutStraps(serving);
    for (const [screen, size] of Object.entries(screens)) {
      say(`jobs: at ${size.width} px`);
      const { page, context } = await signIn(browser, serving.url, 'Maya Okonjo');
      await page.setViewportSize(size);
      const now = await seeWhatGoesOn(page, serving.url);
      tell('what goes on now, from any page', screen, now.hand, now.seconds, now.missing);
      most(`what goes on now stands on any page (${screen}), missing`, now.missing.length, 0, 'things');
      if (screen !== 'small') {
        const alert = await decide(page, serving.url, screen === 'desk');
        tell('an alert understood and decided', screen, alert.hand, alert.seconds, alert.missing);
        most(`an alert decided (${screen}), clicks`, alert.hand.clicks, 4, 'clicks');
        most(`an alert (${screen}), missing in the first screen`, alert.missing.length, 0, 'things');
        const made = await takeOn(page, serving.url, screen);
        tell('new subject, curfew at home, place to keep out of', screen, made.hand, made.seconds, []);
        most(`new subject with two rules (${screen}), clicks`, made.hand.clicks, 12, 'clicks');
      }
      await context.close();
    }
    say('jobs: the analyst');
    const brought = await bringCrimes(browser, serving.url);
    tell('a file of crimes as police write them', 'desk', brought.hand, brought.seconds, []);
    most('a file of crimes as police write them, clicks', brought.hand.clicks, 5, 'clicks');
    most('rows of it that are not as they should be', brought.wrong.length, 0, 'rows');
    const cleared = await clearExclusions(serving);
    const statement = await takeStatement(browser, serving.url);
    tell('a statement with its exhibits, from a reviewed verdict', 'desk', statement.hand, statement.seconds, []);
    most('a statement from a reviewed verdict, clicks', statement.hand.clicks, 4, 'clicks');
    most('exhibits whose fingerprints are not those in it', statement.wrong, 0, 'exhibits');
    most(`all ${cleared.cleared.toLocaleString('en-GB')} exclusions cleared by one careful person, looks`, cleared.looks, 250, 'looks');
    most('exclusions left', cleared.left, 0, 'exclusions');
    most('presents not reviewed', cleared.presentsLeft, 0, 'verdicts');
    say('jobs: lists, releases, figures');
    for (const [job, clicks, done] of [
      ['my ten people, this week', 2, await seeMyTen(browser, serving.url)],
      ['a release on a tag: what stands in the way', 6, await proposeRelease(browser, serving.url)],
      ['figures by group, with a file of them', 2, await readFigures(browser, serving.url)],
    ] as const) {
      tell(job, 'desk', done.hand, done.seconds, []);
      most(`${job}, clicks`, done.hand.clicks, clicks, 'clicks');
      most(`${job}, missing: ${done.missing.join(', ') || 'nothing'}`, done.missing.length, 0, 'things');
    }
    const { page, context } = await signIn(browser, serving.url, 'Somebody on a tag');
    await page.setViewportSize(screens.small);
    const own = new Hand(page);
    const began = performance.now();
    await page.goto(`${serving.url}/me`);
    const missing = await own.missing({ rule: page.locator('.wm-own__rule'), 'a number to ring': page.locator('.wm-own__ring') });
    tell('the person: tonight, and whom to ring', 'small', own, (performance.now() - began) / 1000, missing);
    most('the person’s first screen, missing', missing.length, 0, 'things');
    await context.close();
    const weights = await weigh(browser, serving.url);
    most('an officer’s page without the map, heaviest', Math.max(...weights.map(({ bare }) => bare)), 350, 'KB');
    most('an officer’s page with the map, heaviest', Math.max(...weights.map(({ all }) => all)), 900, 'KB');
    const starts: { who: string; seconds: number }[] = [];
    for (const who of everyAccount) {
      say(`jobs: ${who} on a slow line`);
      starts.push({ who, seconds: await startSlowly(browser, serving.url, who) });
    }
    most('a start page on a slow line, slowest', Math.max(...starts.map(({ seconds }) => seconds)), 3, 's');
    return {
      bench: 'jobs',
      table,
      notes: [
        `Start pages at 50 KB/s and 400 ms, until text and links work: ${starts.map(({ who, seconds }) => `${who} ${seconds.toFixed(1)} s`).join(', ')}.`,
        `Pages with nothing kept from before, KB without and with the map: ${weights.map(({ path, bare, all }) => `${path} ${bare.toFixed(0)}, ${all.toFixed(0)}`).join('; ')}.`,
        'Typing is not counted; choosing from a list is two clicks.',
        `Exclusions: ${cleared.batches} batches, ${cleared.looks} looks, ${cleared.tests} of them tests, ${cleared.presents} presents reviewed one by one besides. ${brought.told}`,
      ],
      bars,
    };
  } finally {
    await browser.close();
    await serving.end();
  }
}

type Serving = Awaited<ReturnType<typeof serveForTest>>;

/** Two tags tell that their straps were cut: something goes on. */
async function cutStraps({ waymark }: Serving): Promise<void> {
  for (const serial of ['TB-00003', 'TB-00004']) {
    const fixes = [{ ...rawFix(serial, Date.now() - 1000, -1.83, 53.09), accuracyM: 8, events: 'strap-cut' }];
    await waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
  }
  await waymark.live.settled();
}

async function seeWhatGoesOn(page: Page, url: string) {
  const hand = new Hand(page);
  const began = performance.now();
  await page.goto(`${url}/tags`);
  const bar = page.locator('#going-on');
  const missing = await hand.missing({ 'how many': bar.locator('.wm-now__count'), 'who and what': bar.locator('.wm-now__one') });
  return { hand, missing, seconds: (performance.now() - began) / 1000 };
}

async function decide(page: Page, url: string, isDesk: boolean) {
  await page.goto(`${url}/tags`);
  const hand = new Hand(page);
  const began = performance.now();
  await hand.click(page.locator('#going-on .wm-now__one'));
  await page.waitForURL(/alerts\/\d+$/);
  const desk = {
    map: page.locator('#evidence-map'),
    'a number to ring': page.locator('.wm-act__phones a'),
    home: page.getByText('Home', { exact: true }),
    order: page.getByText('Order', { exact: true }),
    'the last 14 days': page.locator('.wm-strip'),
    'what to do next': page.locator('.wm-act__next li'),
    'how to close it': page.getByRole('button', { name: 'Close the alert' }),
  };
  const phone = {
    'who and what': page.locator('h1'),
    since: page.locator('.wm-act__head p'),
    ring: page.locator('.wm-decide__ring'),
    take: page.getByRole('button', { name: 'Take' }),
    close: page.locator('.wm-decide__jump'),
  };
  const missing = await hand.missing(isDesk ? desk : phone);
  await hand.choose(page.getByLabel('Close it: what was it?'), 'The equipment was at fault');
  await page.getByLabel('Your reason').fill('The strap was worn; changed.');
  await hand.click(page.getByRole('button', { name: 'Close the alert' }));
  await page.getByText('The alert is closed.').waitFor();
  return { hand, missing, seconds: (performance.now() - began) / 1000 };
}

async function takeOn(page: Page, url: string, screen: string) {
  await page.goto(`${url}/alerts`);
  const hand = new Hand(page);
  const began = performance.now();
  await hand.click(page.getByRole('link', { name: 'Subjects' }));
  await hand.click(page.getByRole('link', { name: 'New subject' }));
  for (const [label, text] of [
    ['Full name', 'Nell Ash'],
    ['Reference', `NEW-${screen}`],
    ['Their telephone number', '07700 900999'],
    ['Home address', '12 Mill Lane, Tarnbridge'],
    ['Court or body that made it', 'Tarnbridge Magistrates'],
    ['Number the person can ring', '020 7946 0000'],
  ] as const)
    await page.getByLabel(label).fill(text);
  await hand.click(page.getByRole('button', { name: 'Save, and say what they must do' }));
  for (const [what, name, save] of [
    ['Be at a place at set hours', '12 Mill Lane', 'Save and add another'],
    ['Keep out of a place', 'Weir Street', 'Save the rule'],
  ] as const) {
    await page.locator('#zone-map[data-ready]').waitFor();
    await hand.click(page.getByLabel(what));
    await page.getByLabel('Address or name of the place').fill(name);
    await hand.clickMiddle(page.locator('#zone-map'));
    await hand.click(page.getByRole('button', { name: 'Continue' }));
    await page.getByText(`“${name}”`).first().waitFor();
    await hand.click(page.getByRole('button', { name: save }));
  }
  await page.waitForURL(/zones$/);
  const seconds = (performance.now() - began) / 1000;
  const zones = await page.locator('tbody').first().innerText();
  if (!zones.includes('12 Mill Lane') || !zones.includes('Weir Street')) throw new Error('The rules did not come about.');
  return { hand, seconds };
}

/** What an officer's pages weigh on the line, KB, for a browser that has nothing yet. */
async function weigh(browser: Browser, url: string) {
  const { page, context } = await signIn(browser, url, 'Maya Okonjo');
  await page.goto(`${url}/alerts`);
  const alert = (await page.locator('[data-open]').first().getAttribute('href')) as string;
  const weights: { path: string; bare: number; all: number }[] = [];
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  for (const path of ['/alerts', alert, '/caseload', '/subjects', '/subjects/1', '/subjects/1/zones']) {
    const urls = new Map<string, string>();
    const sizes = new Map<string, number>();
    const onResponse = ({ requestId, response }: { requestId: string; response: { url: string } }) =>
      void urls.set(requestId, response.url);
    const onEnd = ({ requestId, encodedDataLength }: { requestId: string; encodedDataLength: number }) =>
      void sizes.set(requestId, encodedDataLength);
    session.on('Network.responseReceived', onResponse);
    session.on('Network.loadingFinished', onEnd);
    await page.goto(url + path);
    await page.waitForTimeout(2500);
    session.off('Network.responseReceived', onResponse);
    session.off('Network.loadingFinished', onEnd);
    const isMap = (address: string) => /maplibre|basemap|terra/.test(address);
    const sum = (wanted: (address: string) => boolean) =>
      [...sizes].reduce((total, [id, bytes]) => total + (wanted(urls.get(id) ?? '') ? bytes : 0), 0) / 1024;
    weights.push({ path: path === alert ? '/alerts/…' : path, bare: sum((address) => !isMap(address)), all: sum(() => true) });
  }
  await context.close();
  return weights;
}

/** Seconds from asking for the start page on a slow line until its text and links are there, after signing in on it. */
async function startSlowly(browser: Browser, url: string, who: string): Promise<number> {
  const { page, context } = await signIn(browser, url, who);
  await slowDown(context, page);
  const began = performance.now();
  await page.goto(`${url}/`, { waitUntil: 'commit' });
  await page.locator('main h1').first().waitFor({ state: 'visible' });
  await page.locator('footer').waitFor({ state: 'visible' });
  const seconds = (performance.now() - began) / 1000;
  await context.close();
  return seconds;
}

async function slowDown(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', slow);
}
