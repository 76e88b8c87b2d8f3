import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import Provider, { type AdapterFactory, type JWK } from 'oidc-provider';

/**
 * A real OpenID provider in a process of its own: `provider.ts PORT CALLBACK LOGOUT`. What happens to accounts is told it by lines of
 * JSON on its input: `{"accounts": {id: claims}, "next": id, "keys": [JWK]}`; whoever comes next is signed in as `next` without being
 * asked, and what it says is signed with `keys` from then on.
 */
const [port = '', publicUrl = ''] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
let accounts: Record<string, Record<string, unknown>> = {};
let next = '';

/** What it knows of sessions and tokens goes on when its keys change. */
const { createMemoryAdapter } = createRequire(import.meta.url)('oidc-provider/lib/adapters/memory_adapter.js') as {
  createMemoryAdapter(): AdapterFactory;
};
const adapter = createMemoryAdapter();

const providerWith = (keys?: JWK[]) =>
  new Provider(issuer, {
    adapter,
    ...(keys ? { jwks: { keys } } : {}),
    clients: [
      {
        client_id: 'waymark',
        client_secret: 'a secret of the test alone, long enough',
        redirect_uris: [`${publicUrl}/sign-in/callback`],
        post_logout_redirect_uris: [`${publicUrl}/sign-in`],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        backchannel_logout_uri: `${publicUrl}/sign-in/back-channel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    cookies: { keys: ['a key of the test alone'] },
    claims: { openid: ['sub', 'sid'], profile: ['name', 'realm_access'] },
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => {
          context.body = form;
        },
      },
    },
    // It tells addresses of this machine too, which a provider in the world had better not.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    issueRefreshToken: async () => true,
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, id) => (accounts[id] ? { accountId: id, claims: async () => ({ sub: id, ...accounts[id] }) } : undefined),
    loadExistingGrant: async (context) => {
      const { client, session } = context.oidc;
      if (!client || !session?.accountId) return undefined;
      const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
  });
let provider = providerWith();
let callback = provider.callback();
createServer((request, response) => {
  if (request.url?.startsWith('/interaction/'))
    void provider.interactionFinished(request, response, { login: { accountId: next } }, { mergeWithLastSubmission: false });
  else void callback(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));

process.stdin.setEncoding('utf8').on('data', (text) => {
  for (const line of String(text).split('\n').filter(Boolean)) {
    const told = JSON.parse(line) as { accounts?: typeof accounts; next?: string; keys?: JWK[] };
    ({ accounts = accounts, next = next } = told);
    if (told.keys) {
      provider = providerWith(told.keys);
      callback = provider.callback();
    }
    console.log('told');
  }
});
