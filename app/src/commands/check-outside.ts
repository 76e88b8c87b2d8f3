import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { createTransport } from 'nodemailer';
import type { Config } from '../config.ts';
import { openDatabase } from '../platform/database.ts';
import { OpenIdSignIn } from '../platform/sign-in/openid.ts';
import { brokerInWords } from '../supervision/index.ts';

/** One system outside that the configuration names, and what is wrong with it; null where it does what it should. */
export interface Checked {
  system: string;
  wrong: string | null;
}

const answersWithinMs = 10_000;

/** Tries every system that the configuration names, one after the other, and changes nothing in any of them. */
export async function checkOutside(config: Config): Promise<Checked[]> {
  const all: [string, () => Promise<unknown>][] = [];
  const { DATABASE_URL, OIDC_ISSUER, MQTT_URL, SMTP_URL } = config;
  if (DATABASE_URL)
    all.push([
      'PostgreSQL (DATABASE_URL)',
      async () => {
        const database = await openDatabase({ url: DATABASE_URL });
        await database.executeSql('SELECT 1').finally(() => database.close());
      },
    ]);
  if (OIDC_ISSUER)
    all.push([
      'identity provider (OIDC_ISSUER)',
      () =>
        new OpenIdSignIn({
          issuer: OIDC_ISSUER,
          clientId: config.OIDC_CLIENT_ID ?? '',
          clientSecret: config.OIDC_CLIENT_SECRET ?? '',
          roleClaim: config.OIDC_ROLE_CLAIM,
          publicUrl: config.WAYMARK_PUBLIC_URL ?? 'http://127.0.0.1',
          scope: config.OIDC_SCOPE,
        }).check(),
    ]);
  if (MQTT_URL) all.push(['MQTT broker (MQTT_URL)', () => checkBroker(config, MQTT_URL)]);
  if (SMTP_URL)
    all.push([
      'mail server (SMTP_URL)',
      () => createTransport({ url: SMTP_URL, connectionTimeout: answersWithinMs, greetingTimeout: answersWithinMs } as never).verify(),
    ]);
  const found: Checked[] = [];
  for (const [system, check] of all)
    found.push({
      system,
      wrong: await check().then(
        () => null,
        (error: Error) => error.message,
      ),
    });
  return found;
}

/** Connects with a client id of its own and asks to read, in a session that ends with it. */
async function checkBroker(config: Config, url: string): Promise<void> {
  let isSubscribing = false;
  const client = mqtt.connect(url, {
    clientId: `${config.MQTT_CLIENT_ID}-check-${process.pid}`,
    clean: true,
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: answersWithinMs,
    ...(config.MQTT_CA ? { ca: readFileSync(config.MQTT_CA) } : {}),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
    });
    isSubscribing = true;
    // Not the shared topics: a share of what tags send would come here and be lost.
    await client.subscribeAsync('waymark/tags/+/check', { qos: 1 });
  } catch (error) {
    throw brokerInWords(error, url, isSubscribing);
  } finally {
    await client.endAsync(true).catch(() => undefined);
  }
}
