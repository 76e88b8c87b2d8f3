import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest } from '../serve-for-test.ts';
import { look, openBrowser, signIn } from './looking.ts';

/** Forms: what somebody typed survives the end of their session, an expired form and a broken line; a long one tells how far it is. */
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

async function signedIn() {
  const opened = await signIn(browser, serving.url, 'Maya Okonjo');
  // What never comes is told with what was waited for.
  opened.context.setDefaultTimeout(20_000);
  return opened;
}

async function fillIn(page: Page, name: string): Promise<void> {
  await page.goto(`${serving.url}/subjects/new`);
  await page.getByLabel('Full name').fill(name);
  await page.getByLabel('Home address').fill('12 Mill Lane');
  await page.locator('select[name=kind]').selectOption({ index: 2 });
}

async function signInAgain(page: Page, account: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: new RegExp(account) }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
}

const send = (page: Page) => page.getByRole('button', { name: 'Save, and say what they must do' }).click();
const nameIn = (page: Page) => page.getByLabel('Full name').inputValue();
const news = 'What you typed is here again';

test('a form whose session had ended is filled in again after signing in, for the same person alone', async () => {
  const { context, page, errors } = await signedIn();
  await fillIn(page, 'Nell Ash');
  const kind = await page.locator('select[name=kind]').inputValue();
  await context.clearCookies();
  await send(page);
  await page.getByText('what you sent did not arrive').waitFor();
  await signInAgain(page, 'Maya Okonjo');
  expect(new URL(page.url()).pathname).toBe('/subjects/new');
  await page.getByText(news).waitFor();
  expect(await nameIn(page)).toBe('Nell Ash');
  expect(await page.getByLabel('Home address').inputValue()).toBe('12 Mill Lane');
  expect(await page.locator('select[name=kind]').inputValue()).toBe(kind);
  // It is not there a second time.
  await page.goto(`${serving.url}/subjects/new`);
  expect(await nameIn(page)).toBe('');
  await fillIn(page, 'Nell Ash');
  await context.clearCookies();
  await send(page);
  await page.getByText('what you sent did not arrive').waitFor();
  await signInAgain(page, 'Callum Reid');
  expect(await page.evaluate('sessionStorage.getItem("waymark-form")')).toBeNull();
  await context.clearCookies();
  await page.goto(`${serving.url}/sign-in`);
  await signInAgain(page, 'Maya Okonjo');
  await page.goto(`${serving.url}/subjects/new`);
  expect(await nameIn(page)).toBe('');
  // A refusal is no script error.
  expect(errors.filter((text) => !/status of 40\d/.test(text))).toEqual([]);
  await context.close();
});

test('what was typed after a mistake was told comes back too, to the page that the form belongs to', async () => {
  const { context, page } = await signedIn();
  await page.goto(`${serving.url}/absence-requests`);
  const reason = page.locator('input[name=reason]').first();
  await reason.fill('no');
  await page.getByRole('button', { name: 'Refuse' }).first().click();
  await page.getByRole('alert').waitFor();
  await reason.fill('The order does not let you be away that night.');
  await context.clearCookies();
  await page.getByRole('button', { name: 'Refuse' }).first().click();
  await page.getByText('what you sent did not arrive').waitFor();
  await signInAgain(page, 'Maya Okonjo');
  expect(new URL(page.url()).pathname).toBe('/absence-requests');
  await page.getByText(news).waitFor();
  expect(await page.locator('input[name=reason]').first().inputValue()).toBe('The order does not let you be away that night.');
  // Return in the field chooses nothing.
  await page.locator('input[name=reason]').first().press('Enter');
  await page.getByText('Choose Agree or Refuse.').first().waitFor();
  await context.close();
});

test('a form that has expired leads back to itself, filled in', async () => {
  const { context, page } = await signedIn();
  await fillIn(page, 'Nell Ash');
  await page.evaluate(() => {
    for (const field of (
      globalThis as unknown as { document: { getElementsByName(name: string): Iterable<{ value: string }> } }
    ).document.getElementsByName('_csrf'))
      field.value = 'old';
  });
  await send(page);
  await page.getByRole('heading', { name: 'This form has expired' }).waitFor();
  await page.getByRole('link', { name: 'Go back to the form' }).click();
  await page.getByText(news).waitFor();
  expect(await nameIn(page)).toBe('Nell Ash');
  await context.close();
});

