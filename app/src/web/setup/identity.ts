import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { ConfigError } from '../../config.ts';
import { type DemoProvider, demoMount, startDemoProvider } from '../../platform/sign-in/demo-provider.ts';
import { OpenIdSignIn } from '../../platform/sign-in/openid.ts';
import type { House } from '../kit.ts';
import type { Readiness } from './health-routes.ts';

/** The identity provider is asked so often whether it is there, ms; one that is away sooner. */
const askEveryMs = 60_000;
const askSoonMs = 5_000;

/** Who says who somebody is: the agency's identity provider, or on a trial one of our own with accounts without a password. */
export class Identity {
  #openId: OpenIdSignIn | null = null;
  #demo: DemoProvider | null = null;
  #asking: NodeJS.Timeout | null = null;
  /** Whether pages go by https. */
  isSecure: boolean;

  constructor(isSecure: boolean) {
    this.isSecure = isSecure;
  }

  /** Null until the server listens. */
  get openId(): OpenIdSignIn | null {
    return this.#openId;
  }

  get demo(): DemoProvider | null {
    return this.#demo;
  }

  /** Answers what the trial's own provider is asked. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#demo || !request.url?.startsWith(`${demoMount}/`)) return false;
    this.#demo.handle(request, response);
    return true;
  }

  /**
   * Begins once it is known where the server can be reached.
   * @throws ConfigError where accounts without a password are not allowed
   */
  async begin(house: House, host: string, publicUrl: string, log: Logger, readiness: Map<string, Readiness>): Promise<void> {
    const { config, folder } = house;
    this.isSecure = publicUrl.startsWith('https://');
    const roleClaim = config.OIDC_ROLE_CLAIM;
    if (!config.OIDC_ISSUER) {
      checkDemoAccounts(house, host);
      this.#demo = startDemoProvider(publicUrl, folder.secret('demo-sign-in'));
      const { issuer, clientId, clientSecret } = this.#demo;
      this.#openId = new OpenIdSignIn({ issuer, clientId, clientSecret, roleClaim, publicUrl, scope: 'openid waymark' });
      return;
    }
    const provider = new OpenIdSignIn({
      issuer: config.OIDC_ISSUER,
      clientId: config.OIDC_CLIENT_ID ?? '',
      clientSecret: config.OIDC_CLIENT_SECRET ?? '',
      roleClaim,
      publicUrl,
      scope: config.OIDC_SCOPE,
    });
    this.#openId = provider;
    // A provider that is away is no reason to take no positions: it is told, and asked again.
    let wrong: string | null = null;
    const ask = () =>
      provider.check().then(
        () => {
          wrong = null;
        },
        (error: Error) => {
          if (wrong === null) log.error({ error: error.name, message: error.message }, 'identity provider');
          wrong = error.message;
        },
      );
    await ask();
    const again = () => {
      this.#asking = setTimeout(() => void ask().then(again), wrong === null ? askEveryMs : askSoonMs).unref();
    };
    again();
    readiness.set('sign-in', () => wrong);
  }

  end(): void {
    if (this.#asking) clearTimeout(this.#asking);
  }
}

/**
 * Accounts without a password are for a trial with fictional people, on the machine itself.
 * @throws ConfigError
 */
function checkDemoAccounts({ config, folder }: House, host: string): void {
  const isHere = (name: string) => /^(127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/.test(name);
  const remedy = 'Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET; see docs/operators.md.';
  if (!isHere(host) || (config.WAYMARK_PUBLIC_URL && !isHere(new URL(config.WAYMARK_PUBLIC_URL).hostname)))
    throw new ConfigError(
      `Demo accounts have no password, and are refused where others than this machine can reach them (${host}). ${remedy}`,
    );
  if (config.NODE_ENV !== 'test' && !folder.isTrial)
    throw new ConfigError(
      `Demo accounts have no password, and are refused on ${folder.path}: neither the fictional town nor “import --register” made it. ${remedy}`,
    );
}
