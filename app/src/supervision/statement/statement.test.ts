import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyst } from '../../../test/actors.ts';
import { serveForTest, temporaryFolder, Visitor } from '../../../test/serve-for-test.ts';
import { fillWithSmallTown } from '../../../test/small-town.ts';
import { startAuthority, type TimeStampingAuthority } from '../../../test/time-stamping-authority.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import { makeEvidencePack } from '../evidence/make-pack.ts';
import { Sealer } from '../evidence/seal.ts';
import { readCrime } from '../review/index.ts';
import { reviewVerdict } from '../review/review-verdict.ts';
import { initialsOf } from './read-witness.ts';
import { checkCommands } from './write-statement.ts';

let serving: Awaited<ReturnType<typeof serveForTest>>;
const town = temporaryFolder();
let id: number;
let visitor: Visitor;
let authority: TimeStampingAuthority;
const libreOffice = ['/usr/bin/soffice', '/usr/bin/libreoffice'].find((path) => existsSync(path));

beforeAll(async () => {
  authority = await startAuthority();
  serving = await serveForTest({ WAYMARK_TIMESTAMP_URL: authority.url, ...(libreOffice ? { WAYMARK_LIBREOFFICE: libreOffice } : {}) });
  const { performer, fixes, verdicts, timeZone, folder } = serving.waymark;
  await fillWithSmallTown(serving.waymark, town.path);
  const services = { fixes, verdicts, timeZone, secondReview: false, sealer: Sealer.of(folder) };
  for (let crimeId = 1; crimeId <= 12 && !id; crimeId++) {
    const page = await performer.perform(analyst, readCrime, services, { id: crimeId });
    const own = page.verdicts.find(({ verdict }) => verdict === 'present');
    if (!own) continue;
    const about = { crimeId, wearingId: own.wearing };
    await performer.perform(analyst, reviewVerdict, services, {
      ...about,
      decision: 'agree',
      reason: 'Six fixes lie within <100 m & more.',
    });
    id = (await performer.perform(analyst, makeEvidencePack, services, about)).id;
  }
  visitor = new Visitor(serving.url);
  await visitor.signIn('ca-1');
});
afterAll(async () => {
  await serving?.end();
  authority?.stop();
  town.remove();
});

const fileOf = async (format: string) => Buffer.from(await (await visitor.follow(`/evidence/${id}/file?format=${format}`)).arrayBuffer());

