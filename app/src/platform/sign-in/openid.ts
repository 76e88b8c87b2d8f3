import * as client from 'openid-client';
import { purposeOf, type SignInRole } from '../access.ts';

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

/** The identity provider vouches for somebody who has no role here. */
export class NoRoleError extends Error {
  override name = 'NoRoleError';
}

/** Sign-in by OpenID Connect's authorization code flow with PKCE. */
export class OpenIdSignIn {
  readonly #settings: OpenIdSettings;
  #configuration: Promise<client.Configuration> | null = null;

  constructor(settings: OpenIdSettings) {
    this.#settings = settings;
  }

  #configure(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    this.#configuration ??= client
      .discovery(
        new URL(issuer),
        clientId,
        clientSecret,
        undefined,
        issuer.startsWith('http://') ? { execute: [client.allowInsecureRequests] } : undefined,
      )
      .catch((error: unknown) => {
        this.#configuration = null;
        throw error;
      });
    return this.#configuration;
  }

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

  /** @throws NoRoleError when the provider names no role that is known here */
  async finish(path: string, attempt: SignInAttempt): Promise<SignedIn> {
    const configuration = await this.#configure();
    const tokens = await client.authorizationCodeGrant(configuration, new URL(path, this.#settings.publicUrl), {
      pkceCodeVerifier: attempt.verifier,
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
    });
    const claims = tokens.claims();
    const claimed = claims?.[this.#settings.roleClaim];
    const role = (Array.isArray(claimed) ? claimed : [claimed]).find(
      (value) => typeof value === 'string' && Object.hasOwn(purposeOf, value),
    ) as SignInRole | undefined;
    if (!claims || !role) {
      throw new NoRoleError(
        `Your account has no role in Waymark. Ask your administrator to set the claim "${this.#settings.roleClaim}" to one of: ${Object.keys(purposeOf).join(', ')}.`,
      );
    }
    return { id: claims.sub, name: typeof claims.name === 'string' ? claims.name : claims.sub, role };
  }
}
