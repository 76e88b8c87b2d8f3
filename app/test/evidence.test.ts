import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evidenceRerunCommand } from '../src/commands/evidence.ts';
import { readConfig } from '../src/config.ts';
import { runRetention } from '../src/oversight/retention/run-retention.ts';
import type { Actor } from '../src/platform/access.ts';
import { canonicalJson } from '../src/platform/canonical-json.ts';
import { withPurpose } from '../src/platform/database.ts';
import { exportEvidencePack } from '../src/supervision/evidence/leave-pack.ts';
import { makeEvidencePack } from '../src/supervision/evidence/make-pack.ts';
import type { EvidenceContent } from '../src/supervision/evidence/pack-content.ts';
import { sealedPage } from '../src/supervision/evidence/pack-file.ts';
import { renderPack } from '../src/supervision/evidence/render-pack.ts';
import { repeatPack } from '../src/supervision/evidence/repeat-pack.ts';
import { type Seal, Sealer } from '../src/supervision/evidence/seal.ts';
import { agreeToSubjectErasure, decideSubjectErasure, supervisionAccess } from '../src/supervision/index.ts';
import { type CrimeVerdict, readCrime } from '../src/supervision/review/read-crime.ts';
import { reviewVerdict } from '../src/supervision/review/review-verdict.ts';
import { closeWearing } from '../src/supervision/subjects/wearings.ts';
import { openWaymark } from '../src/waymark.ts';
import { analyst, officer } from './actors.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { fillFromTemplate, serveForTest, temporaryFolder, Visitor } from './serve-for-test.ts';
import { fillWithSmallTown } from './small-town.ts';
import { toldInOrder } from './told-in-order.ts';

/** What bears out a reviewed verdict: one wearer's, no more than is needed, and the same wherever it is worked out again. */
const postgres: TestPostgres | null = await startPostgres();
afterAll(() => postgres?.stop());

interface Judged extends CrimeVerdict {
  crimeId: number;
}