describe('signed data', () => {
  const keyOf = async () => (await fetch(`${serving.url}/transparency/evidence-key.pem`)).text();

  test('another program than the one that signed it finds it true, over the canonical form, and a changed byte false', async () => {
    const signed = (await fileOf('jws')).toString();
    const [header = '', payload = '', signature = ''] = signed.split('.');
    const key = createPublicKey(await keyOf());
    const isTrue = (input: string) => verify(null, Buffer.from(input), key, Buffer.from(signature, 'base64url'));
    expect(isTrue(`${header}.${payload}`)).toBe(true);
    const text = Buffer.from(payload, 'base64url').toString();
    expect(canonicalJson(JSON.parse(text))).toBe(text);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg: 'EdDSA', cty: 'waymark-evidence-2' });
    const changed = Buffer.from(text.replace('"fixes":', '"fixes" :')).toString('base64url');
    expect(isTrue(`${header}.${changed}`)).toBe(false);
    for (let i = 0; i < payload.length; i += Math.ceil(payload.length / 40)) {
      const other = payload[i] === 'A' ? 'B' : 'A';
      expect(isTrue(`${header}.${payload.slice(0, i)}${other}${payload.slice(i + 1)}`)).toBe(false);
    }
    // The same again, byte for byte.
    expect((await fileOf('jws')).toString()).toBe(signed);
  });

  test('the commands that stand in the statement check it with OpenSSL', async ({ skip }) => {
    const version = (() => {
      try {
        return execFileSync('openssl', ['version'], { encoding: 'utf8' });
      } catch {
        return '';
      }
    })();
    if (!/^OpenSSL [3-9]/.test(version)) return skip('OpenSSL 3 is not installed here.');
    const folder = mkdtempSync(join(tmpdir(), 'waymark-jws-'));
    try {
      writeFileSync(join(folder, 'pack.jws'), await fileOf('jws'));
      writeFileSync(join(folder, 'evidence-key.pem'), await keyOf());
      const run = () =>
        execFileSync('bash', ['-ec', checkCommands('pack.jws').join('\n')], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
      expect(run()).toContain('Signature Verified Successfully');
      const signed = await fileOf('jws');
      signed[200] = signed[200] === 65 ? 66 : 65;
      writeFileSync(join(folder, 'pack.jws'), signed);
      expect(run).toThrow();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a time stamp', () => {
  const post = async (path: string, fields: Record<string, string> = {}) =>
    visitor.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ _csrf: await visitor.csrf(`/evidence/${id}`), ...fields }),
    });

  test('is asked of an authority, of which OpenSSL finds it true with its certificates, for these bytes and no others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waymark-stamp-'));
    try {
      const made = await post(`/evidence/${id}/stamps`);
      expect(made.headers.get('location')).toBe(`/evidence/${id}`);
      const page = await (await visitor.follow(`/evidence/${id}`)).text();
      const at = /href="(\/evidence\/\d+\/stamps\/\d+)"/.exec(page)?.[1] ?? '';
      expect(page).toContain('openssl ts -verify');
      const signed = await fileOf('jws');
      writeFileSync(join(folder, 'pack.jws'), signed);
      writeFileSync(join(folder, 'pack.tsr'), Buffer.from(await (await visitor.follow(at)).arrayBuffer()));
      const verified = (data: string) =>
        execFileSync('openssl', ['ts', '-verify', '-data', data, '-in', 'pack.tsr', '-CAfile', authority.certificates], {
          cwd: folder,
          encoding: 'utf8',
          stdio: 'pipe',
        });
      expect(verified('pack.jws')).toContain('Verification: OK');
      const changed = Buffer.from(signed);
      changed[100] = (changed[100] as number) ^ 1;
      writeFileSync(join(folder, 'changed.jws'), changed);
      expect(() => verified('changed.jws')).toThrow();
      // What is sent is the fingerprint, and nothing of what is in the pack.
      expect(authority.asked.at(-1)?.length).toBeLessThan(100);
      expect(authority.asked.at(-1)?.includes(createHash('sha256').update(signed).digest())).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each([
    ['the last answer again', 'its answer is not to this question'],
    ['refuses', 'it refused'],
    ['nonsense', 'its answer is no time stamp'],
    ['down', 'it answered 503'],
  ] as const)('is not taken where the authority gives %s, and it is said why', async (mood, words) => {
    authority.mood = mood;
    try {
      const answer = await post(`/evidence/${id}/stamps`);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(`gave no time stamp: ${words}`);
      expect((await (await visitor.follow(`/evidence/${id}`)).text()).match(/Its answer as a file/g)).toHaveLength(1);
    } finally {
      authority.mood = 'true';
    }
  });

  test.runIf(libreOffice)(
    'the statement is written as PDF too',
    async () => {
      const fields = { name: 'Callum Reid', occupation: 'crime analyst', organisation: 'Tarnbridge Police', initials: 'CR', as: 'pdf' };
      const answer = await post(`/evidence/${id}/statement`, fields);
      expect(answer.headers.get('content-type')).toBe('application/pdf');
      const pdf = Buffer.from(await answer.arrayBuffer());
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
      expect(pdf.length).toBeGreaterThan(20_000);
    },
    120_000,
  );
});

