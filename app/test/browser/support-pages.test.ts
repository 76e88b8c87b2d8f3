import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillWithAgencies } from '../../src/demo/demo-agencies.ts';
import { serveForTest, temporaryFolder } from '../serve-for-test.ts';
import { look, openBrowser, signIn, tabThrough } from './looking.ts';

let serving: Awaited<ReturnType<typeof serveForTest>>;
let browser: Browser;
const folder = temporaryFolder();

beforeAll(async () => {
  serving = await serveForTest();
  await fillWithAgencies(serving.waymark, () => undefined);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await serving?.end();
  folder.remove();
});

describe('pages of support', () => {
  test('the support worker finds people by need, sees what it rests on, and challenges a statement', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Joan Achebe');
    await page.goto(`${serving.url}/people`);
    await look(page, 'people');
    await page.getByLabel('Stage of life').selectOption('school age');
    await page.getByLabel('Need seen in').selectOption('exclusion');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText(/\d+ (person|people) from early years/).waitFor();
    await page.locator('tbody th a').first().click();
    await page.getByRole('heading', { name: 'Support need' }).waitFor();
    await look(page, 'person');
    await tabThrough(page, 'person');
    const row = () => page.getByRole('region', { name: 'Needs by factor' }).locator('tr', { hasText: 'Exclusion from school' }).first();
    expect(await row().innerText()).toMatch(/Exclusion from school:\s*(permanent|suspended)/);
    await page.locator('.wm-stated__item', { hasText: 'Exclusion from school' }).locator('summary').first().click();
    await page
      .locator('.wm-stated__item', { hasText: 'Exclusion from school' })
      .getByRole('button', { name: 'Challenge it' })
      .first()
      .click();
    expect(await page.getByRole('alert').innerText()).toContain('Say what is wrong with it');
    await page.locator('.wm-stated__item', { hasText: 'Exclusion from school' }).locator('summary').first().click();
    await page
      .locator('.wm-stated__item', { hasText: 'Exclusion from school' })
      .locator('textarea')
      .first()
      .fill('The school took it back.');
    await page
      .locator('.wm-stated__item', { hasText: 'Exclusion from school' })
      .getByRole('button', { name: 'Challenge it' })
      .first()
      .click();
    await page.getByText('Challenged. It is not relied on from now on.').waitFor();
    expect(await row().innerText()).toContain('Nobody has said');
    await page.goto(`${serving.url}/people?search=nobody-of-this-name`);
    expect(await page.locator('main').innerText()).toContain('Nobody matches');
    await page.goto(`${serving.url}/instrument`);
    await look(page, 'instrument');
    await page.goto(`${serving.url}/people/999999`);
    expect(await page.locator('main').innerText()).toContain('There is no such person');
    await page.goto(`${serving.url}/review`);
    expect(await page.locator('main').innerText()).toContain('You cannot do this');
    expect(errors.filter((text) => !/400|403|404/.test(text))).toEqual([]);
    await context.close();
  });

  test('places are proposed, and each is decided by a person with a reason', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Joan Achebe');
    await page.goto(`${serving.url}/services`);
    await look(page, 'services');
    await page.getByRole('button', { name: 'Add service' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Give the service a name');
    await page.getByLabel('Name').fill('Night shelter');
    await page.getByLabel('Kind').selectOption('accommodation');
    await page.getByLabel('Provider').fill('Open Door');
    await page.getByLabel('Places', { exact: true }).fill('2');
    await page.getByLabel('From age').fill('16');
    await page.getByLabel('To age').fill('25');
    await page.getByLabel('Homelessness').fill('0.9');
    await page.getByRole('button', { name: 'Add service' }).click();
    await page.getByText('The service is in the catalogue.').waitFor();
    await page.goto(`${serving.url}/allocation`);
    await look(page, 'allocation');
    await page.getByRole('button', { name: 'Propose anew' }).click();
    await page.getByText(/places are proposed/).waitFor();
    const first = page.locator('.wm-card').first();
    await first.getByRole('button', { name: /Record/ }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Choose: offer, do not offer, or look again later');
    await first.getByLabel('Decision').selectOption('offer');
    await first.getByLabel('Reason').fill('Agreed with the school.');
    await first.getByRole('button', { name: /Record/ }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Nobody has told this person yet');
    const person = (await first.locator('a').first().getAttribute('href')) ?? '';
    await page.goto(`${serving.url}${person}`);
    await page.getByRole('link', { name: 'Print the notice' }).click();
    await look(page, 'notice');
    await page.goto(`${serving.url}${person}`);
    await page.getByText('They have been told').click();
    await look(page, 'person-telling');
    await page.getByLabel('Who was told').selectOption('a parent or carer');
    await page.getByLabel('How', { exact: true }).fill('In person, with the printed notice');
    await page.locator('form[action$="/notice"]').getByRole('button', { name: 'Record' }).click();
    await page.getByText('It is on record that they have been told.').waitFor();
    await page.goto(`${serving.url}/allocation`);
    const card = page.locator('.wm-card', { has: page.locator(`a[href="${person}"]`) }).first();
    await card.getByLabel('Decision').selectOption('offer');
    await card.getByLabel('Reason').fill('Agreed with the school.');
    await card.getByRole('button', { name: /Record/ }).click();
    await page.getByText('Recorded: offer.').waitFor();
    await page.goto(`${serving.url}${person}`);
    await page.locator('a[href^="/packages/"]').first().click();
    await look(page, 'package-offered');
    await page.getByLabel('Accepted', { exact: true }).check();
    await page.getByLabel('If accepted, on which basis').selectOption('parental consent');
    await page.getByLabel('How, and by whom').fill('By phone, the mother');
    await page.getByRole('button', { name: 'Record the answer' }).click();
    await page.getByLabel('Add a goal, in the person’s own words').fill('I want to be back in my class');
    await page.getByRole('button', { name: 'Add the goal' }).click();
    await page.getByText('Add a step', { exact: false }).first().click();
    await page.getByLabel('What is to be done').fill('Meet the head teacher');
    await page.getByRole('button', { name: 'Add the step' }).click();
    await page.getByRole('button', { name: /^Done/ }).click();
    await page.getByRole('button', { name: 'Add the session' }).click();
    await page.getByText('The session is added.').waitFor();
    await page.getByLabel('What the person and you found').fill('Back three days a week, and glad of it');
    await page.getByRole('button', { name: 'Add the review' }).click();
    await page.getByText('The review is on record.').waitFor();
    await look(page, 'package');
    await tabThrough(page, 'package');
    await page.getByRole('link', { name: 'The plan on one page, to print' }).click();
    await look(page, 'plan');
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });

  test('the team finds who may need help, decides, writes down what is to be done, and takes back', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Joan Achebe');
    await page.goto(`${serving.url}/finding`);
    await look(page, 'finding');
    await tabThrough(page, 'finding');
    await page.getByLabel('What happened').selectOption('A new exclusion from school');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText(/to whom something happened lately/).waitFor();
    const first = page.locator('tbody th a').first();
    const name = await first.innerText();
    await first.click();
    await page.getByRole('heading', { name: 'Is help offered?' }).waitFor();
    expect(await page.locator('main').innerText()).toContain('Lately: ');
    const person = new URL(page.url()).pathname;
    const open = (text: string) => page.locator('summary', { hasText: text }).click();
    await open('Decide');
    await page.getByLabel('Decision', { exact: true }).selectOption('look again later');
    await page.getByLabel('Why you decide so').fill('The school meets them on Friday.');
    await page.getByRole('button', { name: 'Record the decision' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Give the day on which to look again.');
    expect(await page.getByLabel('Why you decide so').inputValue()).toBe('The school meets them on Friday.');
    const soon = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
    await page.getByLabel('If you look again later, when').fill(soon);
    await page.getByRole('button', { name: 'Record the decision' }).click();
    await page.getByText('Recorded: look again later.').waitFor();
    await open('Record where they can get to');
    await page.getByLabel('Areas, the easiest first').fill('Old Town, North Tarn');
    await page.getByRole('button', { name: 'Record the areas' }).click();
    await page.getByText('It is on record where they can get to.').waitFor();
    await open('Add a task');
    await page.getByLabel('What is to be done').fill('Call the head of year');
    await page.getByLabel('By when').fill(soon);
    await page.getByRole('button', { name: 'Add the task' }).click();
    await page.getByText('The task is added.').waitFor();
    await open('Write a note');
    await page.locator('#note').fill('She would like to play football again.');
    await page.getByLabel('Who may read it').selectOption('the person and the team');
    await page.getByRole('button', { name: 'Write it' }).click();
    await page.getByText('The note is written.').waitFor();
    await look(page, 'person-decided');
    await page.goto(`${serving.url}/day`);
    await look(page, 'day');
    await tabThrough(page, 'day');
    const day = await page.getByRole('region', { name: 'To do' }).innerText();
    expect(day).toContain('Call the head of year');
    expect(day).toContain(`The school meets them on Friday.`);
    await page.getByRole('button', { name: /^Done.*Call the head of year/ }).click();
    await page.getByText('Done.', { exact: true }).waitFor();
    expect(await page.locator('main').innerText()).not.toContain('Call the head of year');
    await page.goto(`${serving.url}/finding?trigger=A+new+exclusion+from+school`);
    expect(await page.locator('main').innerText()).not.toContain(name);
    await page.goto(`${serving.url}${person}`);
    await page.getByRole('button', { name: 'Take this back' }).click();
    await page.getByText('Taken back.').waitFor();
    await page.goto(`${serving.url}/finding?trigger=A+new+exclusion+from+school`);
    expect(await page.locator('main').innerText()).toContain(name);
    await page.goto(`${serving.url}/services`);
    await page.getByRole('link', { name: 'Family hub' }).click();
    await page.getByRole('heading', { name: 'Who waits for Family hub' }).waitFor();
    await look(page, 'waiting-list');
    await page.goto(`${serving.url}/instrument`);
    await page.getByRole('link', { name: /Try a change/ }).click();
    const draft = page.getByLabel('The instrument (YAML)');
    const text = await draft.inputValue();
    await draft.fill(text.replace('below: 90, level: 1', 'below: 95, level: 2').replace("version: '2026-2'", "version: 'draft'"));
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('heading', { name: 'From 2026-2 to draft' }).waitFor();
    expect(await page.locator('main').innerText()).toMatch(/\d+ of \d+ people would have another level or score/);
    await look(page, 'simulate');
    await tabThrough(page, 'simulate');
    await page.getByLabel('The instrument (YAML)').fill('format: something');
    await page.getByRole('button', { name: 'Compare' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('does not fit its form');
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });

  test('what is challenged waits for the lead, who decides it with a reason', async () => {
    const worker = await signIn(browser, serving.url, 'Joan Achebe');
    await worker.page.goto(`${serving.url}/people?factor=homelessness`);
    await worker.page.locator('tbody th a').first().click();
    const stated = worker.page.locator('.wm-stated__item', { has: worker.page.locator('summary') }).first();
    await stated.locator('summary').click();
    await stated.locator('textarea').fill('They moved in with an aunt in spring.');
    await stated.getByRole('button', { name: 'Challenge it' }).click();
    await worker.page.getByText('Challenged. It is not relied on from now on.').waitFor();
    await worker.page.goto(`${serving.url}/challenges`);
    expect(await worker.page.locator('main').innerText()).toContain('Waits for the team’s lead');
    await worker.context.close();
    const { context, page, errors } = await signIn(browser, serving.url, 'Ruth Adeyemi');
    await page.goto(`${serving.url}/challenges`);
    await look(page, 'challenges');
    await tabThrough(page, 'challenges');
    const card = page.locator('.wm-card', { hasText: 'They moved in with an aunt in spring.' });
    await card.getByRole('button', { name: /Record/ }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Choose: upheld, or not upheld.');
    await card.getByLabel('Decision').selectOption('upheld');
    await card.getByLabel('What was found, and how').fill('The housing office confirmed it by letter.');
    await card.getByRole('button', { name: /Record/ }).click();
    await page.getByText('Upheld. It stays out.').waitFor();
    await page.goto(`${serving.url}/decisions`);
    await look(page, 'decisions');
    await tabThrough(page, 'decisions');
    await page.goto(`${serving.url}/challenges`);
    expect(await page.locator('main').innerText()).toContain('The housing office confirmed it by letter.');
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });

  test('the fairness auditor sees groups in numbers, and nobody', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Nia Bowen');
    await page.goto(`${serving.url}/fairness`);
    await page.getByRole('heading', { name: 'Is help found and offered alike?' }).waitFor();
    await look(page, 'fairness');
    await tabThrough(page, 'fairness');
    expect(await page.locator('main').innerText()).toMatch(/White British[\s\S]*%/);
    await page.goto(`${serving.url}/people`);
    expect(await page.locator('main').innerText()).toContain('You cannot do this');
    expect(errors.filter((text) => !text.includes('403'))).toEqual([]);
    await context.close();
  });

  test('the data steward decides doubtful matches by keyboard, and takes a decision back', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Ravi Menon');
    await page.goto(`${serving.url}/review`);
    await look(page, 'review');
    const waiting = Number(/(\d+) pairs? wait/.exec(await page.locator('main').innerText())?.[1]);
    expect(waiting).toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Begin with the first' }).click();
    await look(page, 'pair');
    await tabThrough(page, 'pair');
    const pair = page.url();
    await page
      .getByRole('link', { name: /^person \d+$/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Why these records are one person' }).waitFor();
    await look(page, 'links');
    await page.goto(pair);
    await page.getByRole('button', { name: 'Record and go on' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Choose');
    await page.getByLabel('Cannot tell').focus();
    await page.keyboard.press('Space');
    await page.getByLabel('What did you go by?').fill('No birth date on one of them.');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Recorded: cannot tell.').waitFor();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('One person or two?');
    await page.goto(`${serving.url}/review`);
    expect(await page.locator('main').innerText()).toContain(`${waiting - 1} pair`);
    await look(page, 'review-decided');
    await page.getByRole('button', { name: /Take back/ }).click();
    await page.getByText('The decision is taken back.').waitFor();
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });

  test('a file comes in under its agreement, and what cannot be used is listed', async () => {
    const { context, page, errors } = await signIn(browser, serving.url, 'Ravi Menon');
    await page.goto(`${serving.url}/sources`);
    await look(page, 'sources');
    await tabThrough(page, 'sources');
    await page.getByLabel('Source', { exact: true }).fill('Night school');
    await page.getByRole('button', { name: 'Put on the register' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Say which agency');
    await page.getByRole('link', { name: 'housing' }).click();
    await page.locator('summary', { hasText: 'Set up a feed' }).click();
    await look(page, 'source');
    await page.getByLabel('Time').fill('07:15');
    await page.getByLabel('Day', { exact: true }).selectOption('Monday');
    await page.getByLabel('What is read').selectOption('database');
    await page.getByRole('button', { name: 'Set up the feed' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Choose the database');
    await page.getByLabel('What is read').selectOption('folder');
    await page.getByLabel('Mapping of the feed').selectOption('housing');
    await page.getByRole('button', { name: 'Set up the feed' }).click();
    await page.getByText('The feed is set up.').waitFor();
    expect(await page.locator('main').innerText()).toContain('every Monday at 07:15');
    await page.getByRole('button', { name: /Read now/ }).click();
    await page.getByText('There was nothing to read.').waitFor();
    await page.getByRole('button', { name: /^End/ }).click();
    await page.getByText('The feed has ended.').waitFor();
    const file = join(folder.path, 'more-tenants.csv');
    writeFileSync(
      file,
      'TenantRef;Name;OtherName;BirthDate;Sex;Ethnic;Addr;PCode;PrevAddr;PrevPCode;Mobile;Email;Standing;StandingFrom;Work;WorkFrom\nT9;Bell, Ada;;3 Mar 2001;f;;1 Elm Road;NQ1 1AA;;;;;HL;1 Sep 2026;;\nT10;Cole, Bo;;3 Mar 2041;m;;2 Elm Road;NQ1 1AA;;;;;HL;1 Sep 2026;;\n',
    );
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    await page.getByLabel('Mapping', { exact: true }).selectOption('housing');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByRole('heading', { name: 'more-tenants.csv' }).waitFor();
    expect(await page.locator('main').innerText()).toContain('The birth date is in the future');
    await look(page, 'record-import');
    await page.goto(`${serving.url}/sources/1`);
    await page.getByRole('link', { name: 'Write a mapping from a sample' }).click();
    await page.getByRole('button', { name: 'Look at the sample' }).click();
    expect(await page.getByRole('alert').innerText()).toContain('Choose a sample');
    const sample = join(folder.path, 'sample.csv');
    writeFileSync(
      sample,
      'No,Surname,First name,DOB,Housing,Since\n1,Bell,Ada,04/05/2012,settled,01/10/2026\n2,Cole,Bo,05/06/2013,NTQ,02/10/2026\n',
    );
    await page.getByLabel('Sample').setInputFiles(sample);
    await page.getByRole('button', { name: 'Look at the sample' }).click();
    await page.getByRole('heading', { name: 'What each column becomes' }).waitFor();
    await look(page, 'mapping');
    await tabThrough(page, 'mapping');
    expect(await page.getByRole('region', { name: 'Columns' }).innerText()).toContain('The day of “Housing”');
    await page.getByLabel('The whole file').setInputFiles(sample);
    await page.getByRole('button', { name: 'Import with this mapping' }).click();
    await page.getByRole('heading', { name: 'sample.csv' }).waitFor();
    expect(await page.locator('main').innerText()).toMatch(/New records\s+2/);
    await page.goto(`${serving.url}/sources/1`);
    await page.getByLabel('File', { exact: true }).setInputFiles(file);
    await page.getByLabel('Mapping', { exact: true }).selectOption('school-csv');
    await page.getByRole('button', { name: 'Import' }).click();
    expect(await page.getByRole('alert').innerText()).toContain("looks like another agency's file");
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });
});
