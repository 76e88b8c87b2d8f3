import { timingSafeEqual } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Metrics } from '../../platform/metrics.ts';
import { version } from '../../version.ts';
import type { House } from '../kit.ts';

/** Gives what is wrong, in words, or null. */
export type Readiness = () => Promise<string | null> | string | null;

/** With less room than this on its disk a store may fail at any moment, bytes. */
const roomAtLeast = 256 * 1024 * 1024;
/** A store that does not answer within this time is not ready, ms. */
const answersWithinMs = 3000;

/** `/livez`, `/readyz`, `/health`, `/version` and `/metrics`: for whoever keeps the server running. They say nothing about anybody. */
export function healthRoutes(
  app: FastifyInstance,
  waymark: House,
  metrics: Metrics,
  others: ReadonlyMap<string, Readiness>,
  isOwnPort = false,
): void {
  const { database, fixes, folder, config } = waymark;
  const open = { config: { open: true, rateLimit: false as const } };

  const checks = new Map<string, Readiness>([
    ['records', async () => (await within(database.executeSql('SELECT 1'))) ?? null],
    [
      'fixes',
      () =>
        fixes.lastFailure ? `What tags sent could not be stored: ${fixes.lastFailure.message}. Nothing of it was acknowledged.` : null,
    ],
    [
      'disk',
      async () => {
        const { bavail, bsize } = await statfs(folder.path);
        return bavail * bsize < roomAtLeast
          ? `The disk of ${folder.path} has ${Math.floor((bavail * bsize) / 1_048_576)} MB left. Make room, or move the folder.`
          : null;
      },
    ],
  ]);

  /** What is wrong, by name of what was looked at. */
  const look = async (): Promise<Record<string, string>> => {
    const all = await Promise.all(
      [...checks, ...others].map(async ([name, check]) => {
        try {
          return [name, await check()] as const;
        } catch (error) {
          return [name, (error as Error).message] as const;
        }
      }),
    );
    return Object.fromEntries(all.filter((found): found is [string, string] => found[1] !== null));
  };

  app.get('/livez', open, async () => ({ status: 'ok' }));
  app.get('/version', open, async () => ({ version }));
  for (const path of ['/readyz', '/health'])
    app.get(path, open, async (request, reply) => {
      const wrong = await look();
      const isReady = Object.keys(wrong).length === 0;
      if (!isReady) reply.code(503);
      // What is wrong may name folders and hosts: that is for the machine itself.
      const told = isReady ? {} : { wrong: isFromHere(request) ? wrong : Object.keys(wrong) };
      return { status: isReady ? 'ok' : 'not ready', receipts: fixes.lastReceipt, ...told };
    });
  // Where figures have a port of their own, who may reach that is who may read them.
  const hasOwnPort = config.WAYMARK_METRICS_PORT !== undefined;
  app.get('/metrics', open, async (request, reply) => {
    if (hasOwnPort && !isOwnPort) return reply.code(404).send('Figures are on a port of their own: WAYMARK_METRICS_PORT.\n');
    if (!isOwnPort && !isFromHere(request) && !bears(request, config.WAYMARK_METRICS_TOKEN))
      return reply.code(403).send('Figures are for this machine, or for whoever sends WAYMARK_METRICS_TOKEN as Bearer.\n');
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}

/** Whether a request comes from this machine itself, and through no proxy. */
function isFromHere(request: FastifyRequest): boolean {
  const isLoopback = (address: string | undefined) => /^(127\.|::1$|::ffff:127\.)/.test(address ?? '');
  return isLoopback(request.socket.remoteAddress) && request.headers['x-forwarded-for'] === undefined && !request.headers.forwarded;
}

function bears(request: FastifyRequest, token: string | undefined): boolean {
  if (!token) return false;
  const given = Buffer.from(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
  return given.length === Buffer.byteLength(token) && timingSafeEqual(given, Buffer.from(token));
}

async function within(answer: Promise<unknown>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`There is no answer within ${answersWithinMs / 1000} seconds.`), answersWithinMs).unref();
  });
  return Promise.race([answer.then(() => null), late]).finally(() => clearTimeout(timer));
}
