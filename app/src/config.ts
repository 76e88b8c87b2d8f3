import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { ToldError } from './platform/told-error.ts';

/**
 * Configuration comes from environment variables only. Each has a default that suits a trial on one machine; what
 * production must set is refused when missing.
 */
const Config = Type.Object({
  /** development | production */
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('production'), Type.Literal('test')], { default: 'development' }),
  WAYMARK_HOST: Type.String({ default: '127.0.0.1' }),
  WAYMARK_PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65_535 }),
  /** Port of the MQTT broker for tags; 0 takes a free one. */
  WAYMARK_MQTT_PORT: Type.Integer({ default: 1883, minimum: 0, maximum: 65_535 }),
  /** A broker of the operator's own; without it tags connect to the embedded one. */
  MQTT_URL: Type.Optional(Type.String({ pattern: '^mqtts?://' })),
  /** Begins the client ids at that broker; two servers there need different ones. */
  MQTT_CLIENT_ID: Type.String({ default: 'waymark', pattern: '^[\\w-]{1,16}$' }),
  /** File with the certificates (PEM) that the broker's is checked against. */
  MQTT_CA: Type.Optional(Type.String({ minLength: 1 })),
  /** Mail server for alerts, with its sign-in: smtp://user:secret@host:port. Without it no e-mail is sent. */
  SMTP_URL: Type.Optional(Type.String({ pattern: '^smtps?://' })),
  WAYMARK_MAIL_FROM: Type.Optional(Type.String({ pattern: '@' })),
  /** Hosts that webhooks may go to, apart by commas. Without it none. */
  WAYMARK_WEBHOOK_HOSTS: Type.String({ default: '' }),
  /** Gateway for text messages: it is sent {"to", "text"}. */
  WAYMARK_SMS_URL: Type.Optional(Type.String({ pattern: '^https?://' })),
  /** Folder of the embedded stores. */
  WAYMARK_DATA: Type.String({ default: 'data', minLength: 1 }),
  /** Folder with one for each source, in which agencies put files for feeds; `incoming` in the data folder unless given. */
  WAYMARK_INCOMING: Type.Optional(Type.String({ minLength: 1 })),
  /** PostgreSQL; without it records live in the data folder. */
  DATABASE_URL: Type.Optional(Type.String({ pattern: '^postgres(ql)?://' })),
  /** Address that people's browsers use, for sign-in and secure cookies. */
  WAYMARK_PUBLIC_URL: Type.Optional(Type.String({ pattern: '^https?://' })),
  /** The agency's identity provider. Without it demo accounts sign in, never in production. */
  OIDC_ISSUER: Type.Optional(Type.String({ pattern: '^https?://' })),
  OIDC_CLIENT_ID: Type.Optional(Type.String()),
  OIDC_CLIENT_SECRET: Type.Optional(Type.String()),
  /** Claim of the identity token that names the role, or a path to it such as realm_access.roles. */
  OIDC_ROLE_CLAIM: Type.String({ default: 'waymark_role' }),
  /** What is asked of the provider; with `offline_access` some give the token with which they can be asked again. */
  OIDC_SCOPE: Type.String({ default: 'openid profile', pattern: '\\bopenid\\b' }),
  /** 32 characters or more; made once and kept in the data folder when unset outside production. */
  WAYMARK_SESSION_SECRET: Type.Optional(Type.String({ minLength: 32 })),
  /** yes: a second person must review a verdict before it can leave, without seeing the first's decision. */
  WAYMARK_SECOND_REVIEW: Type.Union([Type.Literal('yes'), Type.Literal('no')], { default: 'no' }),
  /** Months that positions are kept after they were taken. */
  WAYMARK_KEEP_POSITIONS_MONTHS: Type.Integer({ default: 24, minimum: 1, maximum: 600 }),
  /** Months that a subject with orders, zones, alerts and reviews is kept after the end of their last order. */
  WAYMARK_KEEP_SUBJECTS_MONTHS: Type.Integer({ default: 72, minimum: 1, maximum: 600 }),
  /** Days after which positions inside a wearer's own home, the place of a curfew, are made into “at home”. Nine weeks at least: pages of compliance and the own habit look back eight. */
  WAYMARK_KEEP_HOME_DETAIL_DAYS: Type.Integer({ default: 90, minimum: 63, maximum: 18_000 }),
  /** yes: people may read their own pages in Welsh. The texts are a draft; have them checked first. */
  WAYMARK_WELSH: Type.Union([Type.Literal('yes'), Type.Literal('no')], { default: 'no' }),
  WAYMARK_TIMEZONE: Type.String({ default: 'Europe/London' }),
  /** yes: an empty data folder is filled with the fictional town. */
  WAYMARK_DEMO: Type.Union([Type.Literal('yes'), Type.Literal('no')], { default: 'yes' }),
  WAYMARK_LOG: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info' },
  ),
  /** Proxies in front that each add to X-Forwarded-For; what others say of addresses is not believed. */
  WAYMARK_PROXIES: Type.Integer({ default: 0, minimum: 0, maximum: 10 }),
  /** Minutes without a request after which somebody must sign in again. */
  WAYMARK_SESSION_IDLE_MINUTES: Type.Integer({ default: 60, minimum: 1, maximum: 1440 }),
  /** Hours after which somebody must sign in again in any case. */
  WAYMARK_SESSION_HOURS: Type.Integer({ default: 12, minimum: 1, maximum: 72 }),
  /** Minutes after which the identity provider is asked again whether somebody still has their role. */
  WAYMARK_ROLES_ASKED_MINUTES: Type.Integer({ default: 5, minimum: 0, maximum: 60 }),
  /** Whoever collects figures from another machine sends it as Bearer to /metrics; without it only this machine may. */
  WAYMARK_METRICS_TOKEN: Type.Optional(Type.String({ minLength: 24 })),
  /** Requests per minute from one address to pages and the API. */
  WAYMARK_RATE_LIMIT: Type.Integer({ default: 600, minimum: 1 }),
  /** Megabytes that the analytical engine may use. */
  WAYMARK_ENGINE_MB: Type.Integer({ default: 1024, minimum: 128 }),
});

