import { generateKeyPairSync } from 'node:crypto';
import { buildPushPayload, type PushSubscription } from '@block65/webcrypto-web-push';
import { noAnswer } from './no-answer.ts';
import { GoneError } from './outbox.ts';

/** What push services know this installation by: an elliptic curve key pair (P-256), base64url. */
export interface PushKeys {
  publicKey: string;
  privateKey: string;
}

export interface PushSettings {
  /** Where a push service reaches whoever runs this: `mailto:…` or `https://…`. */
  contact: string;
  /** Push services that messages may go to: whole names, or `*.` and the end of one. */
  hosts: readonly string[];
  keys: PushKeys;
}

/** A push service keeps a message for a device that is switched off so long at most, and so long at least, seconds. */
const keptAtMostS = 4 * 3600;
const keptAtLeastS = 60;
/** Of what a browser gives: an address, and two keys. */
const longest = 1000;
const key = /^[\w-]{16,120}={0,2}$/;

/** A new pair of keys. Whoever loses them loses every subscription. */
export function makePushKeys(): PushKeys {
  const { d = '', x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return { publicKey: point.toString('base64url'), privateKey: d };
}

/**
 * Messages to a browser of somebody's own, by Web Push (RFC 8030, 8291, 8292). The push service that the browser's maker runs carries
 * them and cannot read them: it learns that this device was sent something, and when.
 */
export class Push {
  readonly #settings: PushSettings;
  readonly #patienceMs: number;

  constructor(settings: PushSettings, patienceMs: number) {
    this.#settings = settings;
    this.#patienceMs = patienceMs;
  }

  /** What a browser asks its push service for a subscription with. */
  get publicKey(): string {
    return this.#settings.keys.publicKey;
  }

  /** Why a subscription cannot be used, in words for whoever runs the server; null when it can. */
  faultOf(target: string): string | null {
    const subscription = subscriptionIn(target);
    if (!subscription) return 'This is no subscription of a browser.';
    const { host, protocol, username, password } = new URL(subscription.endpoint);
    const isKnown = this.#settings.hosts.some((own) =>
      // A port is asked only where it is named.
      own.startsWith('*.') ? host.endsWith(own.slice(1)) : own === host,
    );
    if (protocol !== 'https:' || username || password || !isKnown)
      return `Push messages may not go to ${host}. Whoever runs the server allows push services with WAYMARK_PUSH_HOSTS.`;
    return null;
  }

  /** @throws Error with what went wrong, in words for an operator */
  async send(
    target: string,
    { subject, text, id, goodUntil }: { subject: string; text: string; id: string; goodUntil?: number },
  ): Promise<void> {
    const subscription = subscriptionIn(target) as PushSubscription;
    // The same again, after an attempt that nobody heard the end of, takes the place of the one before.
    const topic = id.replaceAll(/[^\w-]/g, '').slice(0, 32);
    const { keys, contact } = this.#settings;
    const leftS = goodUntil === undefined ? keptAtMostS : Math.floor((goodUntil - Date.now()) / 1000);
    const ttl = Math.max(keptAtLeastS, Math.min(keptAtMostS, leftS));
    const payload = await buildPushPayload(
      { data: { title: subject, text, tag: topic }, options: { ttl, topic, urgency: 'high' } },
      subscription,
      { ...keys, subject: contact },
    );
    let response: Response;
    try {
      response = await fetch(subscription.endpoint, { ...payload, redirect: 'error', signal: AbortSignal.timeout(this.#patienceMs) });
    } catch (error) {
      throw noAnswer(error, this.#patienceMs);
    }
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) throw new GoneError('The browser takes no messages any more');
    if (!response.ok) throw new Error(`The push service answered with ${response.status}`);
  }
}

/** What a browser gave; null where it is nothing of the kind. */
function subscriptionIn(target: string): PushSubscription | null {
  try {
    if (target.length > longest) return null;
    const { endpoint, keys } = JSON.parse(target) as Partial<PushSubscription>;
    if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return null;
    if (![keys?.auth, keys?.p256dh].every((own) => typeof own === 'string' && key.test(own))) return null;
    return { endpoint, expirationTime: null, keys: { auth: keys?.auth ?? '', p256dh: keys?.p256dh ?? '' } };
  } catch {
    return null;
  }
}
