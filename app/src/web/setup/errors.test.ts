import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { serveForTest } from '../../../test/serve-for-test.ts';
import { SharedLogError } from '../../platform/servers/shared-log.ts';
import { tellAsJson } from './errors.ts';

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
