import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import type { SignInRole } from '../access.ts';
import { ToldError } from '../told-error.ts';
import { NoRoleError, roleOfClaims } from './role-of-claims.ts';

export interface OpenIdSettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  roleClaim: string;
  publicUrl: string;
  scope: string;
}

/** What is kept between leaving for the identity provider and coming back. */
export interface SignInAttempt {
  verifier: string;
  state: string;
  nonce: string;
  returnTo: string;
}

export interface SignedIn {
  id: string;
  name: string;
  role: SignInRole;
}

/** What the provider gave with a sign-in. */
export interface Tokens {
  /** Its own number of the session, by which it may end it. */
  providerSession: string | null;
  /** With it the provider is asked again; null where it gives none. */
  refresh: string | null;
  id: string | null;
}

/** The identity provider cannot be used as it is; the message says why and what to do. No secret is told. */
export class SignInProviderError extends ToldError {
  override name = 'SignInProviderError';
}

const backChannelEvent = 'http://schemas.openid.net/event/backchannel-logout';
/** A notice of a logout is taken for so long after it was made, seconds. */
const noticeAgeS = 180;
/** A key that is not known is asked for at the provider, which may have new ones; once in so long, ms, however many such notices come. */
const newKeysEveryMs = 1000;

/** Sign-in by OpenID Connect's authorization code flow with PKCE. */
export class OpenIdSignIn {
  readonly #settings: OpenIdSettings;
  #configuration: Promise<client.Configuration> | null = null;
  #keys: ReturnType<typeof createRemoteJWKSet> | null = null;

  constructor(settings: OpenIdSettings) {
    this.#settings = { ...settings, publicUrl: settings.publicUrl.replace(/\/+$/, '') };
  }

