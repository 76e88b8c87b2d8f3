import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { version } from '../../version.ts';

const sources = join(import.meta.dirname, '../..');

/** What each operation answers, by its id, and what those schemas lead to: written from types by `npm run answers`. */
interface Answers {
  operations: Record<string, object>;
  schemas: Record<string, object>;
}

interface Operation {
  operationId?: string;
  parameters?: unknown[];
  requestBody?: unknown;
  responses?: Record<string, unknown>;
}

/** What is wrong, in words, and in which field where it is in one. */
const Problem = {
  type: 'object',
  description: 'What is wrong and what to do about it, in words',
  properties: { error: { type: 'string' }, field: { type: 'string', description: 'Which field of the request it is about' } },
  required: ['error'],
  additionalProperties: false,
};
const refusals: Record<number, [said: string, example: string]> = {
  400: ['The request cannot be used; the message says where and why', 'Give from and to as ISO 8601 times.'],
  401: [
    'Nobody is signed in: the token or secret is missing, wrong, revoked or too old',
    'Sign in, or send an API token as a Bearer credential.',
  ],
  403: ['The role, or what the token was made for, does not allow it', 'Your role does not allow this.'],
  404: ['There is no such thing, or it may not be seen', 'There is no such subject.'],
  413: ['More than is taken at once', 'The request is larger than 64 MB once unpacked. Send it in parts.'],
  429: ['More than is taken in a minute; Retry-After says when to go on', 'Rate limit exceeded, retry in 20 seconds'],
  500: [
    'Our fault; the answer bears x-request-id, by which it is found',
    'Something went wrong on our side. It has been noted. Try again in a moment.',
  ],
  503: [
    'Not at the moment, and nothing of it was stored; send it again',
    'This cannot be stored at the moment, and nothing of it was acknowledged. Send it again in a few seconds.',
  ],
  507: ['There is no room left on the disk, and nothing of it was stored', 'There is no room left to store this.'],
};

function readAll<T extends object>(name: string): T[] {
  return globSync(`*/${name}`, { cwd: sources }).map((file) => JSON.parse(readFileSync(join(sources, file), 'utf8')) as T);
}

/** Has every route that comes after described. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  const answers = readAll<Answers>('api-answers.json');
  const operations = Object.assign({}, ...answers.map((own) => own.operations)) as Answers['operations'];
  const schemas = Object.assign({}, ...answers.map((own) => own.schemas)) as Answers['schemas'];
  const examples = Object.assign({}, ...readAll('api-examples.json')) as Record<string, unknown>;
  const complete = (url: string, operation: Operation) => {
    const { operationId = '', parameters = [], requestBody } = operation;
    const isIngest = url.startsWith('/ingest/');
    const isStream = operationId.startsWith('follow');
    const codes = [
      ...(parameters.length > 0 || requestBody || isIngest ? [400] : []),
      401,
      403,
      ...(url.includes('{') ? [404] : []),
      ...(requestBody || isIngest ? [413, 507] : []),
      ...(isIngest ? [] : [429]),
      500,
      503,
    ];
    const type = url.endsWith('.geojson') ? 'application/geo+json' : 'application/json';
    const example = examples[operationId];
    const success = isStream
      ? { 'text/event-stream': { schema: { type: 'string', description: 'Server-sent events: `event`, and `data` as JSON' } } }
      : { [type]: { schema: operations[operationId], ...(example === undefined ? {} : { examples: { example: { value: example } } }) } };
    operation.responses = {
      200: { description: isStream ? 'A stream that stays open for five minutes' : 'As asked', content: success },
      ...Object.fromEntries(
        codes
          .sort((a, b) => a - b)
          .map((code) => {
            const [description, error] = refusals[code] as [string, string];
            const content = { schema: { $ref: '#/components/schemas/Problem' }, examples: { example: { value: { error } } } };
            return [code, { description, content: { 'application/json': content } }];
          }),
      ),
    };
  };
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Waymark',
        version,
        description:
          'Positions and crimes in, verdicts out. Staff programs send an API token as Bearer; tags and gateways their own secrets.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' }, tag: { type: 'http', scheme: 'basic' } } },
    },
    hideUntagged: true,
    // Answers are described by the types that the code is checked by, and written as they are: no description leaves out a field of one.
    transformObject: (documented) => {
      if (!('openapiObject' in documented)) return documented.swaggerObject;
      const { openapiObject } = documented;
      const paths = (openapiObject.paths ?? {}) as Record<string, Record<string, Operation>>;
      for (const [url, methods] of Object.entries(paths)) for (const operation of Object.values(methods)) complete(url, operation);
      openapiObject.components = { ...openapiObject.components, schemas: { ...schemas, Problem } as never };
      return openapiObject;
    },
  });
}

/** The description of the API, for programs and for people. */
export async function showApiDocs(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/api/docs')) route.config = { ...route.config, open: true };
  });
  await app.register(swaggerUi, { routePrefix: '/api/docs', staticCSP: true, theme: { title: 'Waymark API' } });
}
