import type { Browser, CDPSession } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPushService } from '../push-stand-in.ts';
import { serveForTest } from '../serve-for-test.ts';
import { look, openBrowser, signIn } from './looking.ts';

/**
 * Reminders on the phone or computer before somebody, in a real browser: chosen on the page, shown by the worker, ended on the page. What
 * the browser's maker does between our server and the worker a service of our own stands in for.
 */
let serving: Awaited<ReturnType<typeof serveForTest>>;
let service: Awaited<ReturnType<typeof startPushService>>;
let browser: Browser;

beforeAll(async () => {
  service = await startPushService();
  serving = await serveForTest({
    WAYMARK_DEMO: 'yes',
    WAYMARK_PUSH_CONTACT: 'mailto:duty@agency.example',
    WAYMARK_PUSH_HOSTS: service.host,
    SMTP_URL: 'smtp://127.0.0.1:9',
    WAYMARK_MAIL_FROM: 'waymark@town.example',
  });
  await serving.reminders.close();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await serving?.end();
  service?.close();
});

const send = () => serving.reminders.deliverDue(new Date());

/** The number of the worker that shows reminders, as the browser has it. */
function registrationOf(cdp: CDPSession): Promise<string> {
  return new Promise((resolve) => {
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find(({ scopeURL, isDeleted }) => scopeURL.endsWith('/me/notices/') && !isDeleted);
      if (own) resolve(own.registrationId);
    });
    void cdp.send('ServiceWorker.enable');
  });
}

test('who does not let us show anything is told what to do, and nothing is sent anywhere', async () => {
  const { context, page } = await signIn(browser, serving.url, 'Somebody on a tag');
  await page.goto(`${serving.url}/me/reminders`);
  await page.getByLabel('On this phone or computer').check();
  expect(await page.getByLabel('To which number or address?').isVisible()).toBe(false);
  const refused = page.getByText('does not let us show reminders');
  expect(await refused.isVisible()).toBe(false);
  await page.getByRole('button', { name: 'Save' }).click();
  await refused.waitFor();
  expect(new URL(page.url()).pathname).toBe('/me/reminders');
  expect(await page.evaluate('document.activeElement?.id')).toBe('push-refused');
  await look(page, 'reminders, not let');
  await send();
  expect(service.pushed).toEqual([]);
  await context.close();
});

test('chosen, proven by a code that is shown, reminded, and ended', async () => {
  const { context, page, errors } = await signIn(browser, serving.url, 'Somebody on a tag');
  await context.grantPermissions(['notifications'], { origin: serving.url });
  await page.exposeFunction('subscribeThere', (publicKey: string) => service.subscribe(publicKey));
  await page.addInitScript(`PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    const subscription = JSON.parse(await window.subscribeThere(applicationServerKey));
    return { toJSON: () => ({ ...subscription, expirationTime: null }) };
  }`);
  await page.goto(`${serving.url}/me/reminders`);
  const cdp = await context.newCDPSession(page);
  const registered = registrationOf(cdp);
  await page.getByLabel('On this phone or computer').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('We have sent a code to your phone or computer.').waitFor();
  await look(page, 'reminders, code asked for');
  await send();
  const sent = service.pushed.at(-1)?.message;
  const registrationId = await registered;
  // It is known to the browser before it is ready to take anything.
  const isActive = () =>
    page.evaluate(`navigator.serviceWorker.getRegistration('/me/notices/').then((own) => own?.active?.state === 'activated')`);
  await expect.poll(isActive, { timeout: 30_000 }).toBe(true);
  await cdp.send('ServiceWorker.deliverPushMessage', { origin: serving.url, registrationId, data: JSON.stringify(sent) });
  const shown = () =>
    page.evaluate(`navigator.serviceWorker.getRegistration('/me/notices/').then((own) => own.getNotifications())
      .then((all) => all.map(({ title, body, tag }) => ({ title, text: body, tag })))`);
  await expect.poll(shown, { timeout: 30_000 }).toEqual([sent]);
  await page.getByLabel('Code').fill(/\d{6}/.exec(sent?.text ?? '')?.[0] ?? '');
  await page.getByRole('button', { name: 'Use the code' }).click();
  await page.getByText('We send reminders to the phone or computer where you chose this.').waitFor();
  await look(page, 'reminders on this phone');
  // Pages do not go through this worker: nothing of them is kept by it.
  expect(await page.evaluate('navigator.serviceWorker.controller === null')).toBe(true);
  await page.getByRole('button', { name: 'Stop all reminders' }).click();
  await page.getByText('We do not remind you any more.').waitFor();
  expect(await page.evaluate(`navigator.serviceWorker.getRegistration('/me/notices/').then((own) => own === undefined)`)).toBe(true);
  expect(errors).toEqual([]);
  await context.close();
});

test('who chooses another way types its address, and the worker of their pages is left alone', async () => {
  const { context, page, errors } = await signIn(browser, serving.url, 'Somebody on a tag');
  await page.goto(`${serving.url}/me`);
  await page.getByRole('button', { name: 'Keep a copy on this phone' }).click();
  await page.getByRole('button', { name: 'Delete the copy on this phone' }).waitFor();
  expect(await page.getByRole('button', { name: 'Keep a copy on this phone' }).isVisible()).toBe(false);
  await page.goto(`${serving.url}/me/reminders`);
  await page.getByLabel('On this phone or computer').check();
  await page.getByLabel('By e-mail').check();
  await page.getByLabel('To which number or address?').fill('sam@agency.example');
  await page.getByLabel('To which number or address?').blur();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('We have sent a code to sam@agency.example.').waitFor();
  const scopes = () =>
    page.evaluate(`navigator.serviceWorker.getRegistrations().then((all) => all.map(({ scope }) => new URL(scope).pathname))`);
  expect(await scopes()).toEqual(['/me']);
  await page.evaluate(`navigator.serviceWorker.register('/me/notices/worker.js', { scope: '/me/notices/' })`);
  await page.evaluate(`sessionStorage.setItem('waymark-map-view', 'where somebody looked')`);
  // Signing out forgets pages; what somebody wants to be reminded of goes on.
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL(/sign-in/);
  expect(await scopes()).toEqual(['/me/notices/']);
  expect(await page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
  expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
  expect(errors).toEqual([]);
  await context.close();
});