export type Config = Static<typeof Config> & {
  /** Agencies' databases that feeds may read, by name: from WAYMARK_AGENCY_DB_HOUSING=postgres://… the name `housing`. */
  agencyDatabases: ReadonlyMap<string, string>;
};

const agencyDatabase = /^WAYMARK_AGENCY_DB_([A-Z0-9_]+)$/;

/** How long supervision keeps what: months, and days for where in their home somebody was. */
export function keepsOf(config: Config): { positions: number; subjects: number; homeDays: number } {
  return {
    positions: config.WAYMARK_KEEP_POSITIONS_MONTHS,
    subjects: config.WAYMARK_KEEP_SUBJECTS_MONTHS,
    homeDays: config.WAYMARK_KEEP_HOME_DETAIL_DAYS,
  };
}

/** A setting is missing or wrong; the message names it, the value and the remedy. */
export class ConfigError extends ToldError {
  override name = 'ConfigError';
}

/**
 * Reads the environment.
 * @throws ConfigError naming every setting that is wrong.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(Config.properties)
      .filter((key) => env[key] !== undefined && env[key] !== '')
      .map((key) => [key, env[key]]),
  );
  const value = Value.Convert(Config, Value.Default(Config, given)) as Record<string, unknown>;
  const problems = [...Value.Errors(Config, value)].map((error) => {
    const name = (error.instancePath || '').replace(/^\//, '').split('/')[0] ?? '';
    const secret = /SECRET|TOKEN|_URL$/.test(name) ? '(not shown)' : JSON.stringify(value[name]);
    return `${name} is ${secret}: ${error.message}`;
  });
  const agencyDatabases = new Map<string, string>();
  for (const [key, url] of Object.entries(env)) {
    const name = agencyDatabase.exec(key)?.[1]?.toLowerCase().replaceAll('_', '-');
    if (!name || !url) continue;
    if (!/^postgres(ql)?:\/\//.test(url))
      problems.push(`${key} is (not shown): Expected an address such as postgres://reader:secret@host/database`);
    else agencyDatabases.set(name, url);
  }
  if (problems.length > 0) throw new ConfigError(`The configuration cannot be used:\n  ${[...new Set(problems)].join('\n  ')}`);
  const config: Config = { ...(value as Static<typeof Config>), agencyDatabases };
  if (config.NODE_ENV === 'production') {
    const missing = (
      ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'WAYMARK_SESSION_SECRET', 'WAYMARK_PUBLIC_URL'] as const
    ).filter((name) => !config[name]);
    if (missing.length > 0) {
      throw new ConfigError(
        `In production these must be set: ${missing.join(', ')}. Demo accounts are refused there. See docs/operators.md.`,
      );
    }
    return { ...config, WAYMARK_DEMO: env.WAYMARK_DEMO === 'yes' ? 'yes' : 'no' };
  }
  return config;
}
