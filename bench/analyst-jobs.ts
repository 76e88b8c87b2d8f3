import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import type { Browser, Page } from 'playwright-core';
import type { Actor } from '../app/src/platform/access.ts';
import { withPurpose } from '../app/src/platform/database.ts';
import {
  answerLook,
  beginBatch,
  clearBatch,
  listClearing,
  lookAtBatch,
  readCrime,
  reviewVerdict,
  searchCrimes,
} from '../app/src/supervision/index.ts';
import { verdictServicesOf } from '../app/src/waymark.ts';
import { signIn } from '../app/test/browser/looking.ts';
import type { serveForTest } from '../app/test/serve-for-test.ts';
import { Hand } from './hand.ts';

/** As it comes out of a police system: headings and offences in words, British dates, and rows with faults. */
const asPoliceWrite = [
  'Crime ref,Offence,Start,End,Lat,Long,Notes',
  'A/101,Robbery,25/11/2026 20:10,25/11/2026 20:30,53.0884,-1.8441,',
  'A/102,Burglary in a dwelling,2026-11-25 18:00,2026-11-25 23:30,53.0912,-1.8301,',
  'A/103,Theft from vehicle,25/11/2026 21:10,,53.0871,-1.8372,no end given',
  'A/104,Robbery,25/11/2026 22:00,25/11/2026 21:00,53.0871,-1.8372,ends before it begins',
  'A/105,Robbery,25/11/2026 22:00,25/11/2026 22:20,-1.8301,53.0912,latitude and longitude the wrong way round',
  ',Robbery,25/11/2026 22:00,25/11/2026 22:20,53.0912,-1.8301,no reference',
];

/** Brings a file in, from the list of crimes to the result. */
export async function bringCrimes(browser: Browser, url: string) {
  const { page, context } = await signIn(browser, url, 'Callum Reid');
  await page.goto(`${url}/crimes`);
  const hand = new Hand(page);
  const began = performance.now();
  await hand.click(page.getByRole('button', { name: 'Import crimes' }));
  const file = { name: 'crimes.csv', mimeType: 'text/csv', buffer: Buffer.from(asPoliceWrite.join('\n')) };
  await page.locator('#import-crimes[data-ready]').waitFor();
  await page.getByLabel('File of crimes').setInputFiles(file);
  hand.clicks += 2;
  await hand.click(page.getByRole('button', { name: 'Go on' }));
  await page.getByText('This is how it is read').waitFor();
  const read = await page.locator('main').innerText();
  const isTold = (row: number, what: RegExp) => new RegExp(`(^|\\n)\\s*${row}\\b[^]*?${what.source}`).test(read);
  const wrong = [
    ...(/A\/101/.test(read) ? [] : ['A/101']),
    ...(/A\/102/.test(read) ? [] : ['A/102']),
    ...((await page.getByLabel('No end is given. When was it at the latest?').count()) === 1 ? [] : ['A/103']),
    ...(isTold(5, /cannot go in/) ? [] : ['A/104']),
    ...(isTold(6, /(cannot go in|to check)/) ? [] : ['A/105']),
    ...(isTold(7, /cannot go in/) ? [] : ['the row without a reference']),
  ];
  await page.getByLabel('No end is given. When was it at the latest?').fill('2026-11-25T21:40');
  await hand.click(page.getByRole('button', { name: 'Go on' }));
  await page.getByText('What to mend').waitFor();
  const seconds = (performance.now() - began) / 1000;
  const result = await page.locator('.govuk-summary-list').innerText();
  await context.close();
  return { hand, seconds, wrong, told: `The file: ${result.replace(/\s+/g, ' ')}.` };
}

const analyst: Actor = { id: 'ca-1', name: 'Callum Reid', role: 'crime-analyst', purpose: 'crime-matching' };

/**
 * Clears all exclusions by wearer, and reviews all who were present one by one, as somebody who looks at what is shown: of a test they see
 * that the wearer was there.
 */
