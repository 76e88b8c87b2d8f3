import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveForTest } from '../serve-for-test.ts';
import { callsOf } from './operations.ts';

/** `npm run examples`: asks every operation of the API of the fictional town, and keeps a short answer of each as its example. */
const sources = join(import.meta.dirname, '../../src');
const listAtMost = 2;
const textAtMost = 300;

/** The same in short: lists with their first entries. Numbers of places stay pairs. */
function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, textAtMost);
  if (Array.isArray(value)) return (value.every((own) => typeof own === 'number') ? value : value.slice(0, listAtMost)).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, shortened(own)]));
}

const serving = await serveForTest({ WAYMARK_DEMO: 'yes' });
try {
  const { calls, headersFor } = await callsOf(serving);
  const answers = new Map<string, unknown>();
  for (const { operation, role, method = 'GET', path, body, type } of calls) {
    const headers = { ...(await headersFor(role)), ...(type ? { 'content-type': type } : {}) };
    const answer = await fetch(serving.url + path, { method, headers, body });
    if (!answer.ok) throw new Error(`${operation}: ${answer.status} ${await answer.text()}`);
    answers.set(operation, shortened(await answer.json()));
  }
  for (const file of globSync('*/api-answers.json', { cwd: sources })) {
    const { operations } = JSON.parse(readFileSync(join(sources, file), 'utf8')) as { operations: Record<string, object> };
    const own = Object.fromEntries(Object.keys(operations).flatMap((name) => (answers.has(name) ? [[name, answers.get(name)]] : [])));
    const path = join(sources, file.replace('api-answers', 'api-examples'));
    const isNew = !existsSync(path);
    writeFileSync(path, `${JSON.stringify(own, null, 2)}\n`);
    console.log(`${isNew ? 'Written' : 'Written anew'}: ${Object.keys(own).length} examples, ${path.slice(sources.length + 1)}`);
  }
} finally {
  await serving.end();
}
