import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest } from '../serve-for-test.ts';

const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);
const pictures = process.env.SCREENSHOTS;
if (pictures) mkdirSync(pictures, { recursive: true });

let serving: Awaited<ReturnType<typeof serveForTest>>;
let browser: Browser;

beforeAll(async () => {
  if (!executablePath) throw new Error('No Chromium found. Install it, or name it with CHROMIUM=path.');
  serving = await serveForTest({ WAYMARK_DEMO: 'yes' });
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--disable-quic',
      '--enable-unsafe-swiftshader',
      '--ignore-gpu-blocklist',
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  await serving?.end();
});

async function signIn(account: string): Promise<{ context: BrowserContext; page: Page; errors: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(`${serving.url}/sign-in`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: new RegExp(account) }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  return { context, page, errors };
}

async function look(page: Page, name: string): Promise<void> {
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
    expect(overflow, `${name} at ${width} px is wider than the window`).toBeLessThanOrEqual(0);
    const results = await new AxeBuilder({ page }).analyze();
    expect(
      results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`),
      `${name} at ${width} px`,
    ).toEqual([]);
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-${width}.png`), fullPage: width === 1280 });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Everything that can be operated is reached with Tab, and shows that it is. */
async function tabThrough(page: Page, name: string): Promise<void> {
  const wanted = (await page.evaluate(
    `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter((e) => e.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0 && !(e.type === 'radio' && e.name && document.querySelector('input[name="' + e.name + '"]') !== e)).length`,
  )) as number;
  await page.evaluate('document.activeElement?.blur?.()');
  await page.keyboard.press('Home');
  const reached = new Set<string>();
  let unseen = '';
  for (let i = 0; i < wanted * 2 + 20; i++) {
    await page.keyboard.press('Tab');
    const at = (await page.evaluate(`(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      e.dataset.tabbed ??= String(Math.random());
      const s = getComputedStyle(e);
      const label = e.nextElementSibling && e.nextElementSibling.tagName === 'LABEL' ? getComputedStyle(e.nextElementSibling, '::before') : null;
      const seen = s.outlineStyle !== 'none' || s.boxShadow !== 'none' || (label && label.boxShadow !== 'none') || e.closest('.wm-map') !== null;
      return { key: e.dataset.tabbed, seen, html: e.outerHTML.slice(0, 120), counts: e.matches('a[href], button, input, select, textarea, summary') };
    })()`)) as { key: string; seen: boolean; html: string; counts: boolean } | null;
    if (!at) {
      if (reached.size >= wanted) break;
      continue;
    }
    if (!at.seen) unseen = at.html;
    if (at.counts) reached.add(at.key);
  }
  expect(unseen, `${name}: focus cannot be seen`).toBe('');
  expect(reached.size, `${name}: reached by Tab`).toBeGreaterThanOrEqual(wanted);
}