describe('a witness statement', () => {
  const witness = { name: 'Callum Reid', occupation: 'Crime analyst', organisation: 'Tarnbridge Police', initials: 'CR' };
  const ask = async (fields: Record<string, string>) => {
    const _csrf = await visitor.csrf(`/evidence/${id}/statement`);
    return visitor.request(`/evidence/${id}/statement`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...fields, _csrf }),
    });
  };

  test('is a Word file with its declaration, finding, pictures, limits, continuity and exhibits by their fingerprints', async () => {
    const response = await ask(witness);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="statement-[\w-]+\.docx"$/);
    const files = unzipSync(new Uint8Array(await response.arrayBuffer()));
    const document = new TextDecoder().decode(files['word/document.xml']);
    const words = document
      .replace(/<\/w:p>/g, '\n')
      .replace(/<[^>]+>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&amp;', '&');
    for (const expected of [
      'Criminal Justice Act 1967, s. 9',
      'I shall be liable to prosecution',
      'Statement of: Callum Reid',
      'at or near the recorded place in the window',
      'Six fixes lie within <100 m & more.',
      'Presence near a crime does not show that the wearer committed or saw it.',
      // The pack was stamped above: its stamp is an exhibit as well.
      'I produce these as exhibits CR/1, CR/2 and CR/3.',
      'openssl pkeyutl -verify',
      'openssl ts -verify -data',
      'Time stamp (RFC 3161) of the signed data by 127.0.0.1:',
    ])
      expect(words).toContain(expected);
    const [page, signed] = await Promise.all([fileOf('html'), fileOf('jws')]);
    const shown = await (await visitor.follow(`/evidence/${id}`)).text();
    const stamp = Buffer.from(await (await visitor.follow(/href="(\/evidence\/\d+\/stamps\/\d+)"/.exec(shown)?.[1] ?? '')).arrayBuffer());
    for (const exhibit of [page, signed, stamp]) expect(words).toContain(createHash('sha256').update(exhibit).digest('hex'));
    const pictures = Object.entries(files).filter(([name]) => /^word\/media\/.*\.png$/.test(name));
    expect(pictures.length).toBeGreaterThanOrEqual(2);
    for (const [, png] of pictures) {
      expect(Buffer.from(png.subarray(1, 4)).toString()).toBe('PNG');
      // Something is drawn: an empty picture packs to next to nothing.
      expect(png.length).toBeGreaterThan(4000);
    }
  });

  test('what is missing is named; the label of exhibits is letters', async () => {
    const refused = await ask({ ...witness, occupation: ' ' });
    expect(refused.status).toBe(400);
    const page = await refused.text();
    expect(page).toContain('Say what the witness does.');
    expect(page).toContain('value="Tarnbridge Police"');
    expect((await ask({ ...witness, initials: 'C/1' })).status).toBe(400);
    expect([initialsOf('Callum Reid'), initialsOf('Ann-Marie O’Neill 2')]).toEqual(['CR', 'AMO']);
  });

  test('a verdict that is not cleared any more leaves in no statement', async () => {
    const page = await (await visitor.follow(`/evidence/${id}/statement`)).text();
    expect(page).toContain('Download the statement');
    const { crimeId, wearing } = await (async () => {
      const link = /\/crimes\/(\d+)\/wearers\/(\d+)/.exec(await (await visitor.follow(`/evidence/${id}`)).text()) ?? [];
      return { crimeId: link[1], wearing: link[2] };
    })();
    const _csrf = await visitor.csrf(`/evidence/${id}/statement`);
    const takenBack = await visitor.request(`/crimes/${crimeId}/wearers/${wearing}/take-back`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ 'taken-back': 'I looked at another wearer.', _csrf }),
    });
    expect(takenBack.status).toBe(302);
    // Who took it back is analyst ca-1 as well as who reviewed it.
    expect((await ask(witness)).status).toBe(400);
    expect(await (await visitor.follow(`/evidence/${id}/statement`)).text()).toContain('This pack cannot leave.');
  });
});
