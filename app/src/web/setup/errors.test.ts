import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { SharedLogError } from '../../platform/servers/shared-log.ts';
import { tellAsJson, unfitInWords } from './errors.ts';

test('what cannot be stored at the moment is 503 in words that name no server of ours, with when to ask again', async () => {
  const app = Fastify({ logger: false });
  app.setErrorHandler(tellAsJson);
  app.get('/', async () => {
    throw new SharedLogError('The log at 10.1.2.3:4222: a majority of its servers cannot be reached.');
  });
  const answer = await app.inject('/');
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
  expect(answer.json()).toEqual({
    error: 'This cannot be stored at the moment, and nothing of it was acknowledged. Send it again in a few seconds.',
  });
  await app.close();
});

test('every answer bears an id by which the log has it; a proxy’s own is taken over, and nobody else’s', async () => {
  const given = { headers: { 'x-request-id': 'edge-17' } };
  const alone = await serveForTest();
  const own = (await fetch(`${alone.url}/sign-in`, given)).headers.get('x-request-id');
  expect(own).toMatch(/^[\da-f-]{36}$/);
  expect((await fetch(`${alone.url}/ingest/waymark`, { method: 'POST' })).headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  await alone.end();
  const behind = await serveForTest({ WAYMARK_PROXIES: '1' });
  expect((await fetch(`${behind.url}/sign-in`, given)).headers.get('x-request-id')).toBe('edge-17');
  const bad = await fetch(`${behind.url}/sign-in`, { headers: { 'x-request-id': 'a b"c' } });
  expect(bad.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  await behind.end();
});

test('what is not as its route says is told by its name and what belongs there, in words', async () => {
  const app = Fastify({ logger: false, schemaErrorFormatter: unfitInWords });
  app.setErrorHandler(tellAsJson);
  const body = {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', maxLength: 3 },
      rows: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } },
      how: { enum: ['a', 'b'] },
    },
  };
  app.post('/:id', { schema: { body, params: { type: 'object', properties: { id: { type: 'integer' } } } } }, async () => ({}));
  const told = async (url: string, payload: object) => (await app.inject({ method: 'POST', url, payload })).json();
  expect(await told('/x', { name: 'a' })).toEqual({
    error: 'There is no such number. Check the address, or go back to the list.',
    field: 'id',
  });
  expect(await told('/1', {})).toEqual({ error: 'name is missing.', field: 'name' });
  expect(await told('/1', { name: 'long' })).toEqual({ error: 'name must have 3 characters at most.', field: 'name' });
  expect(await told('/1', { name: 'a', rows: [{ n: 'x' }] })).toEqual({ error: 'rows.0.n must be a whole number.', field: 'rows.0.n' });
  expect(await told('/1', { name: 'a', how: 'c' })).toEqual({ error: 'how must be one of a, b.', field: 'how' });
  await app.close();
});

test('what somebody who stands still holds up is 503 with when to ask again, and not our fault', async () => {
  const app = Fastify({ logger: false });
  app.setErrorHandler(tellAsJson);
  app.get('/', async () => {
    throw Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });
  });
  const answer = await app.inject('/');
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
  await app.close();
});
