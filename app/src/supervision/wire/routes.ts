import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DeviceKit } from '../../web/kit.ts';
import {
  bodyAtMost,
  type Decoded,
  decodeOwnTracks,
  decodeTraccar,
  decodeWaymark,
  jsonOf,
  textOf,
  UnreadableBodyError,
  unpack,
} from '../fixes/decode/index.ts';
import type { Intake, Sender } from '../fixes/index.ts';

const schema = (operationId: string, summary: string, description: string) => ({
  operationId,
  tags: ['Fixes'],
  summary,
  description,
  security: [{ tag: [] }, { token: [] }] as Record<string, string[]>[],
});

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends fixes, once their credential was looked at. */
    sender: Sender | null;
  }
}

/** Addresses that tags and gateways send to. */
export function ingestRoutes(app: FastifyInstance, { waymark, metrics }: DeviceKit, { intake }: { intake: Intake }): void {
  const { access } = waymark;
  const device = { role: 'device', purpose: 'ingest' } as const;

  // Whatever a sender says that it is: it is bytes until it is read here.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: bodyAtMost }, (_request, body, done) => done(null, body));
  // Who sends is asked before what they send is read.
  app.decorateRequest('sender', null);
  app.addHook('onRequest', (request, reply, done) => {
    request.sender = senderOf(intake, request);
    if (request.sender && access.decide(device, 'fixes.send', 'ingest', 'supervision').allowed) return done();
    reply.code(401).header('www-authenticate', 'Basic realm="Waymark", Bearer').send({
      error: 'The credential is missing or wrong. A tag signs in with its serial number and secret, a gateway with its secret as Bearer.',
    });
  });

  const take = async (request: FastifyRequest, reply: FastifyReply, decode: (sender: Sender) => Decoded | Promise<Decoded>) => {
    const sender = request.sender as Sender;
    const decoded = await decode(sender);
    if (decoded.fixes.length + decoded.unreadable.length === 0 && !decoded.others)
      return reply.code(400).send({ error: 'There is nothing in the request. Send one fix per line, or a JSON list of fixes.' });
    if (sender.kind === 'tag' && decoded.fixes.some((fix) => fix.tag !== sender.serial)) {
      return reply.code(403).send({ error: `This credential belongs to tag ${sender.serial}; it can send for no other.` });
    }
    const { eventsAdded, conflicting, ...receipt } = await intake.accept(decoded, sender);
    metrics.countFixes(receipt);
    return { ...receipt, eventsAdded, conflicting };
  };

  const config = { open: true, api: true, rateLimit: false as const };

  app.post(
    '/ingest/waymark',
    {
      config,
      schema: schema(
        'sendFixes',
        'Send fixes as newline-delimited JSON',
        'One object per line, or a JSON list of them: tag, at (ISO 8601 with offset), lat, lon; optionally accuracy, speed, heading, method, battery, seq, events. May be packed with gzip, deflate, br or zstd.',
      ),
    },
    (request, reply) => take(request, reply, async () => decodeWaymark(await readText(request))),
  );
  app.post(
    '/ingest/owntracks',
    {
      config,
      schema: schema('sendOwnTracks', 'Send an OwnTracks message', 'The tag is the one that signs in by Basic credentials.'),
    },
    async (request, reply) => {
      const sent = await take(request, reply, async (sender) => {
        const tag = sender.kind === 'tag' ? sender.serial : ownTracksDevice(request);
        try {
          return decodeOwnTracks(jsonOf(await readText(request)), tag);
        } catch (error) {
          // The app does not look at the answer and forgets what it sent: it is kept as it came.
          const whole = `base64 ${(request.body as Buffer).toString('base64')}`;
          return { fixes: [], unreadable: [{ line: 1, field: 'body', value: '', message: (error as Error).message, whole }] };
        }
      });
      // The OwnTracks client expects a list of messages for it.
      return reply.sent || reply.statusCode !== 200 ? sent : [];
    },
  );
  app.post(
    '/ingest/traccar',
    {
      config,
      schema: schema('sendTraccar', 'Receive Traccar position forwarding', 'Set forward.type=json and a gateway secret in forward.header.'),
    },
    (request, reply) =>
      take(request, reply, async () => {
        const body = jsonOf(await readText(request));
        if (typeof body === 'string') throw new UnreadableBodyError(400, 'The body is not JSON. Set forward.type=json in Traccar.');
        return decodeTraccar(body);
      }),
  );
}

function ownTracksDevice(request: FastifyRequest): string {
  return String(request.headers['x-limit-d'] ?? request.headers['x-limit-u'] ?? '');
}

/** @throws UnreadableBodyError */
async function readText(request: FastifyRequest): Promise<string> {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return textOf(await unpack(body, request.headers['content-encoding']), request.headers['content-type']);
}

/** Who sends: a gateway by its secret, a tag by its serial number and secret. */
function senderOf(intake: Intake, request: FastifyRequest): Sender | null {
  const header = request.headers.authorization ?? '';
  const bearer = /^Bearer (\S+)$/i.exec(header)?.[1];
  if (bearer) return intake.authenticate(bearer);
  const basic = /^Basic (\S+)$/i.exec(header)?.[1];
  if (!basic) return null;
  const [user, ...secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return intake.authenticate(secret.join(':'), user);
}
