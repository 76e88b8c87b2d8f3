import { fleschKincaid } from 'flesch-kincaid';
import type { Browser, Page } from 'playwright-core';
import { syllable } from 'syllable';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest } from '../serve-for-test.ts';
import { look, openBrowser, signIn, tabThrough } from './looking.ts';

let serving: Awaited<ReturnType<typeof serveForTest>>;
let browser: Browser;

beforeAll(async () => {
  // With a way to send reminders: else their page has nothing to choose on it. Nothing listens there.
  serving = await serveForTest({
    WAYMARK_DEMO: 'yes',
    SMTP_URL: 'smtp://127.0.0.1:9',
    WAYMARK_MAIL_FROM: 'waymark@town.example',
    WAYMARK_PUSH_CONTACT: 'mailto:duty@town.example',
  });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await serving?.end();
});

const pages = [
  '/me',
  '/me/tag',
  '/me/places',
  '/me/support',
  '/me/requests',
  '/me/reminders',
  '/me/appointments',
  '/me/looks',
  '/me/questions',
  '/me/copy',
];
/** A child of twelve reads with ease what is for the seventh grade. */
const gradeAtMost = 7;

/** What a page says in whole sentences. Headings, labels and buttons are left out: short as they are, they would flatter the grade. */
async function sentencesOf(page: Page): Promise<string[]> {
  const texts: string[] = await page
    .locator('main')
    .evaluate((main) =>
      [
        ...(main as unknown as { querySelectorAll(selector: string): Iterable<{ textContent: string }> }).querySelectorAll(
          'p.govuk-body, p.govuk-body-l, p.govuk-body-s, .wm-own__card span',
        ),
      ].map(({ textContent }) => textContent),
    );
  return texts
    .flatMap((text) =>
      text
        .replace(/\s+/g, ' ')
        .trim()
        .split(/(?<=[.?!])\s/),
    )
    .map((text) =>
      text
        .replace(/[^\p{L}\p{N}' ]/gu, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((text) => text.split(' ').length >= 4);
}

describe("the person's own pages", () => {
  test('each is for a reading age of twelve, holds at 360 pixels, and passes axe and the keyboard', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Somebody on a tag');
    expect(new URL(page.url()).pathname).toBe('/me');
    const grades: Record<string, number> = {};
    for (const path of pages) {
      await page.setViewportSize({ width: 360, height: 740 });
      await page.goto(`${serving.url}${path}`);
      expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'), `${path} at 360`).toBeLessThanOrEqual(0);
      const sentences = await sentencesOf(page);
      const words = sentences.flatMap((text) => text.split(' '));
      expect(words.length, path).toBeGreaterThan(15);
      grades[path] = fleschKincaid({
        sentence: sentences.length,
        word: words.length,
        syllable: words.reduce((sum, word) => sum + Math.max(1, syllable(word)), 0),
      });
      await look(page, `own${path.replaceAll('/', '-')}`);
      await tabThrough(page, `own ${path}`);
    }
    // The same in Welsh: as narrow, and said to be Welsh for whoever has it read aloud.
    await page.setViewportSize({ width: 360, height: 740 });
    for (const path of pages) {
      await page.goto(`${serving.url}${path}${path === '/me' ? '?lang=cy' : ''}`);
      expect(await page.locator('html').getAttribute('lang'), path).toBe('cy');
      expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'), `${path} at 360`).toBeLessThanOrEqual(0);
      await look(page, `own-welsh${path.replaceAll('/', '-')}`);
    }
    await page.goto(`${serving.url}/me?lang=en`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^Hello, /);
    console.log('reading grades', grades);
    for (const [path, grade] of Object.entries(grades)) expect(grade, path).toBeLessThanOrEqual(gradeAtMost);
    expect(errors).toEqual([]);
    await context.close();
  });

  test('they say what is wrong, ask, and read the answer that a worker gives', async () => {
    const own = await signIn(browser, serving.url, 'Somebody on a tag');
    await own.page.goto(`${serving.url}/me/support`);
    await own.page.locator('summary', { hasText: 'This is wrong' }).first().click();
    await own.page.getByRole('button', { name: 'Stop using it' }).first().click();
    expect(await own.page.getByRole('alert').innerText()).toContain('Tell us what is wrong.');
    await own.page.getByLabel('What is wrong?').first().fill('That was my cousin.');
    await own.page.getByRole('button', { name: 'Stop using it' }).first().click();
    await own.page.getByText('We do not use this any more until somebody has looked into it.').waitFor();
    await own.page.goto(`${serving.url}/me/questions`);
    await own.page.getByLabel('What is it about?').selectOption('support');
    await own.page.getByLabel('What do you want?').selectOption('talk to a human');
    await own.page.getByLabel('In your own words').fill('Can I bring my brother to the meeting?');
    await own.page.getByRole('button', { name: 'Send' }).click();
    await own.page.getByText('A person will answer you here.').waitFor();
    const worker = await signIn(browser, serving.url, 'Joan Achebe');
    await worker.page.goto(`${serving.url}/cases`);
    await look(worker.page, 'cases');
    await tabThrough(worker.page, 'cases');
    await worker.page.getByRole('button', { name: /^I take it/ }).click();
    await worker.page.getByText('It is yours now.').waitFor();
    await worker.page.getByLabel('Your answer, in plain words').fill('Yes, please bring him. We meet at four.');
    await worker.page.getByRole('button', { name: /^Answer/ }).click();
    await worker.page.getByText('The person reads it on their page.').waitFor();
    await worker.page.goto(`${serving.url}/people`);
    await worker.page.locator('tbody th a').first().click();
    await worker.page.getByRole('button', { name: 'Make a code for them' }).click();
    await worker.page.getByRole('heading', { name: 'Give them this code' }).waitFor();
    await look(worker.page, 'access-code');
    await worker.context.close();
    await own.page.goto(`${serving.url}/me/questions`);
    expect(await own.page.locator('main').innerText()).toContain('Yes, please bring him. We meet at four.');
    await own.page.goto(`${serving.url}/me/looks`);
    expect(await own.page.locator('main').innerText()).toContain('Joan Achebe');
    await own.page.goto(`${serving.url}/me/support`);
    await own.page.locator('summary', { hasText: 'I want to stop' }).click();
    await own.page.getByRole('button', { name: 'Stop all support' }).click();
    await own.page.getByText('All support has stopped.').waitFor();
    await look(own.page, 'own-stopped');
    await own.page.getByRole('button', { name: 'I want to come back' }).click();
    await own.page.getByText('Welcome back.').waitFor();
    expect(own.errors.filter((text) => !text.includes('400'))).toEqual([]);
    await own.context.close();
  });
});
