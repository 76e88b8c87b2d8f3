import type { Browser, Locator, Page } from 'playwright-core';
import { signIn } from '../app/test/browser/looking.ts';
import { Hand } from './hand.ts';

interface Done {
  hand: Hand;
  seconds: number;
  /** What should stand on the page and does not. */
  missing: string[];
}

async function notThere(wanted: Record<string, Locator>): Promise<string[]> {
  const missing: string[] = [];
  for (const [what, locator] of Object.entries(wanted)) if ((await locator.count()) === 0) missing.push(what);
  return missing;
}

/** From signing in to the week of ten people. */
export async function seeMyTen(browser: Browser, url: string): Promise<Done> {
  const { page, context } = await signIn(browser, url, 'Grace Lindqvist');
  const hand = new Hand(page);
  const began = performance.now();
  await hand.click(page.getByRole('link', { name: 'Lists of people' }));
  await hand.click(page.getByRole('link', { name: 'Burglary, Tarn valley' }));
  await page.getByRole('heading', { name: /This week/ }).waitFor();
  const rows = page.locator('table.wm-kept tbody tr');
  const missing = await notThere({
    'ten people': rows.nth(9),
    'time kept': page.locator('.wm-bar__chart').first(),
    nights: page.locator('.wm-nights').first(),
    alerts: page.getByText('Alerts').first(),
    'reviewed verdicts': page.getByText('Verdicts reviewed').first(),
    appointments: page.getByText('Appointments').first(),
    'the week before': page.getByRole('link', { name: 'Week before' }),
    'a file': page.getByRole('link', { name: 'As CSV' }),
  });
  const seconds = (performance.now() - began) / 1000;
  await context.close();
  return { hand, seconds, missing };
}

/** From the list of proposals to what stands in the way of a release. */
export async function proposeRelease(browser: Browser, url: string): Promise<Done> {
  const { page, context } = await signIn(browser, url, 'Iris Calloway');
  await page.goto(`${url}/proposals`);
  const hand = new Hand(page);
  const began = performance.now();
  await hand.click(page.getByRole('link', { name: 'Propose a release' }));
  const day = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);
  const fill = async (fields: Record<string, string>) => {
    for (const [id, text] of Object.entries(fields)) await page.locator(`#${id}`).fill(text);
  };
  await fill({
    reference: 'B2218DK',
    releaseOn: day,
    months: '4',
    home: '3 Kiln Street',
    homeLat: '53.0905',
    homeLon: '-1.8152',
    signal: '61',
  });
  await page.locator('#kind').selectOption('licence condition');
  await page.locator('#power').selectOption('yes');
  hand.clicks += 4;
  await fill({
    curfewFrom: '19:00',
    curfewTo: '07:00',
    work: 'Bakery',
    workLat: '53.0985',
    workLon: '-1.8120',
    workFrom: '08:00',
    workTo: '16:30',
  });
  await fill({ keepOut: 'Market square; 53.0945; -1.8138; 200' });
  await hand.click(page.getByRole('button', { name: 'See what stands in the way' }));
  await page.getByRole('heading', { name: 'What stands in the way' }).waitFor();
  const missing = await notThere({
    'conditions in words': page.getByText('Be at 3 Kiln Street every day from 19:00 to 07:00.'),
    map: page.locator('#rules-map'),
    'signal at home': page.getByText('Heard for 61 % of a day'),
    'way to work': page.getByText('crosses Market square'),
    'a slot to fit the tag': page.getByText('Fitting the tag', { exact: true }),
    'what is known here': page.getByRole('heading', { name: 'What is known of such orders here' }),
    'what it costs': page.getByText('An average is not cash saved'),
    'why there is no score': page.getByText('There is no score of this person, and why'),
  });
  const seconds = (performance.now() - began) / 1000;
  await context.close();
  return { hand, seconds, missing };
}

/** From the public start of the records to figures by group, their question to the database and a download; signed in as nobody. */
export async function readFigures(browser: Browser, url: string): Promise<Done> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page: Page = await context.newPage();
  await page.goto(`${url}/transparency`);
  const hand = new Hand(page);
  const began = performance.now();
  await hand.click(page.getByRole('link', { name: 'Supervision in figures' }));
  await page.getByRole('heading', { name: 'Supervision in figures' }).waitFor();
  const file = page.waitForEvent('download');
  await hand.click(page.getByRole('link', { name: 'All of it as CSV' }));
  const csv = await (await file).path();
  const missing = await notThere({
    'by ethnicity': page.getByRole('heading', { name: 'Ethnicity' }),
    'by sex': page.getByRole('heading', { name: 'Sex' }),
    'what alerts were about': page.getByText('What alerts were about'),
    'false alerts': page.getByText('Alerts that were false, or the tag’s own fault').first(),
    'an interval as a picture': page.locator('.wm-interval__range').first(),
    'the question to the database': page.locator('#question-people'),
  });
  if (!csv) missing.push('the file');
  const seconds = (performance.now() - began) / 1000;
  await context.close();
  return { hand, seconds, missing };
}
