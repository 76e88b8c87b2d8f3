import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** A real browser for pages: signing in, looking with axe at both widths, and going through by keyboard. */
const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
);
const pictures = process.env.SCREENSHOTS;
if (pictures) mkdirSync(pictures, { recursive: true });

/** The trial's accounts, one of each role, by name. */
export const everyAccount = [
  'Maya Okonjo',
  'Callum Reid',
  'Grace Lindqvist',
  'Iris Calloway',
  'Joan Achebe',
  'Ruth Adeyemi',
  'Ravi Menon',
  'Nia Bowen',
  'Aled Price',
  'Ines Duarte',
  'Somebody on a tag',
];

export async function openBrowser(): Promise<Browser> {
  if (!executablePath) throw new Error('No Chromium found. Install it, or name it with CHROMIUM=path.');
  return chromium.launch({
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
}

export async function signIn(
  browser: Browser,
  url: string,
  account: string,
): Promise<{ context: BrowserContext; page: Page; errors: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  // A page may be slow; of what never comes it is told which it was, well before the limit of the test.
  context.setDefaultTimeout(240_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(`${url}/sign-in`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: new RegExp(account) }).click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
  return { context, page, errors };
}

export async function look(page: Page, name: string): Promise<void> {
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
  // At night every word still stands out.
  await page.emulateMedia({ colorScheme: 'dark' });
  const night = await new AxeBuilder({ page }).withRules(['color-contrast']).analyze();
  expect(
    night.violations.flatMap(({ nodes }) => nodes.map((node) => node.html.slice(0, 160))),
    `${name}, dark`,
  ).toEqual([]);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Everything that can be operated is reached with Tab, and shows that it is. */
export async function tabThrough(page: Page, name: string): Promise<void> {
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