describe.each([['PGlite', null] as const, ...(postgres ? [['PostgreSQL', postgres] as const] : [])])(
  'evidence on %s',
  toldInOrder,
  (_name, server) => {
    let serving: Awaited<ReturnType<typeof serveForTest>>;
    const town = temporaryFolder();
    const judged: Judged[] = [];
    const services = () => {
      const { fixes, verdicts, timeZone, secondReview } = serving.waymark;
      return { fixes, verdicts, timeZone, secondReview, sealer: Sealer.of(serving.waymark.folder) };
    };
    const pack = async ({ crimeId, wearing }: Judged): Promise<{ id: number; content: EvidenceContent; html: string; json: string }> => {
      const { performer } = serving.waymark;
      const about = { crimeId, wearingId: wearing };
      await performer.perform(analyst, reviewVerdict, services(), { ...about, decision: 'agree', reason: 'I looked at every fix.' });
      const { id } = await performer.perform(analyst, makeEvidencePack, services(), about);
      const [html, json] = await Promise.all(
        (['html', 'json'] as const).map((format) => performer.perform(analyst, exportEvidencePack, services(), { id, format })),
      );
      return { id, content: html?.content as EvidenceContent, html: html?.file ?? '', json: json?.file ?? '' };
    };

    beforeAll(async () => {
      serving = await serveForTest(server ? { DATABASE_URL: server.url } : {});
      const { performer } = serving.waymark;
      await fillWithSmallTown(serving.waymark, town.path);
      for (let crimeId = 1; crimeId <= 12; crimeId++) {
        const page = await performer.perform(analyst, readCrime, services(), { id: crimeId });
        judged.push(...page.verdicts.map((own) => ({ ...own, crimeId })));
      }
    });
    afterAll(async () => {
      await serving?.end();
      town.remove();
    });

    test('nothing is put together before a review, nor by a program', async () => {
      const { performer } = serving.waymark;
      const first = judged[0] as Judged;
      const about = { crimeId: first.crimeId, wearingId: first.wearing };
      await expect(performer.perform(analyst, makeEvidencePack, services(), about)).rejects.toThrow('has not been reviewed');
      await expect(performer.perform({ ...analyst, id: 'token:1' }, makeEvidencePack, services(), about)).rejects.toThrow('A program');
    });

    test('every kind of verdict is borne out by its own pack, which is the same again on another data folder', async () => {
      const kinds = ['present null', 'excluded impossible', 'excluded not plausible', 'unknown null'];
      const chosen = kinds.flatMap((kind) => judged.filter((own) => `${own.verdict} ${own.strength}` === kind).slice(0, 2));
      expect(new Set(chosen.map(({ verdict, strength }) => `${verdict} ${strength}`)).size).toBeGreaterThanOrEqual(3);
      const elsewhere = temporaryFolder();
      const config = readConfig({
        NODE_ENV: 'test',
        WAYMARK_DATA: join(elsewhere.path, 'data'),
        WAYMARK_DEMO: 'no',
        WAYMARK_LOG: 'silent',
      });
      fillFromTemplate(join(elsewhere.path, 'data'));
      const other = await openWaymark(config);
      const key = join(town.path, 'evidence-key.pem');
      writeFileSync(key, await (await fetch(`${serving.url}/transparency/evidence-key.pem`)).text());
      for (const [i, own] of chosen.entries()) {
        const { content, html, json } = await pack(own);
        expect(content.findings).toMatchObject({ verdict: own.verdict, strength: own.strength, fixes: own.fixes, reasons: own.reasons });
        for (const [format, written] of Object.entries({ html, json })) {
          const file = join(town.path, `pack-${i}.${format}`);
          writeFileSync(file, written);
          // The command opens another data folder, in which none of this is.
          const check = (args: { file: string; key?: string }) => evidenceRerunCommand.run(other, args);
          const holds = {
            findings: 'the same',
            bytes: 'the same',
            seal: 'whole',
            sameReckoning: true,
            isKnown: false,
            wearer: own.subject,
          };
          expect(await check({ file, key })).toMatchObject({ ...holds, isVouchedFor: true });
          expect(await check({ file })).toMatchObject({ ...holds, isVouchedFor: false });
        }
      }
      await other.close();
      elsewhere.remove();
    });

    test('a pack holds its one wearer and the hours it needs, and says where it comes from', async () => {
      const present = judged.filter(({ verdict }) => verdict === 'present').at(-1) as Judged;
      const { content, html: page } = await pack(present);
      const text = JSON.stringify(content);
      const others = new Set(judged.filter(({ wearing }) => wearing !== present.wearing).flatMap(({ tag, subject }) => [tag, subject]));
      expect(others.size).toBeGreaterThan(4);
      for (const other of others) expect(text).not.toContain(`"${other}"`);
      const { crime, fixes, marginHours } = content.inputs;
      const marginMs = marginHours * 3_600_000;
      expect(fixes.length).toBeGreaterThan(0);
      expect(marginHours).toBeLessThanOrEqual(6);
      // None from outside these hours but the nearest on either side, which say how long a gap there is.
      const outside = fixes.filter(([at]) => at < Date.parse(crime.from) - marginMs || at > Date.parse(crime.to) + marginMs);
      expect(outside.length).toBeLessThanOrEqual(2);
      for (const fix of outside) expect([fixes[0], fixes.at(-1)]).toContain(fix);
      expect(content.audit.map(({ action }) => action)).toEqual(
        expect.arrayContaining(['verdict.compute', 'crime.read', 'verdict.review']),
      );
      expect(content.reviews).toEqual([expect.objectContaining({ by: 'Priya Nair', reason: 'I looked at every fix.' })]);
      expect(page).toContain('Presence near a crime does not show that the wearer committed or saw it.');
      // Who is called present is no chance; a pack of a model that counted everybody says so still.
      expect(content.run.coincidence).not.toBeNull();
      expect(page).toContain('without those who are called present at the crime');
      const earlier = { ...content, run: { ...content.run, model: 'presence-3' } };
      expect(renderPack(earlier)).toContain('wearers of the whole fleet had a fix there</td>');
      // A dot for each fix and no line from one to the next.
      expect(page.match(/class="fix in"/g)?.length).toBeGreaterThan(0);
      expect(page).not.toMatch(/<polyline class="(?!place)/);
    });

    test('what was changed afterwards does not come out the same', async () => {
      const { id, content, html, json } = await pack(judged.filter(({ verdict }) => verdict === 'unknown').at(-1) as Judged);
      const again = (text: string) => repeatPack(Buffer.from(text));
      expect(again(html)).toMatchObject({ findings: 'the same', bytes: 'the same', seal: 'whole' });
      // Written anew around a changed review, it follows from itself and is the same again; the seal alone tells.
      const forged = structuredClone(content);
      for (const review of forged.reviews) review.reason = 'I looked at nothing.';
      const own = JSON.parse(json) as { seal: Seal };
      expect(again(sealedPage(renderPack(forged), own.seal))).toMatchObject({ findings: 'the same', bytes: 'the same', seal: 'broken' });
      expect(again(html.replace('I looked at every fix.', 'I looked at nothing.'))).toMatchObject({ seal: 'broken', bytes: 'different' });
      expect(again(json.replace('I looked at every fix.', 'I looked at nothing.'))).toMatchObject({ seal: 'broken' });
      expect(again(json.replace(content.wearer.name, 'Somebody Else'))).toMatchObject({ seal: 'broken' });
      const changed = (change: (own: EvidenceContent) => void) => {
        const own = JSON.parse(json) as EvidenceContent;
        change(own);
        return again(`${canonicalJson(own)}\n`);
      };
      const asPresent = changed((own) => {
        own.findings.verdict = 'present';
      });
      expect(asPresent).toMatchObject({ findings: 'different', seal: 'broken', verdict: { recorded: 'present', now: 'unknown' } });
      const moved = changed((own) => {
        if (own.inputs.fixes[0]) own.inputs.fixes[0][2] += 0.01;
      });
      expect(moved).toMatchObject({ findings: 'different', seal: 'broken' });
      const { seal: _seal, ...unsealed } = JSON.parse(json);
      expect(again(`${canonicalJson(unsealed)}\n`)).toMatchObject({ seal: 'missing', key: null });
      for (const broken of ['', '<html>', '{}', html.slice(0, -300), json.replace(/"fixes":\[\[/, '"fixes":[[1],[')])
        expect(() => again(broken)).toThrow(/evidence pack/);
      await expect(
        withPurpose(serving.waymark.database.db, 'supervision', 'crime-matching', (tx) =>
          tx.updateTable('supervision.evidence_packs').set({ sha256: '' }).where('id', '=', id).execute(),
        ),
      ).rejects.toThrow('permission denied');
    });

    test('a pack leaves no more once a reviewer disagrees, or what is stored was changed', async () => {
      const { performer, database } = serving.waymark;
      const own = judged.filter(({ verdict }) => verdict === 'excluded').at(-1) as Judged;
      const { id, html } = await pack(own);
      const about = { crimeId: own.crimeId, wearingId: own.wearing };
      const leave = () => performer.perform(analyst, exportEvidencePack, services(), { id, format: 'html' });
      expect((await leave()).file).toBe(html);
      // With the rights of the tables' owner, as somebody at the database itself has them.
      const forge = async (set: string) => {
        if (server) await server.asOwner(`UPDATE supervision.evidence_packs SET ${set} WHERE id = ${id}`);
        else await database.executeSql(`UPDATE supervision.evidence_packs SET ${set} WHERE id = ${id}`);
      };
      await forge("page = replace(page, 'I looked at every fix.', 'I saw it all.')");
      await expect(leave()).rejects.toThrow('What is stored is not what was put together');
      await forge("page = replace(page, 'I saw it all.', 'I looked at every fix.')");
      expect((await leave()).file).toBe(html);
      const colleague: Actor = { ...analyst, id: 'ca-2', name: 'Owen Hughes' };
      await performer.perform(colleague, reviewVerdict, services(), { ...about, decision: 'disagree', reason: 'The circle is too wide.' });
      await expect(leave()).rejects.toThrow('A reviewer has decided against the verdict since');
      const visitor = new Visitor(serving.url);
      await visitor.signIn('ca-1');
      const page = await (await visitor.follow(`/evidence/${id}`)).text();
      expect(page).toContain('This pack cannot leave. A reviewer has decided against the verdict since.');
      expect(page).not.toContain('Download to print');
      expect((await visitor.request(`/evidence/${id}/file`)).status).toBe(400);
    });

    test('its page, its files, and who may have them', async () => {
      const visitor = new Visitor(serving.url);
      await visitor.signIn('ca-1');
      const page = await (await visitor.follow('/evidence/1')).text();
      expect(page).toContain('Download to print');
      expect(page).toContain('class="fix');
      // The same plot on the page of the verdict, in the pack and in its file, with the fixes of the window on it.
      const [, address = ''] = /href="(\/crimes\/\d+\/wearers\/\d+)"/.exec(page) ?? [];
      const reviewed = await (await visitor.follow(address)).text();
      const inFile = await (await visitor.follow('/evidence/1/file')).text();
      for (const text of [page, reviewed, inFile]) {
        const plot = /<figure class="wm-distance">.*?<\/figure>/s.exec(text)?.[0] ?? '';
        expect(plot).toContain('class="possible"');
        expect(plot).toContain('class="fix in"');
      }
      const file = await visitor.follow('/evidence/1/file');
      expect(file.headers.get('content-disposition')).toContain('attachment');
      expect(repeatPack(Buffer.from(await file.arrayBuffer()))).toMatchObject({ bytes: 'the same', seal: 'whole' });
      expect((await visitor.follow('/evidence/99999')).status).toBe(404);
      for (const account of ['mo-1', 'sw-1', 'au-1', 'ad-1', 'pe-1']) {
        const other = new Visitor(serving.url);
        await other.signIn(account);
        expect((await other.request('/evidence/1')).status).toBe(403);
        expect((await other.request('/evidence/1/file')).status).toBe(403);
      }
    });

    test('it goes with its wearer', async () => {
      const { performer, database } = serving.waymark;
      const count = (wearing: number) =>
        withPurpose(database.db, 'supervision', 'crime-matching', async (tx) =>
          tx.selectFrom('supervision.evidence_packs').select('id').where('wearing_id', '=', wearing).execute(),
        );
      const own = judged.find(({ verdict }) => verdict === 'present') as Judged;
      expect((await count(own.wearing)).length).toBeGreaterThan(0);
      const subject = await withPurpose(database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.wearings').select('subject_id').where('id', '=', own.wearing).executeTakeFirstOrThrow(),
      );
      // The wearer sees who looked at it, and that it was passed on.
      const { code } = await performer.perform(officer, supervisionAccess.invite, null, { id: subject.subject_id });
      const wearer = new Visitor(serving.url);
      await wearer.signIn('pe-1');
      const body = new URLSearchParams({ _csrf: await wearer.csrf('/me'), code });
      await wearer.request('/me/code', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
      const looks = await (await wearer.follow('/me/looks')).text();
      for (const deed of [
        'checked whether you were near a crime',
        'put together what shows where you were',
        'passed on what shows where you were',
      ])
        expect(looks).toContain(deed);
      await performer.perform(officer, closeWearing, serving.waymark, { id: own.wearing, endsAt: new Date() });
      const { name: wearerName } = await withPurpose(serving.waymark.database.db, 'supervision', 'monitoring', (tx) =>
        tx.selectFrom('supervision.subjects').select('name').where('id', '=', subject.subject_id).executeTakeFirstOrThrow(),
      );
      await performer.perform(officer, decideSubjectErasure, null, {
        subject: subject.subject_id,
        reason: 'The order was quashed.',
        named: wearerName,
      });
      await runRetention(serving.waymark);
      expect(await count(own.wearing)).not.toEqual([]);
      const second = { ...officer, id: 'mo-2', name: 'Tom Ashdown' };
      await performer.perform(second, agreeToSubjectErasure, null, { subject: subject.subject_id, answer: 'agree', named: wearerName });
      await runRetention(serving.waymark);
      expect(await count(own.wearing)).toEqual([]);
    });
  },
);