export async function clearExclusions({ waymark }: Awaited<ReturnType<typeof serveForTest>>) {
  const { performer, database } = waymark;
  const services = { ...verdictServicesOf(waymark), secondReview: false };
  const list = () =>
    performer.perform(analyst, listClearing, services, { by: 'wearer', days: 90, now: Date.now(), limit: 1000, offset: 0 });
  const done = { batches: 0, looks: 0, tests: 0, cleared: 0 };
  // What came meanwhile, or was judged anew, is offered again.
  for (;;) {
    const [offer] = (await list()).offers;
    if (!offer) break;
    const { id } = await performer.perform(analyst, beginBatch, services, { ...offer, days: 90, now: Date.now() });
    const tests = await withPurpose(database.db, 'supervision', 'crime-matching', (tx) =>
      tx.selectFrom('supervision.clearing_verdicts').select('look').where('batch_id', '=', id).where('is_test', '=', true).execute(),
    );
    done.batches++;
    for (;;) {
      const { look } = await performer.perform(analyst, lookAtBatch, services, { id, limit: 50, offset: 0 });
      if (!look) break;
      const isTest = tests.some((test) => test.look === look.number);
      const said = isTest ? { answer: 'may have been there', reason: 'Fixes lie within the radius.' } : { answer: 'not there', reason: '' };
      await performer.perform(analyst, answerLook, null, { id, look: look.number, ...said });
      done.looks++;
      if (isTest) done.tests++;
    }
    done.cleared += (await performer.perform(analyst, clearBatch, null, { id })).cleared;
  }
  let presents = 0;
  let presentsLeft = 0;
  const crimes = await withPurpose(database.db, 'supervision', 'crime-matching', (tx) =>
    searchCrimes(tx, { sort: 'when', descending: true, limit: 1000, offset: 0 }),
  );
  for (const { crime_id: id } of crimes.rows) {
    const { verdicts } = await performer.perform(analyst, readCrime, services, { id });
    for (const { verdict, wearing, review } of verdicts.filter((own) => own.verdict === 'present')) {
      if (review.visible.some(({ reviewer }) => reviewer === analyst.id)) continue;
      const input = { crimeId: id, wearingId: wearing, decision: 'agree', reason: `The fixes bear out that it is ${verdict}.` };
      await performer.perform(analyst, reviewVerdict, services, input);
      presents++;
    }
    const after = await performer.perform(analyst, readCrime, services, { id });
    presentsLeft += after.verdicts.filter(({ verdict, review }) => verdict === 'present' && review.reviewed === 0).length;
  }
  return { ...done, left: (await list()).exclusions, presents, presentsLeft };
}

/** From the page of a verdict that was reviewed to the statement, with what it produces. */
export async function takeStatement(browser: Browser, url: string) {
  const { page, context } = await signIn(browser, url, 'Callum Reid');
  await page.goto(`${url}/crimes?show=reviewed`);
  for (const link of await page.locator('tbody th a').evaluateAll((all) => all.map((one) => (one as unknown as { href: string }).href))) {
    await page.goto(`${link}?show=present`);
    const reviewed = page.locator('tr', { hasText: 'Cleared' }).locator('th a').first();
    if ((await reviewed.count()) === 0) continue;
    await page.goto(new URL((await reviewed.getAttribute('href')) ?? '', url).href);
    break;
  }
  const hand = new Hand(page);
  const began = performance.now();
  await hand.click(page.getByRole('button', { name: 'Put an evidence pack together' }));
  await hand.click(page.getByRole('link', { name: 'Write a witness statement' }));
  await page.getByLabel('What they do').fill('Crime analyst');
  await page.getByLabel('For whom').fill('Tarnbridge Police');
  const statement = await downloaded(page, () => hand.click(page.getByRole('button', { name: 'Download the statement' })));
  const seconds = (performance.now() - began) / 1000;
  const exhibits = [
    await downloaded(page, () => page.getByRole('link', { name: 'the pack to print' }).click()),
    await downloaded(page, () => page.getByRole('link', { name: 'its signed data' }).click()),
  ];
  const words = new TextDecoder().decode(unzipSync(new Uint8Array(statement))['word/document.xml']);
  const wrong = exhibits.filter((exhibit) => !words.includes(createHash('sha256').update(exhibit).digest('hex'))).length;
  await context.close();
  return { hand, seconds, wrong };
}

async function downloaded(page: Page, act: () => Promise<unknown>): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download'), act()]);
  return readFileSync(await file.path());
}
