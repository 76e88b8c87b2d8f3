import type { FastifyInstance } from 'fastify';
import { InvalidError } from '../../platform/action.ts';
import type { DeviceKit, DeviceRoutes } from '../kit.ts';
import { setUpFieldChecks } from './bodies.ts';
import { tellAsJson } from './errors.ts';
import { setUpMeasures } from './measures.ts';

/**
 * The addresses that devices send to, in a scope of their own: thousands a second come there, and nobody there has a cookie, a session
 * or a form.
 */
export async function setUpDevices(app: FastifyInstance, kit: DeviceKit, isSecure: boolean, mount: DeviceRoutes): Promise<void> {
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(isSecure ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
  };
  await app.register(async (scope) => {
    scope.addHook('onRequest', (request, reply, done) => {
      reply.headers(headers);
      done(
        /^multipart\//i.test(request.headers['content-type'] ?? '') ? new InvalidError('No files are taken at this address.') : undefined,
      );
    });
    scope.setErrorHandler(tellAsJson);
    setUpMeasures(scope, kit.metrics);
    setUpFieldChecks(scope);
    await mount(scope, kit);
  });
}
