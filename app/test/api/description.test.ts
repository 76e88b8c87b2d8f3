import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveForTest, temporaryFolder } from '../serve-for-test.ts';
import { callsOf, type Described } from './operations.ts';

/** What the API says of itself: that it is so, of every operation, and that a client made from it compiles. */
let serving: Awaited<ReturnType<typeof serveForTest>>;
let described: Described;
const folder = temporaryFolder();
const run = promisify(execFile);
const tools = join(import.meta.dirname, '../../../scripts/api-client/node_modules');

beforeAll(async () => {
  serving = await serveForTest({ WAYMARK_DEMO: 'yes' });
  described = (await (await fetch(`${serving.url}/api/docs/json`)).json()) as Described;
});
afterAll(async () => {
  await serving?.end();
  folder.remove();
});

const operations = () =>
  Object.entries(described.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, own]) => ({ path, method, ...own })));

/** Says what of an answer is not as it is described. */
function checker() {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: 'https://waymark.invalid/api', components: described.components });
  const pointed = (schema: unknown): unknown =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"https://waymark.invalid/api#/components/'));
  return (schema: object, value: unknown): string[] => {
    const check = ajv.compile(pointed(schema) as object);
    return check(value)
      ? []
      : (check.errors ?? []).slice(0, 5).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  };
}

describe('the description of the API', () => {
  test('names every operation, and what it answers when it does as asked and when it does not', () => {
    const all = operations();
    expect(all.length).toBeGreaterThan(35);
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
    for (const { path, method, operationId, responses } of all) {
      const name = `${method} ${path}`;
      expect(operationId, name).toMatch(/^[a-z][A-Za-z]+$/);
      for (const [code, { content }] of Object.entries(responses))
        for (const { schema } of Object.values(content ?? {}))
          expect(Object.keys(schema ?? {}).length, `${name} ${code}`).toBeGreaterThan(0);
      expect(Object.keys(responses), name).toEqual(expect.arrayContaining(['200', '401', '403', '500', '503']));
    }
  });

  test('every operation answers as it is described, and refuses so', async () => {
    const faults = checker();
    const { calls, headersFor } = await callsOf(serving);
    const asked = new Set<string>();
    for (const { operation, role, method = 'GET', path, body, type } of calls) {
      const own = operations().find(({ operationId }) => operationId === operation);
      if (!own) throw new Error(`There is no operation ${operation}`);
      const headers = { ...(await headersFor(role)), ...(type ? { 'content-type': type } : {}) };
      const answer = await fetch(serving.url + path, { method, headers, body });
      const kind = answer.headers.get('content-type')?.split(';')[0] ?? '';
      expect([answer.status, Object.keys(own.responses['200']?.content ?? {})], operation).toEqual([200, [kind]]);
      expect(faults(own.responses['200']?.content?.[kind]?.schema ?? {}, await answer.json()), operation).toEqual([]);
      asked.add(operation);
      const refused = await fetch(serving.url + path, { method, ...(type ? { headers: { 'content-type': type } } : {}), body });
      expect(refused.status, operation).toBe(401);
      expect(faults(own.responses['401']?.content?.['application/json']?.schema ?? {}, await refused.json()), operation).toEqual([]);
    }
    // What stays open, and what no program may do.
    const others = operations().flatMap(({ operationId = '' }) => (asked.has(operationId) ? [] : [operationId]));
    expect(others.sort()).toEqual(['followAlerts', 'followCaseload', 'followTag', 'reviewVerdict']);
  });

  test('its examples are of the kind that they are examples of', () => {
    const faults = checker();
    let found = 0;
    for (const { operationId, responses } of operations())
      for (const [code, { content = {} }] of Object.entries(responses))
        for (const { schema, examples } of Object.values(content) as { schema: object; examples?: { example: { value: unknown } } }[]) {
          if (!examples) continue;
          expect(faults(schema, examples.example.value), `${operationId} ${code}`).toEqual([]);
          found += code === '200' ? 1 : 0;
        }
    expect(found).toBeGreaterThan(30);
  });

  test('a client that is made from it compiles, and one that asks for what is not there does not', async () => {
    const own = join(folder.path, 'client');
    mkdirSync(own, { recursive: true });
    symlinkSync(tools, join(own, 'node_modules'), 'dir');
    writeFileSync(join(own, 'api.json'), JSON.stringify(described));
    const node = (script: string, ...args: string[]) => run(process.execPath, [join(tools, script), ...args], { cwd: own });
    await node('openapi-typescript/bin/cli.js', 'api.json', '-o', 'api.d.ts');
    writeFileSync(
      join(own, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { noEmit: true, strict: true, target: 'esnext', module: 'nodenext', types: [] },
        files: ['client.ts'],
      }),
    );
    const compile = () =>
      node('typescript/bin/tsc', '-p', '.').then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      );
    cpSync(join(import.meta.dirname, 'client.txt'), join(own, 'client.ts'));
    expect(await compile()).toBe('');
    writeFileSync(join(own, 'client.ts'), readFileSync(join(own, 'client.ts'), 'utf8').replace('severity', 'severityOf'));
    expect(await compile()).toContain("Property 'severityOf' does not exist");
  });
});
