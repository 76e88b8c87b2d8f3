import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { type Config, ConfigError } from './config.ts';
import { OutsideBroker, TagBroker } from './supervision/index.ts';
import type { Waymark } from './waymark.ts';
import type { WebServer } from './web/setup/server.ts';

function readCertificates(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(`MQTT_CA names ${file}, which cannot be read: ${(error as Error).message}`);
  }
}

/** Two servers at one broker need client ids that differ, and each the same ones after a restart: what waits there waits under them. */
function clientIdOf(config: Config): string {
  if (!config.NATS_URL) return config.MQTT_CLIENT_ID;
  const server = config.WAYMARK_SERVER ?? hostname();
  return `${config.MQTT_CLIENT_ID}-${createHash('sha256').update(server).digest('hex').slice(0, 8)}`;
}

/** The outside broker where one is named, else the embedded one. A taken port is no reason to serve nothing, except in production. */
export async function openBroker(
  config: Config,
  waymark: Waymark,
  { metrics, readiness }: WebServer,
  onFailure: (error: Error) => void,
  say: (text: string) => void,
): Promise<TagBroker | OutsideBroker | null> {
  const onError = (error: unknown) => onFailure(error as Error);
  const onReceipt = (receipt: { accepted: number; duplicates: number; quarantined: number }) => {
    metrics.countFixes(receipt);
  };
  const { intake, access } = waymark;
  if (config.MQTT_URL) {
    const ca = config.MQTT_CA ? readCertificates(config.MQTT_CA) : undefined;
    const outside = await OutsideBroker.connect(intake, access, {
      url: config.MQTT_URL,
      clientId: clientIdOf(config),
      ca,
      onReceipt,
      onError,
    });
    readiness.set('broker', () => outside.trouble);
    return outside;
  }
  try {
    const { WAYMARK_HOST: host, WAYMARK_MQTT_PORT: port, WAYMARK_MQTT_TLS_CERT: certificate, WAYMARK_MQTT_TLS_KEY: key } = config;
    const tls = certificate && key ? { tls: { certificate, key } } : {};
    return await TagBroker.listen(intake, access, { host, port, ...tls, onReceipt, onError });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || config.NODE_ENV === 'production') throw error;
    say(`Port ${config.WAYMARK_MQTT_PORT} is in use, so tags cannot send over MQTT. Choose another with WAYMARK_MQTT_PORT.`);
    return null;
  }
}
