import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveForTest } from '../serve-for-test.ts';
import { look, openBrowser, signIn } from './looking.ts';

/** What somebody keeps of their own pages on their phone, with the server really out of reach, and how it goes again. */
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

const port = () => Number(new URL(serving.url).port);
const cut = () =>
  new Promise<void>((resolve) => {
    const { server } = serving.server.app;
    server.close(() => resolve());
    server.closeAllConnections();
  });
const mend = () => new Promise<void>((resolve) => void serving.server.app.server.listen(port(), '127.0.0.1', () => resolve()));

/** How many pages are kept, whether any of them can be read as it lies there, and whether the key can be taken out. */
const keptIn = (page: Page) =>
  page.evaluate(`new Promise((resolve) => {
    const request = indexedDB.open('waymark-own');
    request.onsuccess = () => {
      const database = request.result;
      if (!database.objectStoreNames.contains('pages')) { database.close(); indexedDB.deleteDatabase('waymark-own'); return resolve({ pages: 0, readable: false, extractable: false }); }
      const all = database.transaction(['pages', 'key']);
      const pages = all.objectStore('pages').getAll();
      const keys = all.objectStore('key').getAll();
      all.oncomplete = () => {
        database.close();
        const text = pages.result.map(({ bytes }) => new TextDecoder('latin1').decode(bytes)).join('');
        resolve({ pages: pages.result.length, readable: /Coyle|govuk/.test(text), extractable: keys.result.some((key) => key.extractable) });
      };
    };
  })`) as Promise<{ pages: number; readable: boolean; extractable: boolean }>;

/** Names of all that the browser holds of ours, if it is empty or not. */
const leftBehind = (page: Page) =>
  page.evaluate(`Promise.all([indexedDB.databases(), caches.keys(), navigator.serviceWorker.getRegistrations()])
    .then(([databases, kept, workers]) => [...databases.map(({ name }) => name), ...kept, ...workers.map(({ scope }) => scope)])`);

const age = (page: Page, hours: number) =>
  page.evaluate(`new Promise((resolve) => {
    const request = indexedDB.open('waymark-own');
    request.onsuccess = () => {
      const store = request.result.transaction('pages', 'readwrite').objectStore('pages');
      const all = store.getAll();
      all.onsuccess = () => { for (const page of all.result) store.put({ ...page, at: page.at - ${hours} * 3600000 }); };
      store.transaction.oncomplete = () => { request.result.close(); resolve(); };
    };
  })`);

async function keepCopy(page: Page): Promise<void> {
  await page.goto(`${serving.url}/me`);
  await page.getByRole('button', { name: 'Keep a copy on this phone' }).click();
  await page.getByRole('button', { name: 'Delete the copy on this phone' }).waitFor();
  await expect.poll(async () => (await keptIn(page)).pages).toBeGreaterThan(0);
}

/** There is nothing at this address without a line. */
async function isGone(page: Page, path: string): Promise<void> {
  await expect(page.goto(`${serving.url}${path}`)).rejects.toThrow();
  await page.waitForURL(/^chrome-error:/);
}

/** What the worker does with what is kept takes a while, as on an old phone. */
async function slowly(page: Page): Promise<void> {
  const keeper = page
    .context()
    .serviceWorkers()
    .find((worker) => worker.url().endsWith('/me/offline-worker.js'));
  await keeper?.evaluate(`(() => {
    const { close } = IDBDatabase.prototype;
    IDBDatabase.prototype.close = function () { setTimeout(() => close.call(this), 300); };
  })()`);
  expect(keeper).toBeDefined();
}

/** Without the session there was, here and at the identity provider. */
async function signInAgain(page: Page, who: RegExp): Promise<void> {
  await page.context().clearCookies();
  await page.goto(`${serving.url}/sign-in`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: who }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
}

const noLine = 'There is no line. This is how it was on';

test('nothing is kept unless it is asked for; then the last pages are there without a line, encrypted, and say how old they are', async () => {
  const { page, context } = await signIn(browser, serving.url, 'Somebody on a tag');
  context.setDefaultTimeout(30_000);
  await page.goto(`${serving.url}/me`);
  expect(await keptIn(page)).toEqual({ pages: 0, readable: false, extractable: false });
  await keepCopy(page);
  await look(page, 'own-copy');
  await page.goto(`${serving.url}/me/tag`);
  await page.goto(`${serving.url}/me/places`);
  await expect.poll(async () => (await keptIn(page)).pages).toBe(2);
  expect(await keptIn(page)).toEqual({ pages: 2, readable: false, extractable: false });
  expect(await page.getByText(noLine).isVisible()).toBe(false);
  await cut();
  await page.goto(`${serving.url}/me`);
  expect(await page.getByText(noLine).isVisible()).toBe(true);
  await page.getByText('Hello, Will Coyle').waitFor();
  expect(await page.getByRole('link', { name: /Ring/ }).getAttribute('href')).toMatch(/^tel:/);
  // Its own look is there too.
  expect(await page.evaluate('getComputedStyle(document.querySelector(".wm-own__card")).display')).toBe('block');
  await page.goto(`${serving.url}/me/tag`);
  await page.getByRole('heading', { name: 'My rules' }).waitFor();
  // Where they were is kept nowhere.
  await isGone(page, '/me/places');
  await mend();
  await page.goto(`${serving.url}/me`);
  expect(await page.getByText(noLine).isVisible()).toBe(false);
  // After a day it is not shown any more, and goes.
  await age(page, 25);
  await cut();
  await isGone(page, '/me');
  await mend();
  await page.goto(`${serving.url}/me`);
  await expect.poll(async () => (await keptIn(page)).pages).toBe(1);
  await context.close();
});

test('it goes with signing out, on request, and when somebody else signs in on the same phone', async () => {
  const { page, context } = await signIn(browser, serving.url, 'Somebody on a tag');
  context.setDefaultTimeout(30_000);
  await keepCopy(page);
  await page.getByRole('button', { name: 'Delete the copy on this phone' }).click();
  await page.getByRole('button', { name: 'Keep a copy on this phone' }).waitFor();
  expect((await keptIn(page)).pages).toBe(0);
  // On a phone that shows reminders, which stay.
  await keepCopy(page);
  await page.evaluate(`navigator.serviceWorker.register('/me/notices/worker.js', { scope: '/me/notices/' })`);
  await slowly(page);
  await page.goto(`${serving.url}/me/tag`, { waitUntil: 'domcontentloaded' });
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(await leftBehind(page)).toEqual([`${serving.url}/me/notices/`]);
  await signInAgain(page, /Somebody on a tag/);
  await keepCopy(page);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await cut();
  await isGone(page, '/me');
  await mend();
  await signInAgain(page, /Somebody on a tag/);
  await keepCopy(page);
  // The session is gone without signing out, and another person signs in.
  await signInAgain(page, /Somebody else/);
  await page.goto(`${serving.url}/me/requests`);
  await page.goto(`${serving.url}/me`);
  await cut();
  await page.goto(`${serving.url}/me`);
  expect(await page.getByText('Will Coyle').count()).toBe(0);
  await isGone(page, '/me/tag');
  await mend();
  await context.close();
});
