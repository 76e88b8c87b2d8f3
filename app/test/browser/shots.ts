import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { serveForTest } from '../serve-for-test.ts';
import { everyAccount, openBrowser, signIn } from './looking.ts';

/**
 * `npm run shots -- FOLDER`: a picture of every page, of every role, at both widths, by day and (on a phone) at night, with the fictional
 * town in it. Each page is reached by its links, as a person would; axe goes over each, by day and night. Ends with 1 where a page has a
 * fault or is wider than its window, and names the pages that no link leads to.
 */
const folder = resolve(process.argv[2] ?? 'shots');
const widths = [1280, 390];
/** An address with its numbers and names left out: one page of a kind is looked at. */
const kindOf = (path: string) => path.split('?')[0]?.replace(/\/\d[\w.:-]*(?=\/|$)/g, '/…') ?? path;

interface Shot {
  role: string;
  kind: string;
  file: string;
  faults: string[];
}

async function faultsOf(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    if (((await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')) as number) > 0)
      found.push(`wider than ${width} px`);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const builder = new AxeBuilder({ page });
      const { violations } = await (colorScheme === 'dark' ? builder.withRules(['color-contrast']) : builder).analyze();
      found.push(
        ...violations.map(
          ({ id, nodes }) => `${id} at ${width} px, ${colorScheme}: ${nodes.map(({ html }) => html.slice(0, 140)).join(' | ')}`,
        ),
      );
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }
  return found;
}

async function shoot(page: Page, name: string): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: width === 1280 });
  }
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: join(folder, `${name}-390-night.png`) });
  await page.emulateMedia({ colorScheme: 'light' });
}

async function walk(browser: Browser, url: string, account: string, seen: Set<string>): Promise<Shot[]> {
  const { page, context } = await signIn(browser, url, account);
  const role = (await page.locator('.wm-header__role').innerText()).trim().toLowerCase().replaceAll(' ', '-');
  const shots: Shot[] = [];
  const waiting = [new URL(page.url()).pathname];
  const kinds = new Set<string>();
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (kinds.has(kindOf(path))) continue;
    kinds.add(kindOf(path));
    await page.setViewportSize({ width: 1280, height: 900 });
    const answer = await page.goto(url + path).catch(() => null);
    // What is no page (a file, a calendar) is not looked at.
    if (!answer?.headers()['content-type']?.startsWith('text/html')) continue;
    const here = kindOf(new URL(page.url()).pathname);
    kinds.add(here);
    if (await page.locator('.wm-map').count()) await page.waitForTimeout(2500);
    const name = `${role}${here.replaceAll('/', '-').replaceAll('…', 'n')}`.replace(/-+$/, '');
    await shoot(page, name);
    const faults = answer.ok() ? await faultsOf(page) : [`answered ${answer.status()}`];
    shots.push({ role, kind: here, file: name, faults });
    seen.add(here);
    process.stderr.write(`${role} ${here}${faults.length ? `: ${faults.join('; ')}` : ''}\n`);
    const links = (await page.evaluate(
      "[...document.querySelectorAll('a[href]')].filter((a) => a.origin === location.origin && !a.hasAttribute('download')).map((a) => a.pathname + a.search)",
    )) as string[];
    waiting.push(...links.filter((own) => !/^\/(api|sign-in|assets)\b/.test(own)));
  }
  await context.close();
  return shots;
}

function pageOf(shots: readonly Shot[]): string {
  const part = ({ role, kind, file, faults }: Shot) =>
    `<section><h2>${role} ${kind}</h2>${faults.map((fault) => `<p>${fault.replaceAll('<', '&lt;')}</p>`).join('')}${['1280', '390', '390-night'].map((end) => `<a href="${file}-${end}.png"><img loading="lazy" src="${file}-${end}.png" alt="${role} ${kind}, ${end}"></a>`).join(' ')}</section>`;
  return `<!DOCTYPE html><meta charset="utf-8"><title>Every page</title><style>body{font-family:sans-serif}img{height:360px;border:1px solid #999;vertical-align:top}</style>${shots.map(part).join('\n')}`;
}

mkdirSync(folder, { recursive: true });
const serving = await serveForTest({ WAYMARK_DEMO: 'yes' });
const browser = await openBrowser();
try {
  const seen = new Set<string>();
  const shots: Shot[] = [];
  for (const account of everyAccount) shots.push(...(await walk(browser, serving.url, account, seen)));
  writeFileSync(join(folder, 'index.html'), pageOf(shots));
  const pages = serving.server.routes.filter(
    ({ method, url, config }) => method === 'GET' && !config?.open && !config?.api && !config?.stream && !/^\/api\//.test(url),
  );
  const unseen = pages.map(({ url }) => url).filter((url) => !seen.has(url.replace(/:\w+/g, '…')));
  const faulty = shots.filter(({ faults }) => faults.length > 0);
  console.log(`${shots.length} pages in ${folder}/index.html; ${faulty.length} with faults.`);
  if (unseen.length > 0) console.log(`No link led to, or these are files: ${unseen.join(', ')}`);
  if (faulty.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  await serving.end();
}