  async #configure(): Promise<client.Configuration> {
    const { issuer } = this.#settings;
    // Whether an issuer ends with a slash is the provider's to say, and easily mistyped.
    const other = issuer.endsWith('/') ? issuer.replace(/\/+$/, '') : `${issuer}/`;
    this.#configuration ??= this.#discover(issuer).catch((error: unknown) =>
      /ATTRIBUTE_COMPARISON/.test(String((error as { code?: unknown }).code)) || /404|unexpected HTTP response/i.test(String(error))
        ? this.#discover(other).catch(() => {
            throw error;
          })
        : Promise.reject(error),
    );
    try {
      return await this.#configuration;
    } catch (error) {
      this.#configuration = null;
      throw inWords(error, this.#settings);
    }
  }

  #discover(issuer: string): Promise<client.Configuration> {
    const { clientId, clientSecret } = this.#settings;
    const insecure = issuer.startsWith('http://') ? { execute: [client.allowInsecureRequests], timeout: 10 } : { timeout: 10 };
    return client.discovery(new URL(issuer), clientId, clientSecret, undefined, insecure);
  }

  /**
   * Asks the provider whether it is there and knows this client and its secret; nobody signs in.
   * @throws SignInProviderError
   */
  async check(): Promise<void> {
    const configuration = await this.#configure();
    const { issuer } = configuration.serverMetadata();
    const path = `${this.#settings.publicUrl}/sign-in/callback?code=none&state=none&iss=${encodeURIComponent(issuer)}`;
    try {
      // No provider knows this code. One that knows the client says so; one that does not says that instead.
      await client.authorizationCodeGrant(configuration, new URL(path), {
        expectedState: 'none',
        pkceCodeVerifier: client.randomPKCECodeVerifier(),
      });
    } catch (error) {
      if ((error as { error?: unknown }).error === 'invalid_grant') return;
      throw inWords(error, this.#settings);
    }
  }

  /** @throws SignInProviderError */
  async begin(returnTo: string): Promise<{ url: string; attempt: SignInAttempt }> {
    const configuration = await this.#configure();
    const attempt = { verifier: client.randomPKCECodeVerifier(), state: client.randomState(), nonce: client.randomNonce(), returnTo };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: `${this.#settings.publicUrl}/sign-in/callback`,
      scope: this.#settings.scope,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
      state: attempt.state,
      nonce: attempt.nonce,
    });
    return { url: url.href, attempt };
  }

  /** @throws NoRoleError when the provider names no role that is known here, or two; SignInProviderError */
  async finish(path: string, attempt: SignInAttempt): Promise<{ user: SignedIn; tokens: Tokens }> {
    const configuration = await this.#configure();
    let given: Awaited<ReturnType<typeof client.authorizationCodeGrant>>;
    try {
      given = await client.authorizationCodeGrant(configuration, new URL(path, this.#settings.publicUrl), {
        pkceCodeVerifier: attempt.verifier,
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
      });
    } catch (error) {
      throw inWords(error, this.#settings);
    }
    const claims = given.claims();
    if (!claims) throw new NoRoleError('Your identity provider did not say who you are.');
    const user = this.#userOf(claims);
    const providerSession = typeof claims.sid === 'string' ? claims.sid : null;
    return { user, tokens: { providerSession, refresh: given.refresh_token ?? null, id: given.id_token ?? null } };
  }

  /**
   * Asks the provider again who somebody is.
   * @returns null where it does not vouch for them any more: the account is disabled or the session ended there, or no role is left
   * @throws SignInProviderError where it cannot be asked
   */
  async renew(refresh: string, subject: string): Promise<{ user: SignedIn; tokens: Pick<Tokens, 'refresh' | 'id'> } | null> {
    const configuration = await this.#configure();
    try {
      const given = await client.refreshTokenGrant(configuration, refresh);
      const claims = given.claims() ?? (await client.fetchUserInfo(configuration, given.access_token, subject));
      if (claims.sub !== subject) return null;
      return { user: this.#userOf(claims), tokens: { refresh: given.refresh_token ?? refresh, id: given.id_token ?? null } };
    } catch (error) {
      const { error: said, status } = error as { error?: unknown; status?: number };
      if (error instanceof NoRoleError || said === 'invalid_grant' || status === 401 || status === 403) return null;
      throw inWords(error, this.#settings);
    }
  }

  /** Where somebody goes so that the provider's session ends too; null where it offers no such thing. */
  async endUrl(idToken: string | null): Promise<string | null> {
    const configuration = await this.#configure();
    if (!configuration.serverMetadata().end_session_endpoint) return null;
    return client.buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: `${this.#settings.publicUrl}/sign-in`,
      ...(idToken ? { id_token_hint: idToken } : {}),
    }).href;
  }

  /**
   * Reads the provider's notice that a session or all of somebody's have ended (OpenID Connect Back-Channel Logout 1.0, 2.6).
   * @returns null where it is not the provider's, or no such notice
   */
  async readLogout(token: string): Promise<{ subject: string | null; providerSession: string | null } | null> {
    const configuration = await this.#configure();
    const { issuer, jwks_uri } = configuration.serverMetadata();
    if (!jwks_uri) return null;
    this.#keys ??= createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: newKeysEveryMs });
    try {
      const { payload } = await jwtVerify(token, this.#keys, { issuer, audience: this.#settings.clientId, maxTokenAge: noticeAgeS });
      const events = payload.events as Record<string, unknown> | undefined;
      if (!events || !(backChannelEvent in events) || 'nonce' in payload) return null;
      const found = { subject: payload.sub ?? null, providerSession: typeof payload.sid === 'string' ? payload.sid : null };
      return found.subject || found.providerSession ? found : null;
    } catch {
      return null;
    }
  }

  #userOf(claims: Record<string, unknown> & { sub: string }): SignedIn {
    const role = roleOfClaims(claims, this.#settings.roleClaim);
    return { id: claims.sub, name: typeof claims.name === 'string' ? claims.name : claims.sub, role };
  }
}

/** What a provider or a network says, with the remedy. */
function inWords(error: unknown, { issuer, clientId, publicUrl }: OpenIdSettings): SignInProviderError {
  const parts: string[] = [];
  for (let own: unknown = error; own instanceof Error && parts.length < 4; own = own.cause) {
    const { error: said, error_description: more, code } = own as { error?: unknown; error_description?: unknown; code?: unknown };
    parts.push([own.message, said, more, code].filter((part) => typeof part === 'string').join(' '));
  }
  const said = parts.join('; ');
  const remedy = () => {
    if (/invalid_client|unauthorized_client/.test(said))
      return `it does not know the client “${clientId}” with this secret. Look at OIDC_CLIENT_ID and OIDC_CLIENT_SECRET`;
    if (/redirect_uri/.test(said))
      return `it does not allow ${publicUrl}/sign-in/callback. Add that address at the provider, or look at WAYMARK_PUBLIC_URL`;
    if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|fetch failed|timed? ?out|ETIMEDOUT/i.test(said))
      return 'nothing answers there. Is it running, and is OIDC_ISSUER right?';
    if (/certificate|self.signed|UNABLE_TO/i.test(said))
      return 'its certificate is not trusted here. Name its authority in NODE_EXTRA_CA_CERTS';
    if (/ATTRIBUTE_COMPARISON|HTTP response|404/i.test(said))
      return 'there is no provider of that name. Look at OIDC_ISSUER: it is the address that its own configuration calls “issuer”';
    return 'it does not answer as an OpenID provider does';
  };
  return new SignInProviderError(`The identity provider ${issuer}: ${remedy()} (${said.slice(0, 300)}).`, { cause: error });
}
