import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest } from '../serve-for-test.ts';
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

/** Looks at a page at both widths, through axe and the keyboard. */
async function lookAt(page: Page, path: string, name: string): Promise<void> {
  await page.goto(`${serving.url}${path}`);
  await look(page, name);
  await tabThrough(page, name);
}
const faults = (errors: readonly string[]) => errors.filter((text) => !/404|400|403/.test(text));

describe('lists, releases, figures, evaluations', () => {
  test('an offender manager begins a list, puts people on it, takes one off and ends it', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Grace Lindqvist');
    await lookAt(page, '/cohorts', 'cohorts');
    await lookAt(page, '/cohorts/1', 'cohort');
    await page.goto(`${serving.url}/cohorts`);
    await page.getByText('Begin a list').click();
    await page.getByRole('button', { name: 'Begin the list' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Give the list a name');
    await look(page, 'cohorts-error');
    await page.getByLabel('Name').fill('Car crime');
    await page.getByLabel('Ground in law').selectOption({ index: 1 });
    await page.getByLabel('What it is for').fill('Those who take cars in the valley, by the panel.');
    await page.getByLabel('Last day').fill(new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10));
    await page.getByRole('button', { name: 'Begin the list' }).click();
    await page.getByText('The list is begun.').waitFor();
    await page.getByLabel('References, as they are on record').fill('F-TB-00001 F-TB-00002 NOBODY');
    await page.getByLabel('Why they are on the list').fill('Takes cars, says the panel.');
    await page.getByRole('button', { name: 'Put them on the list' }).click();
    await page.getByText('2 people were put on the list').waitFor();
    expect(await page.locator('.wm-kept tbody tr').count()).toBe(2);
    await page.getByText('Take somebody off it').click();
    await page.locator('#off-because').fill('Moved to another force.');
    await page.getByRole('button', { name: 'Take them off' }).click();
    await page.getByText('They are off the list.').waitFor();
    await page.getByText('Have it last longer, or end it').click();
    await page.locator('#end-because').fill('It is not needed any more.');
    await page.getByRole('button', { name: 'End the list now' }).click();
    await page.getByText('This list has ended').waitFor();
    await look(page, 'cohort-ended');
    expect(faults(errors)).toEqual([]);
    await context.close();
  });

  test('a governor proposes a release and sees what stands in the way', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Iris Calloway');
    await lookAt(page, '/proposals', 'proposals');
    await lookAt(page, '/proposals/new', 'proposal-new');
    await page.goto(`${serving.url}/proposals/1`);
    await page.locator('#rules-map[data-ready]').waitFor();
    await look(page, 'proposal');
    await tabThrough(page, 'proposal');
    await page.getByRole('link', { name: 'Change it' }).click();
    await page.getByLabel('Signal in the site survey').fill('200');
    await page.getByRole('button', { name: 'Keep the change' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('from 0 to 100');
    await page.getByLabel('Signal in the site survey').fill('96');
    await page.getByRole('button', { name: 'Keep the change' }).click();
    await page.getByText('Heard for 96 % of a day').waitFor();
    expect(faults(errors)).toEqual([]);
    await context.close();
  });

  test('figures, costs and evaluations for anybody; equality for the fairness auditor; an evaluation from registering to taking part', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Nia Bowen');
    for (const [path, name] of [
      ['/equality', 'equality'],
      ['/transparency/figures', 'figures'],
      ['/transparency/costs', 'costs'],
      ['/transparency/evaluations', 'published-evaluations'],
    ] as const)
      await lookAt(page, path, name);
    expect(faults(errors)).toEqual([]);
    await context.close();
    const auditor = await signIn(browser, serving.url, 'Aled Price');
    await auditor.page.goto(`${serving.url}/worth`);
    await auditor.page.getByLabel('Year and index').fill('2012 91\n2016 96\n2022 112');
    await auditor.page.getByLabel('Which series').fill('An index made up for this test, 2026');
    await auditor.page.getByRole('button', { name: 'Enter the prices' }).click();
    await auditor.page.getByText('Prices of 3 years are entered.').waitFor();
    await auditor.page.goto(`${serving.url}/transparency/costs?year=2022`);
    expect(await auditor.page.locator('tbody').innerText()).toContain('£3,500 to £7,000');
    await look(auditor.page, 'costs-of-one-year');
    await auditor.page.goto(`${serving.url}/evaluations`);
    await auditor.page.getByText('Register an evaluation').click();
    await auditor.page.getByLabel('Title').fill('Reminders to charge');
    await auditor.page.getByLabel('What is to be found out').fill('Do reminders to charge lead to fewer alerts?');
    await auditor.page.getByLabel('What is tried, and who has it').fill('A message each evening when the battery is low.');
    await auditor.page.locator('#design').selectOption('waiting list');
    await auditor.page.locator('#outcome').selectOption('alert');
    await auditor.page.getByLabel('First day').fill(new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10));
    for (const [id, text] of Object.entries({ periodDays: '28', without: '60', with: '40', people: '150' }))
      await auditor.page.locator(`#${id}`).fill(text);
    await auditor.page.getByRole('button', { name: 'Register it' }).click();
    await auditor.page.getByText('Registered.').waitFor();
    await lookAt(auditor.page, '/evaluations', 'evaluations');
    expect(faults(auditor.errors)).toEqual([]);
    await auditor.context.close();
    const person = await signIn(browser, serving.url, 'Somebody on a tag');
    await lookAt(person.page, '/me/research', 'research');
    await person.page.getByRole('button', { name: 'Take part' }).click();
    await person.page.getByText('You take part.', { exact: true }).waitFor();
    await look(person.page, 'research-taking-part');
    expect(faults(person.errors)).toEqual([]);
    await person.context.close();
  });

  test('fewer false alerts, the mailbox and its senders, and what columns hold', async () => {
    const officer = await signIn(browser, serving.url, 'Maya Okonjo');
    await lookAt(officer.page, '/thresholds', 'thresholds');
    await lookAt(officer.page, '/subjects/transfer', 'transfer-in');
    await lookAt(officer.page, '/subjects/1/transfer', 'transfer-out');
    expect(faults(officer.errors)).toEqual([]);
    await officer.context.close();
    const administrator = await signIn(browser, serving.url, 'Ines Duarte');
    await administrator.page.goto(`${serving.url}/mail-senders`);
    await administrator.page.getByLabel('E-mail address').fill('crimes@tarn.example');
    await administrator.page.getByLabel('Whose it is').fill('Tarn Police, crime desk');
    await administrator.page.getByRole('button', { name: 'Put it on the register' }).click();
    await administrator.page.getByText('On the register.').waitFor();
    await lookAt(administrator.page, '/mail-senders', 'mail-senders');
    expect(faults(administrator.errors)).toEqual([]);
    await administrator.context.close();
    const analyst = await signIn(browser, serving.url, 'Callum Reid');
    await lookAt(analyst.page, '/mailbox', 'mailbox');
    await analyst.page.goto(`${serving.url}/crimes/import`);
    await analyst.page.locator('#import-crimes[data-ready]').waitFor();
    const text = 'Vorgang,Delikt,Tatzeit von,Tatzeit bis,Breite,Laenge\nV/1,Robbery,07/09/2026 20:10,07/09/2026 20:30,53.0884,-1.8441\n';
    await analyst.page.getByLabel('File of crimes').setInputFiles({ name: 'crimes.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
    await analyst.page.getByRole('button', { name: 'Go on' }).click();
    await analyst.page.locator('#column-vorgang').waitFor();
    await look(analyst.page, 'columns');
    for (const [heading, field] of Object.entries({
      vorgang: 'reference',
      delikt: 'type',
      tatzeitvon: 'from',
      tatzeitbis: 'to',
      breite: 'latitude',
      laenge: 'longitude',
    }))
      await analyst.page.locator(`#column-${heading}`).selectOption(field);
    await analyst.page.getByLabel('Look at it first').check();
    await analyst.page.getByRole('button', { name: 'Go on' }).click();
    await analyst.page.getByText('V/1').waitFor();
    await analyst.page.getByRole('button', { name: 'Go on' }).click();
    await analyst.page.waitForURL(/imports\/\d+$/);
    expect(await analyst.page.locator('.govuk-summary-list').innerText()).toMatch(/New crimes\s+1/);
    expect(faults(analyst.errors)).toEqual([]);
    await analyst.context.close();
  });
});
