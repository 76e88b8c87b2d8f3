import { createGunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { WebKit } from '../web/server.ts';
import { decodeOwnTracks } from './fixes/decode-owntracks.ts';
import { decodeTraccar } from './fixes/decode-traccar.ts';
import { decodeWaymark } from './fixes/decode-waymark.ts';
import type { Sender } from './fixes/intake.ts';
import type { Decoded } from './fixes/raw-fix.ts';

/** Largest body once unpacked: a small packed one must not fill the memory. */
const bodyAtMost = 64 * 1024 * 1024;

const Receipt = Type.Object(
  {
    receipt: Type.Integer({ description: 'Number of the durable receipt' }),
    accepted: Type.Integer(),
    duplicates: Type.Integer({ description: 'Same tag and time as a fix that is stored already' }),
    quarantined: Type.Integer({ description: 'Kept apart with a reason; nobody’s position until released' }),
  },
  { description: 'Given only after everything in the request is on disk' },
);
const Refusal = Type.Object({ error: Type.String() });

/** Addresses that tags and gateways send to. */
export function ingestRoutes(app: FastifyInstance, { waymark, metrics }: WebKit): void {
  const { intake, access } = waymark;
  const device = { role: 'device', purpose: 'ingest' } as const;

  app.addContentTypeParser(
    ['application/x-ndjson', 'application/ndjson', 'text/plain', 'application/octet-stream'],
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  );
  app.addHook('preParsing', async (request, _reply, payload) => {
    const encoding = request.headers['content-encoding'];
    if (encoding !== 'gzip') return payload;
    delete request.headers['content-encoding'];
    delete request.headers['content-length'];
    const gunzip = createGunzip();
    let size = 0;
    gunzip.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > bodyAtMost) gunzip.destroy(Object.assign(new Error('The body is larger than 64 MB once unpacked.'), { statusCode: 413 }));
    });
    gunzip.on('error', (error) => Object.assign(error, { statusCode: (error as { statusCode?: number }).statusCode ?? 400 }));
    return payload.pipe(gunzip);
  });

  const senderOf = (request: FastifyRequest): Sender | null => {
    const header = request.headers.authorization ?? '';
    const bearer = /^Bearer (\S+)$/i.exec(header)?.[1];
    if (bearer) return intake.authenticate(bearer);
    const basic = /^Basic (\S+)$/i.exec(header)?.[1];
    if (!basic) return null;
    const [user, ...secret] = Buffer.from(basic, 'base64').toString('utf8').split(':');
    return intake.authenticate(secret.join(':'), user);
  };

  const take = async (request: FastifyRequest, reply: FastifyReply, decode: (sender: Sender) => Decoded) => {
    const sender = senderOf(request);
    if (!sender || !access.decide(device, 'fixes.send', 'ingest', 'supervision').allowed) {
      return reply.code(401).header('www-authenticate', 'Basic realm="Waymark", Bearer').send({
        error: 'The credential is missing or wrong. A tag signs in with its serial number and secret, a gateway with its secret as Bearer.',
      });
    }
    const decoded = decode(sender);
    if (sender.kind === 'tag' && decoded.fixes.some((fix) => fix.tag !== sender.serial)) {
      return reply.code(403).send({ error: `This credential belongs to tag ${sender.serial}; it can send for no other.` });
    }
    const receipt = await intake.accept(decoded, sender);
    metrics.fixes.inc({ outcome: 'accepted' }, receipt.accepted);
    metrics.fixes.inc({ outcome: 'duplicate' }, receipt.duplicates);
    metrics.fixes.inc({ outcome: 'quarantined' }, receipt.quarantined);
    return receipt;
  };

  const schema = (summary: string, description: string) => ({
    tags: ['Fixes'],
    summary,
    description,
    security: [{ tag: [] }, { token: [] }] as Record<string, string[]>[],
    response: { 200: Receipt, '4xx': Refusal },
  });
  const config = { open: true, api: true, rateLimit: false as const };

  app.post(
    '/ingest/waymark',
    {
      config,
      schema: schema(
        'Send fixes as newline-delimited JSON',
        'One object per line: tag, at (ISO 8601 with offset), lat, lon; optionally accuracy, speed, heading, method, battery, seq, events. gzip is accepted.',
      ),
    },
    (request, reply) => take(request, reply, () => decodeWaymark(textOf(request.body))),
  );
  app.post(
    '/ingest/owntracks',
    {
      config,
      schema: {
        ...schema('Send an OwnTracks message', 'The tag is the one that signs in by Basic credentials.'),
        response: { '4xx': Refusal },
      },
    },
    async (request, reply) => {
      const sent = await take(request, reply, (sender) =>
        decodeOwnTracks(jsonOf(request.body), sender.kind === 'tag' ? sender.serial : ownTracksDevice(request)),
      );
      // The OwnTracks client expects a list of messages for it.
      return reply.sent || reply.statusCode !== 200 ? sent : [];
    },
  );
  app.post(
    '/ingest/traccar',
    { config, schema: schema('Receive Traccar position forwarding', 'Set forward.type=json and a gateway secret in forward.header.') },
    (request, reply) => take(request, reply, () => decodeTraccar(jsonOf(request.body))),
  );
}

function ownTracksDevice(request: FastifyRequest): string {
  return String(request.headers['x-limit-d'] ?? request.headers['x-limit-u'] ?? '');
}

function textOf(body: unknown): string {
  if (Buffer.isBuffer(body)) return body.toString('utf8');
  if (typeof body === 'string') return body;
  return body === null || body === undefined ? '' : JSON.stringify(body);
}

function jsonOf(body: unknown): unknown {
  if (!Buffer.isBuffer(body) && typeof body !== 'string') return body;
  try {
    return JSON.parse(body.toString());
  } catch {
    return body.toString();
  }
}