test('without a line a form waits, says so, and goes by itself once', async () => {
  const { context, page } = await signedIn();
  await fillIn(page, 'Offa Line');
  await page.getByLabel('Reference').fill('OFF-1');
  await page.getByLabel('Court or body that made it').fill('Tarnbridge Magistrates');
  await page.getByLabel('Their telephone number').fill('07700 900999');
  await page.getByLabel('Number the person can ring').fill('020 7946 0000');
  let sent = 0;
  page.on('request', (request) => (sent += request.method() === 'POST' ? 1 : 0));
  await context.setOffline(true);
  await send(page);
  await page.getByText('There is no line').waitFor();
  expect(await nameIn(page)).toBe('Offa Line');
  await send(page);
  await context.setOffline(false);
  await page.waitForURL(/subjects\/\d+/);
  expect(sent).toBe(1);
  await page.goto(`${serving.url}/subjects/new`);
  expect(await nameIn(page)).toBe('');
  await context.close();
});

test('what is wrong with a form is in the title, and has the focus', async () => {
  const { context, page } = await signedIn();
  await page.goto(`${serving.url}/subjects/new`);
  await send(page);
  await page.getByRole('alert').waitFor();
  expect(await page.title()).toMatch(/^(\(\d+\) )?Error: /);
  expect(await page.evaluate('document.activeElement.className')).toContain('govuk-error-summary');
  await context.close();
});

test('a file of people tells how far it is, and what became of it, on the page that it was sent from', async () => {
  const { context, page, errors } = await signedIn();
  await page.goto(`${serving.url}/subjects/import`);
  const people = Array.from({ length: 600 }, (_, i) => `AB-${i},Ann Example ${i},community order,Tarn Court,2026-09-07 09:00`);
  const send = async (rows: string[], how: RegExp) => {
    const buffer = Buffer.from(['reference,name,order_kind,authority,order_from', ...rows].join('\n'));
    await page.locator('#file').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer });
    await page.getByLabel(how).check();
    await page.getByRole('button', { name: 'Go on' }).click();
  };
  await send([...people, 'AB-X,,community order,Tarn Court,2026-09-07 09:00'], /Try it/);
  await page.getByRole('heading', { name: 'This is what would happen' }).waitFor();
  expect(await page.locator('#import-result').innerText()).toContain('600 new');
  expect(await page.getByRole('region', { name: 'What to mend' }).innerText()).toContain('602');
  expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('status');
  await look(page, 'import of people, tried');
  // Each word that it says on the way is kept.
  await page.evaluate(`new MutationObserver(() => (window.said ??= []).push(document.querySelector('#import-progress-text').textContent))
    .observe(document.querySelector('#import-progress-text'), { childList: true })`);
  await send(people, /Put it on record/);
  await page.getByRole('heading', { name: 'It is on record' }).waitFor();
  expect(await page.evaluate('window.said')).toEqual(expect.arrayContaining(['Sending the file …', '0 of 600 people']));
  expect(await page.locator('progress').isVisible()).toBe(false);
  expect(new URL(page.url()).pathname).toBe('/subjects/import');
  // The line breaks in the middle.
  const broken = (line: string) =>
    page.route('**/subjects/import', (route) =>
      route.request().method() === 'POST' ? route.fulfill({ contentType: 'application/x-ndjson', body: `${line}\n` }) : route.continue(),
    );
  await broken(JSON.stringify({ done: 250, all: 600 }));
  await send(people, /Try it/);
  await page.getByText('The line broke before all was tried. Nothing was stored').waitFor();
  await send(people, /Put it on record/);
  await page.getByText('The line broke. What was read before is on record').waitFor();
  await page.evaluate(`document.querySelector('progress').hidden = false`);
  await look(page, 'import of people, under way');
  await page.unroute('**/subjects/import');
  await broken(JSON.stringify({ failed: 'This is no CSV file: it is a picture.' }));
  await send(people, /Try it/);
  await page.getByText('This is no CSV file: it is a picture.').waitFor();
  await page.unroute('**/subjects/import');
  // Signed out meanwhile: the page that says so comes, as it would without the script.
  await context.clearCookies();
  await send(people, /Try it/);
  await page.getByText('Sign in').first().waitFor();
  expect(errors.filter((error) => !error.includes('40'))).toEqual([]);
  await context.close();
});
