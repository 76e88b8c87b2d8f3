import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import Provider from 'oidc-provider';
import type { SignInRole } from '../access.ts';

/** Made-up people who can sign in to a trial. Refused in production by the configuration. */
export const demoAccounts: { id: string; name: string; role: SignInRole; about: string }[] = [
  { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', about: 'Sees that tags are worn and work' },
  { id: 'mo-2', name: 'Tom Ashdown', role: 'monitoring-officer', about: 'Reviews what a colleague puts together' },
  { id: 'ca-1', name: 'Callum Reid', role: 'crime-analyst', about: 'Compares recorded crimes with fixes' },
  { id: 'ca-2', name: 'Priya Nair', role: 'crime-analyst', about: 'A second reviewer' },
  { id: 'om-1', name: 'Grace Lindqvist', role: 'offender-manager', about: 'Keeps lists of people who are managed by several agencies' },
  { id: 'om-2', name: 'Hal Norton', role: 'offender-manager', about: 'A colleague, who is let into a list' },
  { id: 'go-1', name: 'Iris Calloway', role: 'governor', about: 'Plans releases on a tag from a prison' },
  { id: 'sw-1', name: 'Joan Achebe', role: 'support-worker', about: 'Sees what people need and offers help' },
  { id: 'sw-2', name: 'Owen Blake', role: 'support-worker', about: 'A colleague, who approves what another asks for' },
  { id: 'sl-1', name: 'Ruth Adeyemi', role: 'support-lead', about: 'Leads the support team, decides what is challenged' },
  { id: 'sl-2', name: 'Sam Okafor', role: 'support-lead', about: 'A second lead, who agrees to what cannot be undone' },
  { id: 'ds-1', name: 'Ravi Menon', role: 'data-steward', about: 'Brings agencies’ records together, decides doubtful matches' },
  { id: 'fa-1', name: 'Nia Bowen', role: 'fairness-auditor', about: 'Sees whether help is found and offered alike' },
  { id: 'au-1', name: 'Aled Price', role: 'auditor', about: 'Sees who looked at what' },
  { id: 'au-2', name: 'Bea Lloyd', role: 'auditor', about: 'A second auditor, who agrees to what cannot be undone' },
  { id: 'pe-1', name: 'Somebody on a tag, who gets support too', role: 'person', about: 'Sees what is held of them, and answers' },
  { id: 'pe-2', name: 'Somebody else', role: 'person', about: 'Sees what is held of them, and nobody else' },
  { id: 'ad-1', name: 'Ines Duarte', role: 'administrator', about: 'Manages tags, gateways and tokens' },
];

export interface DemoProvider {
  clientId: string;
  clientSecret: string;
  issuer: string;
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Ends the choice of an account; gives the address to go on to. */
  choose(request: IncomingMessage, response: ServerResponse, account: string): Promise<string>;
}

export const demoMount = '/oidc';

/** An OpenID Connect provider inside the server, for trials: no passwords, a list of fictional staff. */
export function startDemoProvider(publicUrl: string, secret: string): DemoProvider {
  const clientId = 'waymark';
  const clientSecret = randomBytes(32).toString('base64url');
  const issuer = `${publicUrl}${demoMount}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${publicUrl}/sign-in/callback`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    cookies: { keys: [secret], short: { signed: true }, long: { signed: true } },
    scopes: ['openid', 'waymark'],
    claims: { openid: ['sub'], waymark: ['name', 'waymark_role'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/demo-sign-in/${interaction.uid}` },
    ttl: { Session: 60, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    findAccount: (_context, id) => {
      const account = demoAccounts.find((known) => known.id === id);
      if (!account) return undefined;
      return { accountId: id, claims: async () => ({ sub: id, name: account.name, waymark_role: account.role }) };
    },
    loadExistingGrant: async (context) => {
      const { client, session } = context.oidc;
      if (!client || !session?.accountId) return undefined;
      const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid waymark');
      await grant.save();
      return grant;
    },
  });
  // Trials run over plain HTTP on one machine; behind a proxy its forwarded scheme counts.
  provider.proxy = true;
  const callback = provider.callback();
  return {
    clientId,
    clientSecret,
    issuer,
    handle: (request, response) => {
      const mounted = request as IncomingMessage & { originalUrl?: string };
      mounted.originalUrl = request.url ?? '/';
      request.url = (request.url ?? '/').slice(demoMount.length) || '/';
      void callback(request, response);
    },
    choose: (request, response, account) =>
      provider.interactionResult(request, response, { login: { accountId: account } }, { mergeWithLastSubmission: false }),
  };
}
