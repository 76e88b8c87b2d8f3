import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decideAlert } from '../../src/supervision/alerts/decide-alert.ts';
import { listAlerts } from '../../src/supervision/alerts/read-alerts.ts';
import { rawFix } from '../../src/supervision/fixes/decode/raw-fix.ts';
import { repeatPack } from '../../src/supervision/index.ts';
import { serveForTest } from '../serve-for-test.ts';
import { until } from '../until.ts';
import { look, openBrowser, signIn, tabThrough } from './looking.ts';

let serving: Awaited<ReturnType<typeof serveForTest>>;
let browser: Browser;

beforeAll(async () => {
  serving = await serveForTest({ WAYMARK_DEMO: 'yes' });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await serving?.end();
});

/** The tag of one of the town's wearers tells that its strap was cut. */
async function cutStrap(number: number): Promise<void> {
  const serial = `TB-${String(number).padStart(5, '0')}`;
  const fixes = [{ ...rawFix(serial, Date.now() - 1000, -1.83, 53.09), accuracyM: 8, events: 'strap-cut' }];
  await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
  await serving.waymark.live.settled();
}

describe('pages', () => {
  test('the monitoring officer works through alerts and sets zones', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Maya Okonjo');
    await page.goto(`${serving.url}/tags`);
    const bar = page.locator('#going-on');
    const counted = async () => Number(/^\((\d+)\)/.exec(await page.title())?.[1] ?? 0);
    const before = await counted();
    // What happens while a page is open stands on it within moments, and the title counts it.
    await cutStrap(1);
    await bar.getByText('strap cut').waitFor();
    expect(await counted()).toBe(before + 1);
    await bar.getByRole('button', { name: 'Sound is off' }).click();
    await bar.getByRole('button', { name: 'Sound is on' }).waitFor();
    await look(page, 'going-on');
    await tabThrough(page, 'going-on');
    await page.goto(`${serving.url}/alerts`);
    expect(await page.locator('.wm-queue__row').first().innerText()).toContain('strap cut');
    await look(page, 'alerts');
    await tabThrough(page, 'alerts');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(/alerts\/\d+$/);
    for (const path of ['diary?whose=all', 'absence-requests', 'compliance', 'subjects/1/appointments']) {
      await page.goto(`${serving.url}/${path}`);
      await look(page, path.replace(/\W.*/, ''));
      await tabThrough(page, path);
    }
    await page.goto(`${serving.url}/subjects/1/details`);
    await look(page, 'details');
    await tabThrough(page, 'details');
    await page.getByText('Add a number').click();
    await page.getByLabel('Telephone number').first().fill('none');
    await page.getByRole('button', { name: 'Add the number' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('3 to 15 digits');
    await page.goto(`${serving.url}/alerts`);
    await page.locator('.wm-queue__row').nth(1).locator('[data-open]').click();
    await page.locator('#evidence-map[data-ready]').waitFor();
    await look(page, 'alert');
    await tabThrough(page, 'alert');
    await page.getByRole('button', { name: 'Close the alert' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Choose an outcome');
    await page.getByLabel('Close it: what was it?').selectOption('A reasonable excuse');
    await page.getByLabel('Your reason').fill('The doctor confirmed the appointment.');
    await page.getByRole('button', { name: 'Close the alert' }).click();
    await page.getByText('The alert is closed.').waitFor();
    await page.goto(`${serving.url}/alerts?list=closed`);
    expect(await page.locator('tbody').innerText()).toContain('reasonable excuse');
    await look(page, 'alerts-closed');
    await page.goto(`${serving.url}/alerts?list=retracted`);
    await look(page, 'alerts-retracted');
    await page.goto(`${serving.url}/subjects/1/zones`);
    await page.getByText('Add a zone').click();
    await look(page, 'zones');
    await tabThrough(page, 'zones');
    await page.getByLabel('Name').fill('Market square');
    await page.getByLabel('Latitude').fill('53.09');
    await page.getByLabel('Longitude').fill('190');
    await page.getByLabel('Radius in metres').fill('80');
    await page.getByRole('button', { name: 'Add zone' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('longitude goes from -180 to 180');
    await page.getByLabel('Longitude').fill('-1.83');
    await page.getByRole('button', { name: 'Add zone' }).click();
    await page.getByText('The zone is added.').waitFor();
    expect(await page.locator('main').innerText()).toContain('circle of 80 m');
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });

  test('a rule in three questions: an address is found while it is typed, and the sentence says it', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Maya Okonjo');
    const [street] = await serving.waymark.gazetteer.find('mill');
    await page.goto(`${serving.url}/subjects/new`);
    await look(page, 'new-subject');
    await tabThrough(page, 'new-subject');
    await page.goto(`${serving.url}/subjects/2/rules/new`);
    await page.locator('#zone-map[data-ready]').waitFor();
    await look(page, 'rule');
    await tabThrough(page, 'rule');
    await page.getByLabel('Keep out of a place').check();
    await page.getByLabel('Address or name of the place').fill('12 mill');
    await page.locator('.wm-found button').first().waitFor();
    await look(page, 'rule-found');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.getByLabel('Address or name of the place').inputValue()).toBe(`12 ${street?.name}, Tarnbridge`);
    expect(await page.locator('#zone-map-news').innerText()).toContain('the middle of the street');
    expect(Number(await page.locator('#lat').inputValue())).toBeCloseTo(street?.lat ?? 0, 5);
    await page.getByRole('button', { name: 'Continue' }).click();
    expect(await page.locator('.wm-rule').innerText()).toContain(`must keep 150 m away from “12 ${street?.name}, Tarnbridge” at all times`);
    await look(page, 'rule-confirm');
    await page.getByRole('button', { name: 'Change it' }).click();
    expect(await page.getByLabel('Keep out of a place').isChecked()).toBe(true);
    expect(errors).toEqual([]);
    await context.close();
  });

  test('the caseload on the live map, and a visit at the door', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Maya Okonjo');
    await page.goto(`${serving.url}/caseload`);
    await page.locator('#caseload-map[data-ready]').waitFor();
    await page.getByText('40 people, live').waitFor();
    await look(page, 'caseload');
    await tabThrough(page, 'caseload');
    for (const [path, name] of [
      ['/door?search=F-NEW', 'door'],
      ['/subjects/41/fit', 'fit'],
      ['/tags?show=trouble', 'tags-trouble'],
      ['/tags/46', 'tag'],
      ['/wearings/1/remove', 'remove'],
    ] as const) {
      await page.goto(`${serving.url}${path}`);
      await look(page, name);
      await tabThrough(page, name);
    }
    await page.goto(`${serving.url}/subjects/41/fit`);
    await page.getByRole('button', { name: 'Fit the tag' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Do each of these steps first');
    for (const step of await page.locator('input[name=told]').all()) await step.check();
    await page.getByLabel('Serial number on the tag').fill('TB-S0006');
    await page.getByRole('button', { name: 'Fit the tag' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('marked as faulty');
    await page.getByLabel('Serial number on the tag').fill('TB-S0001');
    await page.getByRole('button', { name: 'Fit the tag' }).click();
    await page.getByRole('heading', { name: 'Waiting for the tag' }).waitFor();
    await look(page, 'visit-waiting');
    await page.locator('#tag-check').waitFor();
    // The tag is heard: the page shows it without a touch.
    const none = Number.NaN;
    const fix = {
      tag: 'TB-S0001',
      at: Date.now(),
      lat: 53.09,
      lon: -1.83,
      accuracyM: 8,
      speedMps: none,
      headingDeg: none,
      method: 0,
      battery: 0.9,
    };
    await serving.waymark.intake.accept(
      { fixes: [{ ...fix, seq: none, events: null }], unreadable: [] },
      { kind: 'tag', serial: 'TB-S0001' },
    );
    await page.getByRole('heading', { name: 'is heard' }).waitFor();
    await look(page, 'visit-heard');
    await page.getByRole('link', { name: 'Take it off' }).click();
    await page.getByLabel('It is faulty').check();
    await page.getByLabel('Why it comes off').fill('The case is cracked');
    await page.getByText('It came off earlier').click();
    await page.getByLabel('Taken off at').fill('2026-09-01 10:00');
    await page.getByRole('button', { name: 'It is off' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('after it was fitted');
    await page.getByLabel('Taken off at').fill('');
    await page.getByRole('button', { name: 'It is off' }).click();
    await page.getByText('The tag is off').waitFor();
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });

  test('a subject: overview, a day on the map, compliance, and a pack that two people look at', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Maya Okonjo');
    const day = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
    for (const [path, name] of [
      ['/subjects/2', 'subject-overview'],
      [`/subjects/2/track?date=${day}`, 'track'],
      ['/subjects/41/track', 'track-empty'],
      ['/subjects/2/compliance', 'compliance'],
    ] as const) {
      await page.goto(`${serving.url}${path}`);
      if (name === 'track') await page.locator('#evidence-map[data-ready]').waitFor();
      await look(page, name);
      await tabThrough(page, name);
    }
    // Open alerts of this person are dealt with first.
    const { performer } = serving.waymark;
    const officer = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer' as const, purpose: 'monitoring' as const };
    const { rows } = await performer.perform(officer, listAlerts, null, { list: 'open', search: 'F-TB-00002', limit: 50, offset: 0 });
    for (const { id } of rows)
      await performer.perform(officer, decideAlert, null, { id, step: 'closed', outcome: 'breach', note: 'Spoken to' });
    await page.getByText('Put together a breach pack').click();
    await page.getByLabel('What it is for').fill('The hearing in March');
    await page.getByRole('button', { name: 'Put it together' }).click();
    await page.getByText('somebody else reviews it').waitFor();
    await look(page, 'pack');
    await tabThrough(page, 'pack');
    const pack = page.url();
    await page.goto(`${pack}/print`);
    expect(await page.locator('main').innerText()).toContain('not been released');
    const second = await signIn(browser, serving.url, 'Tom Ashdown');
    await second.page.goto(pack);
    await second.page.getByLabel('Yes, release it').check();
    await second.page.getByLabel('Your reason').fill('It agrees with the fixes');
    await look(second.page, 'pack-review');
    await second.page.getByRole('button', { name: 'Record my review' }).click();
    await second.page.getByRole('link', { name: 'Print it' }).click();
    await look(second.page, 'pack-print');
    expect(await second.page.locator('main').innerText()).toContain('Reviewed and released by Tom Ashdown');
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await second.context.close();
    await context.close();
  });

  test('zones are drawn on the map, changed, and read from a file', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Maya Okonjo');
    await page.goto(`${serving.url}/subjects/3/zones`);
    await page.locator('#zone-map[data-ready]').waitFor();
    await page.getByRole('button', { name: 'Draw a shape' }).click();
    const box = (await page.locator('#zone-map').boundingBox()) as { x: number; y: number };
    for (const [x, y] of [
      [300, 150],
      [450, 160],
      [430, 300],
      [310, 290],
      [300, 150],
    ] as const) {
      await page.mouse.move(box.x + x, box.y + y);
      await page.waitForTimeout(80);
      await page.mouse.click(box.x + x, box.y + y);
      await page.waitForTimeout(200);
    }
    await page.getByText('A shape of 4 corners').waitFor();
    await page.getByLabel('Name').fill('Drawn by hand');
    await page.getByRole('button', { name: 'Add zone' }).click();
    await page.getByText('The zone is added.').waitFor();
    await page.getByRole('link', { name: 'Change Drawn by hand' }).click();
    await page.locator('#zone-map[data-ready]').waitFor();
    await look(page, 'zone-change');
    await tabThrough(page, 'zone-change');
    await page.getByRole('button', { name: 'Place a circle' }).click();
    const again = (await page.locator('#zone-map').boundingBox()) as { x: number; y: number };
    await page.mouse.click(again.x + 400, again.y + 200);
    await page.getByText('A circle of 150 m').waitFor();
    await page.getByRole('button', { name: 'Change the zone' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Give the reason');
    await page.getByLabel('Reason for the change').fill('It was drawn too large');
    await page.getByRole('button', { name: 'Change the zone' }).click();
    await page.getByText('changed from now on').waitFor();
    expect(await page.locator('tbody').first().innerText()).toMatch(/Drawn by hand\s+version 2/);
    await page.getByText('Add a zone').click();
    const square = (lon: number) => [
      [lon, 53.08],
      [lon + 0.002, 53.08],
      [lon + 0.002, 53.082],
      [lon, 53.082],
      [lon, 53.08],
    ];
    const features = [-1.83, -1.82].map((lon, i) => ({
      type: 'Feature',
      properties: { name: `School ${i + 1}` },
      geometry: { type: 'Polygon', coordinates: [square(lon)] },
    }));
    const file = {
      name: 'schools.geojson',
      mimeType: 'application/geo+json',
      buffer: Buffer.from(JSON.stringify({ type: 'FeatureCollection', features })),
    };
    await page.getByLabel('GeoJSON file').setInputFiles(file);
    await page.getByText('2 shapes from schools.geojson').waitFor();
    await page.getByRole('button', { name: 'Add zone' }).click();
    await page.getByText('2 zones are added').waitFor();
    expect(await page.locator('tbody').first().innerText()).toContain('School 2');
    await page.goto(`${serving.url}/zones`);
    await page.locator('#zone-map[data-ready]').waitFor();
    await page.getByText('Add a shared zone').click();
    await page.getByLabel('Name', { exact: true }).fill('Town centre');
    for (const [label, value] of [
      ['Latitude', '53.09'],
      ['Longitude', '-1.83'],
      ['Radius in metres', '300'],
    ] as const)
      await page.getByLabel(label).fill(value);
    await page.getByRole('button', { name: 'Add zone' }).click();
    await page.getByText('can be added to orders now').waitFor();
    await look(page, 'shared-zones');
    await tabThrough(page, 'shared-zones');
    await page.goto(`${serving.url}/subjects/3/zones`);
    await page.getByText('Add a shared zone').click();
    await page.getByRole('button', { name: 'Add to the order' }).click();
    await page.getByText('holds for this order from now on').waitFor();
    await page.getByLabel('Reason to take it away').fill('It was added by mistake');
    await page.getByRole('button', { name: /Take from this order.*Town centre/ }).click();
    await page.getByText('no longer holds for this order').waitFor();
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });

  test('before signing in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${serving.url}/crimes`);
    expect(await page.title()).toContain('Sign in');
    await look(page, 'sign-in');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await look(page, 'demo-sign-in');
    await tabThrough(page, 'demo-sign-in');
    await page.goto(`${serving.url}/transparency/accuracy`);
    await look(page, 'accuracy');
    await context.close();
  });

  test('the crime analyst looks, reviews and exports', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Callum Reid');
    await page.goto(`${serving.url}/crimes?show=present&sort=present`);
    await look(page, 'crimes');
    await tabThrough(page, 'crimes');
    await page.locator('tbody th a').first().click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await look(page, 'crime');
    await tabThrough(page, 'crime');
    const crime = page.url();
    await page.goto(`${crime}?show=present`);
    await page.locator('tbody th a').first().click();
    await page.locator('#evidence-map[data-ready="yes"]').waitFor();
    await page.waitForTimeout(1500);
    await look(page, 'evidence');
    await tabThrough(page, 'evidence');
    const evidence = page.url();
    await page.getByRole('button', { name: 'Play the window' }).click();
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Record my review' }).click();
    await page.getByText('There is a problem').waitFor();
    await look(page, 'review-error');
    await page.getByLabel('Yes, I agree').check();
    await page.getByLabel('Your reason').fill('Twelve fixes with small circles inside the radius.');
    await page.getByRole('button', { name: 'Record my review' }).click();
    // The next that has to be decided is there at once.
    await page.getByText('Your review is recorded.').waitFor();
    await page.goto(crime);
    await page.getByRole('link', { name: 'print' }).click();
    await page.getByText('Reviewed verdicts').first().waitFor();
    await look(page, 'print');
    await page.goto(evidence);
    expect(await page.getByText('Twelve fixes').count()).toBe(1);
    await page.getByRole('button', { name: 'Put an evidence pack together' }).click();
    await page.getByText('The evidence pack is put together.').waitFor();
    await look(page, 'evidence-pack');
    await tabThrough(page, 'evidence-pack');
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download to print' }).click()]);
    const file = await download.path();
    expect(repeatPack(readFileSync(file))).toMatchObject({ findings: 'the same', bytes: 'the same', seal: 'whole' });
    await page.getByRole('link', { name: 'Write a witness statement' }).click();
    await look(page, 'statement');
    await tabThrough(page, 'statement');
    await page.getByRole('button', { name: 'Download the statement' }).click();
    await page.getByText('There is a problem').waitFor();
    await look(page, 'statement-error');
    // The file alone, as whoever receives it opens it.
    const received = await context.newPage();
    await received.setContent(readFileSync(file, 'utf8'));
    await look(received, 'evidence-pack-file');
    await received.close();
    for (const [path, name] of [
      ['/crimes/import', 'import-crimes'],
      ['/imports', 'imports'],
      ['/runs', 'runs'],
    ] as const) {
      await page.goto(`${serving.url}${path}`);
      await look(page, name);
      await tabThrough(page, name);
    }
    await page.goto(`${serving.url}/crimes/import`);
    await page.getByLabel('File of crimes').setInputFiles({
      name: 'batch.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(
        'Metropolitan,RB,,MPS20260907,<script>alert(1)</script>,20260907120000,20260907123000,,,53.09,-1.83,,"A <b>bag</b>"\nMetropolitan,XX,,MPS20260907,R2,20269907120000,20260907123000,,,53.09,,,\n',
      ),
    });
    await page.getByLabel('Put it on record').check();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('What to mend').waitFor();
    expect(await page.getByText('INVALID_CRIME_TYPE').count()).toBe(1);
    await look(page, 'import');
    // An analyst's own file: looked at first, an end given where it was asked for, and put in without choosing it again.
    await page.goto(`${serving.url}/crimes/import`);
    await page.locator('#import-crimes[data-ready]').waitFor();
    await page.getByLabel('File of crimes').setInputFiles({
      name: 'export.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(
        'Crime ref,Offence,Start,End,Lat,Long\nA/101,Robbery,25/11/2026 20:10,25/11/2026 20:30,53.0884,-1.8141\nA/103,Theft from vehicle,25/11/2026 21:10,,53.0871,-1.8172\nA/104,Robbery,25/11/2026 22:00,25/11/2026 21:00,53.0871,-1.8172\n',
      ),
    });
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('This is how it is read').waitFor();
    await page.locator('#looked-map canvas').waitFor();
    await look(page, 'import-looked-at');
    expect(await page.getByText('cannot go in', { exact: true }).count()).toBe(1);
    await page.getByLabel('No end is given. When was it at the latest?').fill('2026-11-25T21:40');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('What to mend').waitFor();
    expect(await page.getByText('MISSING_TO_DATE').count()).toBe(0);
    await page.getByRole('link', { name: 'See the crimes' }).click();
    await page.goto(`${serving.url}/crimes?search=A%2F103`);
    expect(await page.locator('tbody').innerText()).toContain('21:40');
    await page.goto(`${serving.url}/no-such-page`);
    await look(page, 'not-found');
    expect(errors.filter((text) => !/404|400|403/.test(text))).toEqual([]);
    await context.close();
  });

  test('the analyst clears exclusions together, looks at a series, at one wearer over time, and asks who was here', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Callum Reid');
    await page.goto(`${serving.url}/clearing`);
    await look(page, 'clearing');
    await tabThrough(page, 'clearing');
    await page
      .getByRole('button', { name: /^Begin with/ })
      .first()
      .click();
    await page.locator('#evidence-map[data-ready="yes"]').waitFor();
    await look(page, 'clearing-look');
    await tabThrough(page, 'clearing-look');
    await page.getByRole('button', { name: /^Answer/ }).click();
    await page.getByText('There is a problem').waitFor();
    await look(page, 'clearing-look-error');
    await page.getByLabel('I cannot tell').check();
    await page.getByLabel('What you saw, if you doubt it').fill('Two fixes lie near the edge.');
    await page.getByRole('button', { name: /^Answer/ }).click();
    await page
      .getByText(/each of these is reviewed by itself|Look 2 of/)
      .first()
      .waitFor();
    await look(page, 'clearing-batch');
    await page.goto(`${serving.url}/crimes`);
    await page.locator('#crimes-map canvas').waitFor();
    for (const tick of (await page.locator('tbody input[name=crime]').all()).slice(0, 8)) await tick.check();
    await page.getByRole('button', { name: 'Who was at several of those I ticked?' }).click();
    await page.getByText('as one series').waitFor();
    await look(page, 'series');
    await page.goto(`${serving.url}/wearers/1?days=365&show=all`);
    await look(page, 'wearer');
    await tabThrough(page, 'wearer');
    await page.goto(`${serving.url}/place-searches`);
    await look(page, 'place-searches');
    await tabThrough(page, 'place-searches');
    await page.getByLabel('Ground in law').selectOption({ index: 2 });
    await page.getByLabel('Why this place and this time').fill('Somebody is missing and was last seen here.');
    for (const [label, value] of [
      ['Latitude', '53.09'],
      ['Longitude', '-1.83'],
      ['Begins', '2026-11-20T10:00'],
      ['Ends', '2026-11-20T12:00'],
    ] as const)
      await page.getByLabel(label).fill(value);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText('Another person has to agree').waitFor();
    await look(page, 'place-search');
    await page.goto(`${serving.url}/transparency/place-searches`);
    await look(page, 'place-searches-published');
    expect(errors.filter((text) => !/404|400|403/.test(text))).toEqual([]);
    await context.close();
  });

  test('the monitoring officer keeps subjects, tags and quarantine', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Maya Okonjo');
    const gateway = await fetch(`${serving.url}/control/credential`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-waymark-control': serving.waymark.folder.control()?.token ?? '' },
      body: JSON.stringify({ kind: 'gateway', name: 'test gateway' }),
    });
    const secret = JSON.parse((await gateway.text()).trim().split('\n').at(-1) ?? '').value.secret as string;
    await fetch(`${serving.url}/ingest/waymark`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/x-ndjson' },
      body: '{"tag":"NEW-1","at":"2026-09-08T10:00:00Z","lat":53.09,"lon":-1.83}\n{"tag":"NEW-1","at":"1970-01-01T00:00:00Z","lat":53.09,"lon":-1.83}\nnot json\n',
    });
    for (const [path, name] of [
      ['/subjects', 'subjects'],
      ['/subjects/import', 'subjects-import'],
      ['/subjects/1/why', 'subject-why'],
      ['/subjects/1', 'subject'],
      ['/subjects/1/track/file', 'track-file'],
      ['/tags', 'tags'],
      ['/quarantine', 'quarantine'],
    ] as const) {
      await page.goto(`${serving.url}${path}`);
      await look(page, name);
      await tabThrough(page, name);
    }
    await page.goto(`${serving.url}/tags`);
    await page.getByLabel('Serial number', { exact: true }).last().fill('NEW-1');
    await page.getByRole('button', { name: 'Register tag' }).click();
    await page.getByText('is registered').waitFor();
    await page.goto(`${serving.url}/subjects`);
    await page.getByText('Add a subject by name alone').click();
    await page.getByLabel('Reference', { exact: true }).fill('S-100');
    await page.getByLabel('Full name').fill('Robin Fairweather');
    await page.getByRole('button', { name: 'Add subject' }).click();
    await page.getByText('Add an order').click();
    await page.getByLabel('Court or body that made it').fill('Tarnbridge Magistrates');
    await page.getByLabel('Begins').fill('2026-09-01 09:00');
    await page.getByRole('button', { name: 'Add order' }).click();
    await page.getByRole('link', { name: 'Fit a tag' }).click();
    await page.getByLabel('Serial number on the tag').fill('NEW-1');
    for (const step of await page.locator('input[name=told]').all()) await step.check();
    await page.getByText('It was fitted earlier').click();
    await page.getByLabel('Fitted at').fill('2026-09-01 10:00');
    await page.getByRole('button', { name: 'Fit the tag' }).click();
    await page.getByRole('heading', { name: 'Waiting for the tag' }).waitFor();
    await page.goto(`${serving.url}/quarantine`);
    await page.getByRole('button', { name: /unknown tag/i }).click();
    await page.getByText('1 released').waitFor();
    expect(errors).toEqual([]);
    await context.close();
  });

  test('the auditor and the administrator', async () => {
    const auditor = await signIn(browser, serving.url, 'Aled Price');
    await look(auditor.page, 'start');
    await tabThrough(auditor.page, 'start');
    await auditor.page.goto(`${serving.url}/audit`);
    await look(auditor.page, 'audit');
    await tabThrough(auditor.page, 'audit');
    await auditor.page.getByRole('button', { name: 'Check the record' }).click();
    await auditor.page.getByText('The record is whole').waitFor();
    await auditor.page.goto(`${serving.url}/policies`);
    await look(auditor.page, 'policies');
    for (const name of [
      'reviewers',
      'retention',
      'unusual',
      'sample',
      'worth',
      'transparency/records',
      'transparency',
      'transparency/impact',
    ]) {
      await auditor.page.goto(`${serving.url}/${name}`);
      await look(auditor.page, name.replace('/', '-'));
      await tabThrough(auditor.page, name);
    }
    await auditor.page.goto(`${serving.url}/audit?from=yesterday`);
    await look(auditor.page, 'audit-wrong-day');
    await auditor.page.goto(`${serving.url}/crimes`);
    await look(auditor.page, 'refused');
    expect(await auditor.page.getByRole('heading', { level: 1 }).textContent()).toContain('You cannot do this');
    await auditor.context.close();
    const administrator = await signIn(browser, serving.url, 'Ines Duarte');
    await administrator.page.goto(`${serving.url}/credentials`);
    await administrator.page.getByLabel('Name of the gateway').fill('Traccar');
    await administrator.page.getByRole('button', { name: 'Add gateway' }).click();
    await administrator.page.getByText('It is not shown again').waitFor();
    await look(administrator.page, 'credentials');
    await tabThrough(administrator.page, 'credentials');
    await administrator.page.goto(`${serving.url}/delivery`);
    await administrator.page.getByLabel('Name').fill('Control room');
    await administrator.page.getByLabel('How').selectOption('webhook');
    await administrator.page.getByLabel('To', { exact: true }).fill('https://elsewhere.example/');
    await administrator.page.getByRole('button', { name: 'Add rule' }).click();
    expect(await administrator.page.getByRole('alert').innerText()).toContain('may not go to elsewhere.example');
    await administrator.page.getByLabel('To', { exact: true }).fill('http://127.0.0.1:9/hook');
    await administrator.page.getByRole('button', { name: 'Add rule' }).click();
    await administrator.page.getByText('signed with this secret').waitFor();
    const trial = administrator.page.waitForResponse(
      (response) => response.request().method() === 'GET' && response.url().endsWith('/delivery'),
    );
    await administrator.page.getByRole('button', { name: 'Send a trial' }).click();
    await trial;
    await administrator.page.waitForLoadState();
    await until(async () => {
      await administrator.page.reload();
      return (await administrator.page.locator('main').innerText()).includes('Failed 1 time');
    });
    await look(administrator.page, 'delivery');
    await tabThrough(administrator.page, 'delivery');
    await administrator.page.goto(`${serving.url}/sessions`);
    await look(administrator.page, 'sessions');
    await tabThrough(administrator.page, 'sessions');
    await administrator.page.goto(`${serving.url}/teams`);
    await administrator.page.getByLabel('Name', { exact: true }).fill('Tarn South');
    await administrator.page.getByRole('button', { name: 'Add', exact: true }).click();
    await administrator.page.getByRole('heading', { name: /Tarn South/ }).waitFor();
    await look(administrator.page, 'teams');
    await tabThrough(administrator.page, 'teams');
    await administrator.context.close();
  });
});