describe('pages', () => {
  test('the monitoring officer works through alerts and sets zones', async () => {
    const { context, page, errors } = await signIn('Maya Okonjo');
    await page.goto(`${serving.url}/alerts`);
    await look(page, 'alerts');
    await tabThrough(page, 'alerts');
    await page.locator('tbody th a').first().click();
    await page.locator('#evidence-map[data-ready]').waitFor();
    await look(page, 'alert');
    await tabThrough(page, 'alert');
    await page.getByRole('button', { name: 'Close the alert' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Choose an outcome');
    await page.getByLabel('A reasonable excuse').check();
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

  test('before signing in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${serving.url}/crimes`);
    expect(await page.title()).toContain('Sign in');
    await look(page, 'sign-in');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await look(page, 'demo-sign-in');
    await tabThrough(page, 'demo-sign-in');
    await context.close();
  });

  test('the crime analyst looks, reviews and exports', async () => {
    const { context, page, errors } = await signIn('Callum Reid');
    await page.goto(`${serving.url}/crimes?show=present&sort=present`);
    await look(page, 'crimes');
    await tabThrough(page, 'crimes');
    await page.locator('tbody th a').first().click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await look(page, 'crime');
    await page.goto(`${page.url()}?show=present`);
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
    await page.getByText('Your review is recorded.').waitFor();
    await page.getByRole('link', { name: 'print' }).click();
    await page.getByText('Reviewed verdicts').first().waitFor();
    await look(page, 'print');
    await page.goto(evidence);
    expect(await page.getByText('Twelve fixes').count()).toBe(1);
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
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByText('What to mend').waitFor();
    expect(await page.getByText('INVALID_CRIME_TYPE').count()).toBe(1);
    await look(page, 'import');
    await page.goto(`${serving.url}/no-such-page`);
    await look(page, 'not-found');
    expect(errors.filter((text) => !/404|400|403/.test(text))).toEqual([]);
    await context.close();
  });

  test('the monitoring officer keeps subjects, tags and quarantine', async () => {
    const { context, page, errors } = await signIn('Maya Okonjo');
    const gateway = await fetch(`${serving.url}/control/credential`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-waymark-control': serving.waymark.folder.control()?.token ?? '' },
      body: JSON.stringify({ kind: 'gateway', name: 'test gateway' }),
    });
    const secret = JSON.parse((await gateway.text()).trim()).value.secret as string;
    await fetch(`${serving.url}/ingest/waymark`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/x-ndjson' },
      body: '{"tag":"NEW-1","at":"2026-09-08T10:00:00Z","lat":53.09,"lon":-1.83}\n{"tag":"NEW-1","at":"1970-01-01T00:00:00Z","lat":53.09,"lon":-1.83}\nnot json\n',
    });
    for (const [path, name] of [
      ['/subjects', 'subjects'],
      ['/subjects/1', 'subject'],
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
    await page.getByLabel('Reference', { exact: true }).fill('S-100');
    await page.getByLabel('Full name').fill('Robin Fairweather');
    await page.getByRole('button', { name: 'Add subject' }).click();
    await page.getByText('Add an order').click();
    await page.getByLabel('Court or body that made it').fill('Tarnbridge Magistrates');
    await page.getByLabel('Begins').fill('2026-09-01 09:00');
    await page.getByRole('button', { name: 'Add order' }).click();
    await page.getByText('Fit a tag').click();
    await page.getByLabel('Serial number of the tag').fill('NEW-1');
    await page.getByLabel('Fitted at').fill('2026-09-01 10:00');
    await page.getByRole('button', { name: 'Fit tag', exact: true }).click();
    await page.getByText('The tag is fitted').waitFor();
    await page.goto(`${serving.url}/quarantine`);
    await page.getByRole('button', { name: /unknown tag/i }).click();
    await page.getByText('1 released').waitFor();
    expect(errors).toEqual([]);
    await context.close();
  });

  test('the auditor and the administrator', async () => {
    const auditor = await signIn('Aled Price');
    await look(auditor.page, 'audit');
    await tabThrough(auditor.page, 'audit');
    await auditor.page.getByRole('button', { name: 'Check the record' }).click();
    await auditor.page.getByText('The record is whole').waitFor();
    await auditor.page.goto(`${serving.url}/policies`);
    await look(auditor.page, 'policies');
    await auditor.page.goto(`${serving.url}/crimes`);
    await look(auditor.page, 'refused');
    expect(await auditor.page.getByRole('heading', { level: 1 }).textContent()).toContain('You cannot do this');
    await auditor.context.close();
    const administrator = await signIn('Ines Duarte');
    await administrator.page.getByLabel('Name of the gateway').fill('Traccar');
    await administrator.page.getByRole('button', { name: 'Add gateway' }).click();
    await administrator.page.getByText('It is not shown again').waitFor();
    await look(administrator.page, 'credentials');
    await tabThrough(administrator.page, 'credentials');
    await administrator.context.close();
  });
});
