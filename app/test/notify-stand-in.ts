import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jwtVerify } from 'jose';

/** What was sent, as GOV.UK Notify has it. */
export interface Notified {
  id: string;
  to: string;
  template: string;
  personalisation: Record<string, string>;
  reference: string;
}

const service = '26785a09-ab16-4eb0-8407-a37497a57506';
const secret = '3d844edf-8d35-48ac-975b-e847b4f122b0';

/**
 * Speaks GOV.UK Notify's interface as its documentation has it, for a service of one's own: no such server can be had on a machine.
 * Whoever has no token that is signed with the key and made within 30 s is refused, and so is a number that is none.
 */
export async function startNotify() {
  const sent: Notified[] = [];
  const states = new Map<string, string>();
  /** Answered next, instead of sending. */
  const failures: number[] = [];
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const refuse = (status: number, error: string, message: string) =>
      answer(status, { status_code: status, errors: [{ error, message }] });
    let text = '';
    for await (const chunk of request) text += chunk;
    try {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
        algorithms: ['HS256'],
        maxTokenAge: '30s',
        clockTolerance: 2,
      });
      if (payload.iss !== service) throw new Error('another service');
    } catch {
      return refuse(403, 'AuthError', 'Invalid token: API key not found');
    }
    const failure = failures.shift();
    if (failure) return refuse(failure, 'Exception', 'Internal server error');
    const asked = /^\/v2\/notifications\/([\w-]+)$/.exec(request.url ?? '')?.[1];
    if (request.method === 'GET' && asked)
      return states.has(asked) ? answer(200, { id: asked, status: states.get(asked) }) : refuse(404, 'NoResultFound', 'No result found');
    const body = JSON.parse(text);
    const to = body.phone_number ?? body.email_address ?? '';
    if (!/^(\+?\d{8,15}|[^@\s]+@[^@\s]+)$/.test(to)) return refuse(400, 'ValidationError', 'phone_number Not enough digits');
    const id = crypto.randomUUID();
    sent.push({ id, to, template: body.template_id, personalisation: body.personalisation, reference: body.reference });
    states.set(id, 'sending');
    return answer(201, { id, reference: body.reference, content: { body: body.personalisation.text } });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    key: `a_service-${service}-${secret}`,
    sent,
    states,
    failures,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
