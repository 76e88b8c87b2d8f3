import { timingSafeEqual } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Waymark } from '../waymark.ts';
import type { Message } from './command.ts';
import { storedCommands } from './stored-commands.ts';

/** Lets a command on the same machine work through the server that holds the data folder. */
export function controlRoute(app: FastifyInstance, waymark: Waymark): void {
  app.post('/control/:command', { config: { open: true, api: true, rateLimit: false } }, async (request, reply) => {
    const token = waymark.folder.control()?.token ?? '';
    const given = Buffer.from(String(request.headers['x-waymark-control'] ?? ''));
    if (token === '' || given.length !== token.length || !timingSafeEqual(given, Buffer.from(token))) {
      return reply.code(404).send({ error: 'There is nothing at this address.' });
    }
    const { command: name } = request.params as { command: string };
    const command = storedCommands.find((own) => own.name === name);
    if (!command) return reply.code(404).send({ error: 'There is no such command.' });
    const out = new PassThrough();
    const emit = async (message: Message) => {
      if (!out.write(`${JSON.stringify(message)}\n`)) await new Promise((resolve) => out.once('drain', resolve).once('close', resolve));
    };
    // Something is said at once: whoever asked knows that it has begun, however long its first step takes.
    void emit({ kind: 'progress', done: 0, all: 0, unit: '' });
    void command
      .run(waymark, (request.body ?? {}) as never, emit)
      .then((value) => emit({ kind: 'result', value }))
      .catch((error: Error) => emit({ kind: 'failed', message: error.message }))
      .finally(() => out.end());
    return reply.type('application/x-ndjson').send(out);
  });
}
