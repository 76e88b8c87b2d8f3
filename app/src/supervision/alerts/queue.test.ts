import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts';
import { serveForTest, Visitor } from '../../../test/serve-for-test.ts';
import type { Actor } from '../../platform/access.ts';
import { withPurpose } from '../../platform/database.ts';
import { assignOrder, identifySubject, keepAddress, keepContact } from '../contacts/index.ts';
import { endContact } from '../contacts/keep-contacts.ts';
import { rawFix } from '../fixes/decode/raw-fix.ts';
import { declareOrder, declareSubject } from '../subjects/subjects.ts';
import { openWearing } from '../subjects/wearings.ts';
import { declareTag } from '../tags/tags.ts';
import { declareZone } from '../zones/declare-zone.ts';
import { decideAlert } from './decide-alert.ts';
import { queueAlerts, readGoingOn } from './queue-alerts.ts';
import { readAlert } from './read-alerts.ts';

/** What goes on now comes first, person by person, and what an officer needs to act stands beside it; on both databases. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

const officer: Actor = { id: 'mo', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const minute = 60_000;

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'alerts to do on %s',
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    let number = 0;
    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
    });
    afterAll(() => serving?.end());

    async function wearer(name: string) {
      const { performer } = serving.waymark;
      const serial = `Q-${++number}`;
      const began = new Date(Date.now() - 4 * 86_400_000);
      const { id: subjectId } = await performer.perform(officer, declareSubject, null, { reference: serial, name });
      const order = { subjectId, kind: 'court bail', authority: 'A court', startsAt: began, endsAt: null };
      const { id: orderId } = await performer.perform(officer, declareOrder, null, order);
      await performer.perform(officer, declareTag, null, { serial, model: '' });
      await performer.perform(officer, openWearing, null, { subjectId, orderId, serial, startsAt: began });
      const area = { kind: 'circle' as const, lon: -1.815, lat: 53.09, radiusM: 150 };
      const zone = { orderId, name: 'Mill Lane', kind: 'exclusion', area, hours: [], effectiveAt: began };
      await performer.perform(officer, declareZone, null, zone);
      return { serial, subjectId, orderId };
    }

    /** Each way is a row of minutes before now at which the wearer was inside. */
    async function send(
      serial: string,
      inside: readonly number[],
      { from, to = 0, events = '' }: { from: number; to?: number; events?: string },
    ) {
      const fixes = [];
      for (let ago = from; ago >= to; ago--)
        fixes.push({
          ...rawFix(serial, Date.now() - ago * minute - 5000, inside.includes(ago) ? -1.815 : -1.8255, 53.09),
          accuracyM: 8,
          events: ago === 1 && events ? events : null,
        });
      await serving.waymark.intake.accept({ fixes, unreadable: [] }, { kind: 'tag', serial });
      await serving.waymark.live.settled();
    }

    const queue = (query: object = {}) => serving.waymark.performer.perform(officer, queueAlerts, null, { limit: 50, offset: 0, ...query });

    test('who is inside now comes before who was, however much that was; each person stands once', async () => {
      const [was, is, strap] = [await wearer('Ann Barlow'), await wearer('Leo Caldwell'), await wearer('Finn Ward')];
      await send(was.serial, [30, 29, 28, 20, 19, 18], { from: 40, to: 0 });
      await send(is.serial, [5, 4, 3, 2, 1, 0], { from: 12, events: 'strap-cut' });
      await send(strap.serial, [], { from: 5, events: 'strap-cut' });
      const found = await queue();
      expect(found.people.map(({ subject, section, open, lasting }) => [subject, section, open, lasting])).toEqual([
        ['Finn Ward', 'now', 1, 1],
        ['Leo Caldwell', 'now', 2, 2],
        ['Ann Barlow', 'today', 2, 0],
      ]);
      expect(found.sections).toEqual({ now: 2, today: 1, earlier: 0 });
      expect(found.people[1]?.alerts.map(({ brief }) => brief).sort()).toEqual(['inside “Mill Lane”', 'strap cut']);
      expect((await queue({ limit: 1, offset: 1 })).people.map(({ subject }) => subject)).toEqual(['Leo Caldwell']);
      expect((await queue({ search: 'barl' })).people.map(({ subject }) => subject)).toEqual(['Ann Barlow']);
      const straps = await queue({ kind: 'strap cut' });
      expect(straps.total).toBe(2);
      // A row shows what was asked for, and nothing else of its person.
      expect(straps.people.flatMap(({ alerts }) => alerts.map(({ kind }) => kind))).toEqual(['strap cut', 'strap cut']);
      expect((await queue({ severity: 'low' })).total).toBe(0);
      const goingOn = await serving.waymark.performer.perform(officer, readGoingOn, null, null);
      expect(goingOn.people).toBe(2);
      expect(goingOn.worst.map(({ subject, more }) => [subject, more])).toEqual([
        ['Finn Ward', 0],
        ['Leo Caldwell', 1],
      ]);
      // What somebody has decided about is no longer going on for others to act on.
      const closed = found.people[0]?.alerts[0]?.id as number;
      await serving.waymark.performer.perform(officer, decideAlert, null, {
        id: closed,
        step: 'closed',
        outcome: 'equipment',
        note: 'A worn strap',
      });
      expect((await serving.waymark.performer.perform(officer, readGoingOn, null, null)).people).toBe(1);
    });

    test('beside an alert stands whom to ring, where they live, who is responsible, and what else is open', async () => {
      const { performer, folder } = serving.waymark;
      const { serial, subjectId, orderId } = await wearer('Cora Finch');
      const ring = (who: string, phone: string, name = '') =>
        performer.perform(officer, keepContact, null, { subjectId, who, name, phone, contactNote: '' });
      for (const [who, phone, name, message] of [
        ['nobody', '07700 900123', 'X', /whose number/],
        ['family', 'not a number', 'Her sister', /3 to 15 digits/],
        ['family', '07700 900456', '', /who answers/],
      ] as const)
        await expect(ring(who, phone, name)).rejects.toThrow(message);
      await ring('family', '07700  900456', 'Her sister');
      await ring('self', '+44 7700 900123');
      const { id: old } = await ring('work', '020 7946 0001', 'The bakery');
      await performer.perform(officer, endContact, null, { subjectId, id: old });
      await expect(performer.perform(officer, endContact, null, { subjectId, id: old })).rejects.toThrow('no such contact');
      const live = (address: string, fromOn: string) =>
        performer.perform(officer, keepAddress, null, { subjectId, kind: 'home', address, fromOn });
      await live('1 Weir Street', '2026-01-05');
      await live('12 Mill Lane', '2026-06-01');
      // Whoever bears the same name is noted, as with every other look.
      const relative = { ...officer, name: 'Mary Finch' };
      await performer.perform(relative, keepAddress, null, { subjectId, kind: 'other', address: '5 Weir Street', fromOn: '2026-06-01' });
      const noted = await withPurpose(serving.waymark.database.db, 'oversight', 'oversight', (tx) =>
        tx
          .selectFrom('oversight.audit_entries')
          .select('detail')
          .where('action', '=', 'address.keep')
          .orderBy('seq', 'desc')
          .limit(1)
          .executeTakeFirstOrThrow(),
      );
      expect(noted.detail).toEqual({ subject: subjectId, sameName: true });
      await expect(live('3 Tarn Road', '2026-05-01')).rejects.toThrow('from 2026-06-01 on');
      await expect(live('3 Tarn Road', '31.12.2026')).rejects.toThrow('for example 2026-09-07');
      await performer.perform(officer, assignOrder, null, {
        subjectId,
        orderId,
        officerName: 'Sol Reed',
        officerPhone: '020 7946 0000',
        team: 'North',
      });
      await expect(
        performer.perform(officer, assignOrder, null, {
          subjectId: subjectId - 1,
          orderId,
          officerName: 'Sol Reed',
          officerPhone: '123',
          team: '',
        }),
      ).rejects.toThrow('no such order');
      const identity = {
        subjectId,
        name: 'Cora Finch',
        bornOn: '1994-03-27',
        alsoKnownAs: 'Fin',
        pnc: '',
        crn: 'x123456',
        noms: '',
        languages: 'Welsh',
        atTheDoor: 'A dog',
      };
      await performer.perform(officer, identifySubject, null, identity);
      await expect(performer.perform(officer, identifySubject, null, { ...identity, crn: '12' })).rejects.toThrow('X123456');
      await expect(performer.perform(officer, identifySubject, null, { ...identity, bornOn: '27/3/1994' })).rejects.toThrow('1994-03-27');

      await send(serial, [4, 3, 2, 1, 0], { from: 12, events: 'strap-cut' });
      const [row] = (await queue({ search: 'Cora' })).people;
      const id = row?.alerts.find(({ kind }) => kind === 'exclusion entered')?.id as number;
      const { around, tag } = await performer.perform(officer, readAlert, serving.waymark, { id });
      expect(tag).toBe(serial);
      expect(around.reach.contacts.map(({ who, name, phone }) => [who, name, phone])).toEqual([
        ['self', 'Cora Finch', '+44 7700 900123'],
        ['family', 'Her sister', '07700 900456'],
      ]);
      expect(around.reach.addresses.map(({ address, from_on, to_on }) => [address, from_on, to_on])).toEqual([
        ['5 Weir Street', '2026-06-01', null],
        ['12 Mill Lane', '2026-06-01', null],
        ['1 Weir Street', '2026-01-05', '2026-06-01'],
      ]);
      expect(around.reach.orders).toMatchObject([{ officer_name: 'Sol Reed', team: 'North' }]);
      expect(around.reach.identity).toMatchObject({ born_on: '1994-03-27', crn: 'X123456', at_the_door: 'A dog' });
      expect(around.besides.map(({ brief }) => brief)).toEqual(['strap cut']);
      expect(around.days).toHaveLength(14);
      expect(around.days.at(-1)?.alerts).toBe(2);

      // Ringing is on record, and whoever rings has it in hand.
      await expect(performer.perform(officer, decideAlert, null, { id, step: 'rang', note: '' })).rejects.toThrow('how the call went');
      await performer.perform(officer, decideAlert, null, { id, step: 'rang', note: 'No answer' });
      const rung = await performer.perform(officer, readAlert, serving.waymark, { id });
      expect(rung.alert).toMatchObject({ state: 'in hand', assigned_to: officer.name });
      await performer.perform({ ...officer, name: 'Ben Ash' }, decideAlert, null, { id, step: 'rang', note: 'They answered' });
      expect((await performer.perform(officer, readAlert, serving.waymark, { id })).alert.assigned_to).toBe(officer.name);

      // On the pages: the bar on every one, once per page on record, and the agency's own steps.
      const visitor = new Visitor(serving.url);
      await visitor.signIn('mo-1');
      const own = 'exclusion entered:\n  - Ring the duty inspector on 101.\n';
      writeFileSync(folder.file('procedures.yaml'), own);
      const told = await (await visitor.follow(`/api/alerts/${id}`)).text();
      expect(told).toContain('exclusion entered');
      const subject = await (await visitor.follow(`/api/subjects/${subjectId}`)).text();
      expect(subject).toContain('Cora Finch');
      for (const own of ['900123', '12 Mill Lane', 'X123456', '1994-03-27', 'A dog']) expect(told + subject).not.toContain(own);
      const page = await (await visitor.follow(`/alerts/${id}`)).text();
      expect(page).toContain('Ring the duty inspector on 101.');
      expect(page).toContain('href="tel:+447700900123"');
      expect(page).toContain('12 Mill Lane');
      writeFileSync(folder.file('procedures.yaml'), 'gone out: [Ring]\n');
      expect(await (await visitor.follow(`/alerts/${id}`)).text()).toMatch(
        /there is no kind of alert “gone out”.*The usual steps are shown/s,
      );
      const tags = await (await visitor.follow('/tags')).text();
      expect(tags).toMatch(/<title>\(2\) /);
      expect(tags).toMatch(/<b>Cora Finch<\/b> <time datetime="[^"]+">\d+ min<\/time>: (inside “Mill Lane”|strap cut)/);
    });

    test('a page without its bar is still the page, and says nothing of who goes on to others', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('ca-1');
      const page = await visitor.follow('/crimes');
      expect(page.status).toBe(200);
      expect(await page.text()).not.toContain('going-on');
    });
  },
);
