import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { ToldError } from './platform/told-error.ts';

/**
 * Configuration comes from environment variables only. Each has a default that suits a trial on one machine; what
 * production must set is refused when missing.
 */
export const Config = Type.Object({
  NODE_ENV: Type.Union([Type.Literal('development'), Type.Literal('production'), Type.Literal('test')], {
    description: 'What it runs for; production refuses what only a trial may do.',
    default: 'development',
  }),
  WAYMARK_HOST: Type.String({ description: 'Address to listen on.', default: '127.0.0.1' }),
  WAYMARK_PORT: Type.Integer({
    description: 'Port of pages, API and fixes over HTTP; 0 takes a free one.',
    default: 3000,
    minimum: 0,
    maximum: 65_535,
  }),
  WAYMARK_MQTT_PORT: Type.Integer({
    description:
      'Where the built-in MQTT broker listens, on `WAYMARK_HOST`. With a certificate it speaks TLS there and nothing else (8883 is usual); without one put a TLS proxy in front of it.',
    default: 1883,
    minimum: 0,
    maximum: 65_535,
  }),
  WAYMARK_MQTT_TLS_CERT: Type.Optional(
    Type.String({
      description:
        'File with the certificate (PEM) that the built-in broker shows, and those up to its authority. Renewed files are taken within a minute.',
      minLength: 1,
    }),
  ),
  WAYMARK_MQTT_TLS_KEY: Type.Optional(Type.String({ description: 'File with the private key (PEM) of that certificate.', minLength: 1 })),
  MQTT_URL: Type.Optional(
    Type.String({
      description: 'A broker of your own (`mqtts://user:password@host`); the built-in one is off then.',
      pattern: '^mqtts?://',
    }),
  ),
  MQTT_CLIENT_ID: Type.String({
    description: 'Begins the client ids at that broker; two servers there need different ones.',
    default: 'waymark',
    pattern: '^[\\w-]{1,16}$',
  }),
  MQTT_CA: Type.Optional(
    Type.String({ description: 'File with the certificates (PEM) that its certificate is checked against.', minLength: 1 }),
  ),
  SMTP_URL: Type.Optional(
    Type.String({
      description: 'Mail server for alerts, with its sign-in: smtp://user:secret@host:port. Without it no e-mail is sent.',
      pattern: '^smtps?://',
    }),
  ),
  WAYMARK_MAIL_FROM: Type.Optional(Type.String({ description: 'Address that alerts by e-mail come from.', pattern: '@' })),
  WAYMARK_WEBHOOK_HOSTS: Type.String({
    description: 'Hosts that webhooks may go to, apart by commas; any other is refused (outside production the machine itself is allowed).',
    default: '',
  }),
  WAYMARK_SMS_URL: Type.Optional(
    Type.String({ description: 'A gateway for text messages: it is sent `{"to", "text"}` by POST.', pattern: '^https?://' }),
  ),
  WAYMARK_REMINDER_NUMBERS: Type.String({
    description: 'What numbers may begin with to which people have reminders sent, apart by commas.',
    pattern: '^\\+[0-9]{1,6}(,\\+[0-9]{1,6})*$',
    default: '+447',
  }),
  WAYMARK_NOTIFY_KEY: Type.Optional(
    Type.String({
      description:
        'Key of a service at GOV.UK Notify, for e-mails and text messages where there is no mail server or gateway of one’s own.',
      minLength: 73,
    }),
  ),
  WAYMARK_NOTIFY_TEXT: Type.Optional(
    Type.String({ description: 'Number of its template for text messages: all that it shows is `((text))`.', format: 'uuid' }),
  ),
  WAYMARK_NOTIFY_EMAIL: Type.Optional(
    Type.String({ description: 'Number of its template for e-mails: it shows `((subject))` and `((text))`.', format: 'uuid' }),
  ),
  WAYMARK_NOTIFY_URL: Type.Optional(
    Type.String({ description: 'Where it answers, where that is not GOV.UK itself.', pattern: '^https?://' }),
  ),
  WAYMARK_ADDRESS_SERVICE: Type.Optional(
    Type.String({
      description:
        'A service that finds addresses where the imported gazetteer knows none: `https://…{query}…`, its key in it. It learns what officers look for.',
      pattern: '^https?://.*\\{query\\}',
    }),
  ),
  WAYMARK_DATA: Type.String({ description: 'Folder of the embedded stores.', default: 'data', minLength: 1 }),
  WAYMARK_INCOMING: Type.Optional(
    Type.String({
      description: 'Folder with one for each source, in which agencies put files for feeds.',
      minLength: 1,
    }),
  ),
  DATABASE_URL: Type.Optional(
    Type.String({
      description: 'PostgreSQL 15 or later for records; without it they live in the data folder.',
      pattern: '^postgres(ql)?://',
    }),
  ),
  WAYMARK_ROLES: Type.String({
    description:
      'What this server does, apart by commas: `web` (pages and API), `intake` (fixes over HTTP and MQTT), `watch` (zones, curfews, tags), `work` (verdicts, linking, feeds, removal). All of it where it is the only one.',
    default: 'web,intake,watch,work',
    pattern: '^(web|intake|watch|work)(,(web|intake|watch|work))*$',
  }),
  WAYMARK_SERVER: Type.Optional(
    Type.String({
      description: 'What this server is called among several; the name of its machine when unset.',
      minLength: 1,
      maxLength: 100,
    }),
  ),
  NATS_URL: Type.Optional(
    Type.String({
      description:
        'Servers of the log that several Waymarks share, apart by commas: `nats://user:secret@host:4222,…`, or `tls://`. Needs DATABASE_URL and WAYMARK_SHARED.',
      pattern: '^(nats|tls)://',
    }),
  ),
  NATS_CA: Type.Optional(Type.String({ description: 'File with the certificates (PEM) that theirs are checked against.', minLength: 1 })),
  WAYMARK_LOG_REPLICAS: Type.Integer({
    description: 'On how many servers of the log each message is; acknowledged is what a majority has on disk.',
    default: 3,
    minimum: 1,
    maximum: 5,
  }),
  WAYMARK_LOG_MB: Type.Integer({
    description: 'Megabytes that the log may hold; what comes when it is full is refused.',
    default: 4096,
    minimum: 64,
  }),
  WAYMARK_SHARED: Type.Optional(
    Type.String({
      description: 'Folder that all servers reach: keys, secrets, runs of verdicts, files for feeds. Needed with NATS_URL.',
      minLength: 1,
    }),
  ),
  WAYMARK_LAKE: Type.Optional(
    Type.String({
      description:
        'Where fixes are kept for years, as Parquet files: a folder that all servers reach, or `s3://bucket/prefix`. Its catalogue is in DATABASE_URL. Without it every server’s own file keeps all of them.',
      minLength: 1,
    }),
  ),
  WAYMARK_LAKE_S3_URL: Type.Optional(
    Type.String({
      description:
        'The object store of an `s3://` lake, with its keys: `https://key:secret@host`, and `?region=` where it asks for one. Characters such as `/` or `+` in the secret are written as in addresses (`%2F`, `%2B`).',
      pattern: '^https?://[^/@:]+:[^/@]+@[^/]+',
    }),
  ),
  WAYMARK_LAKE_EXTENSIONS: Type.Optional(
    Type.String({
      description: 'Folder with DuckDB’s extensions `ducklake`, `postgres_scanner` and `httpfs`; without it DuckDB fetches them itself.',
      minLength: 1,
    }),
  ),
  WAYMARK_LAKE_OWN_DAYS: Type.Integer({
    description:
      'Fixes that were taken more days ago are in the lake alone, and asked there; a week more than WAYMARK_KEEP_HOME_DETAIL_DAYS at least.',
    default: 120,
    minimum: 70,
    maximum: 18_000,
  }),
  WAYMARK_PUBLIC_URL: Type.Optional(
    Type.String({ description: 'Address that browsers use; needed behind a proxy and in production.', pattern: '^https?://' }),
  ),
  OIDC_ISSUER: Type.Optional(
    Type.String({
      description: "The agency's identity provider. Without it demo accounts sign in, never in production.",
      pattern: '^https?://',
    }),
  ),
  OIDC_CLIENT_ID: Type.Optional(Type.String({ description: 'Name of Waymark at the identity provider.' })),
  OIDC_CLIENT_SECRET: Type.Optional(Type.String({ description: 'Secret of Waymark at the identity provider.' })),
  OIDC_ROLE_CLAIM: Type.String({
    description:
      'Claim that names the role, or a path to it such as `realm_access.roles`; one of: monitoring-officer, crime-analyst, offender-manager, governor, support-worker, support-lead, data-steward, fairness-auditor, auditor or administrator; for the people in the data `person`. An account with two of them is refused: supervision and support are kept apart.',
    default: 'waymark_role',
  }),
  OIDC_SCOPE: Type.String({
    description: 'What is asked of the provider; add `offline_access` where it gives a refresh token for that alone.',
    default: 'openid profile',
    pattern: '\\bopenid\\b',
  }),
  WAYMARK_SESSION_SECRET: Type.Optional(
    Type.String({
      description: '32 characters or more; made once and kept in the data folder when unset outside production.',
      minLength: 32,
    }),
  ),
  WAYMARK_SECOND_REVIEW: Type.Union([Type.Literal('yes'), Type.Literal('no')], {
    description: 'Whether two people must review a verdict, the second without seeing the first’s decision.',
    default: 'no',
  }),
  WAYMARK_PLACE_SEARCH: Type.Union([Type.Literal('yes'), Type.Literal('no')], {
    description:
      'Whether a place and a time may be searched without a crime, on a ground in law and with a second person’s consent. With `no` there is no such search.',
    default: 'yes',
  }),
  WAYMARK_MAILBOX_URL: Type.Optional(
    Type.String({
      description:
        'Mailbox that files of crimes come to, with its sign-in: imaps://user:secret@host:993/INBOX. It is looked into every minute.',
      pattern: '^imaps?://',
    }),
  ),
  WAYMARK_MAILBOX_CA: Type.Optional(
    Type.String({ description: 'File with the certificates (PEM) that the mailbox’s certificate is checked against.', minLength: 1 }),
  ),
  WAYMARK_MAILBOX_CHECKED_BY: Type.Optional(
    Type.String({
      description:
        'Name by which your mail server signs what it found about where a message came from (Authentication-Results). Where it is set, only messages are read of which its first line says DMARC passed, or DKIM by a signature of the sender’s own domain.',
    }),
  ),
  WAYMARK_TIMESTAMP_URL: Type.Optional(
    Type.String({
      description:
        'Address of a time stamping authority (RFC 3161) that evidence packs can be stamped by; the fingerprint of a pack is sent to it.',
      pattern: '^https?://',
    }),
  ),
  WAYMARK_LIBREOFFICE: Type.Optional(
    Type.String({
      description: 'Path of LibreOffice on this machine, such as `/usr/bin/soffice`: statements can then be taken as PDF too.',
    }),
  ),
  WAYMARK_VISITS_A_WEEK: Type.Integer({
    description: 'Visits that one monitoring officer makes in a week, to fit, check and take off tags; for the plan of releases.',
    default: 20,
    minimum: 1,
    maximum: 1000,
  }),
  WAYMARK_KEEP_POSITIONS_MONTHS: Type.Integer({
    description: 'Months that positions are kept after they were taken.',
    default: 24,
    minimum: 1,
    maximum: 600,
  }),
  WAYMARK_KEEP_SUBJECTS_MONTHS: Type.Integer({
    description: 'Months that a subject with orders, zones, alerts and reviews is kept after the end of their last order.',
    default: 72,
    minimum: 1,
    maximum: 600,
  }),
  WAYMARK_KEEP_HOME_DETAIL_DAYS: Type.Integer({
    description: 'Days after which positions inside a wearer’s own home become “at home”; 63 at least.',
    default: 90,
    minimum: 63,
    maximum: 18_000,
  }),
  WAYMARK_MAP: Type.Optional(
    Type.String({
      description:
        'A PMTiles file in Protomaps’ schema (or that of WAYMARK_MAP_STYLE) that maps are drawn on; it is served by this server, so nobody outside learns who looks where. Without it maps show the outlines of lands.',
      minLength: 1,
    }),
  ),
  WAYMARK_MAP_STYLE: Type.Optional(
    Type.String({
      description:
        'A MapLibre style (JSON) that the tiles of WAYMARK_MAP are drawn by where they are of another schema, such as Ordnance Survey’s.',
      minLength: 1,
    }),
  ),
  WAYMARK_LANGUAGES: Type.String({
    description:
      'Languages besides English in which people may read their own pages, apart by commas: cy (Welsh), ur (Urdu). Have the drafts checked by somebody who speaks them first.',
    pattern: '^((cy|ur)(,(cy|ur))*)?$',
    default: '',
  }),
  WAYMARK_WELSH: Type.Union([Type.Literal('yes'), Type.Literal('no')], {
    description: 'The same as `cy` in WAYMARK_LANGUAGES, from before there were others.',
    default: 'no',
  }),
  WAYMARK_TIMEZONE: Type.String({
    description:
      'Local time of pages, of zones’ hours, and of "the same hours of another week"; hours of the past are read in it too, so do not change it.',
    default: 'Europe/London',
  }),
  WAYMARK_DEMO: Type.Union([Type.Literal('yes'), Type.Literal('no')], {
    description: 'Fill an empty data folder with the fictional town, and let its tags send while the server runs.',
    default: 'yes',
  }),
  WAYMARK_LOG: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'silent'].map((level) => Type.Literal(level)),
    { description: 'How much is written to the log.', default: 'info' },
  ),
  WAYMARK_PROXIES: Type.Integer({
    description: 'How many proxies in front add to `X-Forwarded-For`; what else it says is not believed.',
    default: 0,
    minimum: 0,
    maximum: 10,
  }),
  WAYMARK_PUSH_CONTACT: Type.Optional(
    Type.String({
      description:
        'Lets people on tags have reminders on their own phone or computer by Web Push, and says where push services reach you: `mailto:…` or `https://…`.',
      pattern: '^(mailto:[^\\s@]+@[^\\s@]+|https://\\S+)$',
    }),
  ),
  WAYMARK_PUSH_HOSTS: Type.String({
    description: 'Push services that such messages may go to, apart by commas; those of the makers of browsers unless set.',
    default: 'fcm.googleapis.com,updates.push.services.mozilla.com,web.push.apple.com,*.notify.windows.com',
  }),
  WAYMARK_SESSION_IDLE_MINUTES: Type.Integer({
    description: 'Minutes without a request after which somebody must sign in again.',
    default: 60,
    minimum: 1,
    maximum: 1440,
  }),
  WAYMARK_SESSION_HOURS: Type.Integer({
    description: 'Hours after which somebody must sign in again in any case.',
    default: 12,
    minimum: 1,
    maximum: 72,
  }),
  WAYMARK_ROLES_ASKED_MINUTES: Type.Integer({
    description: 'After so long the provider is asked again whether somebody still has their role.',
    default: 5,
    minimum: 0,
    maximum: 60,
  }),
  WAYMARK_METRICS_PORT: Type.Optional(
    Type.Integer({
      description: 'A port of its own for /metrics, /livez and /readyz; the other port gives no figures then.',
      minimum: 0,
      maximum: 65_535,
    }),
  ),
  WAYMARK_METRICS_HOST: Type.String({ description: 'Address that the port for figures listens on.', default: '127.0.0.1' }),
  WAYMARK_METRICS_TOKEN: Type.Optional(
    Type.String({
      description: 'Whoever collects figures from another machine sends it as Bearer to `/metrics`.',
      minLength: 24,
    }),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      description:
        'Where traces of requests and the figures of `/metrics` are sent by OTLP over HTTP; `OTEL_EXPORTER_OTLP_HEADERS` goes with it. Neither holds anything of a person.',
      pattern: '^https?://',
    }),
  ),
  WAYMARK_TRACES_SHARE: Type.Number({ description: 'Of requests, how many are traced, 0 to 1.', default: 0.05, minimum: 0, maximum: 1 }),
  WAYMARK_RATE_LIMIT: Type.Integer({ description: 'Requests a minute from one address to pages and API.', default: 600, minimum: 1 }),
  WAYMARK_ENGINE_MB: Type.Integer({ description: 'Megabytes that the analytical engine may use.', default: 1024, minimum: 128 }),
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

/** The roles of this server. */
export const rolesOf = (config: Config): Set<string> => new Set(config.WAYMARK_ROLES.split(','));

/** Several servers need what they share; one alone does everything. @throws ConfigError */
function checkShared(config: Config): void {
  if (!config.NATS_URL) {
    if (rolesOf(config).size < 4)
      throw new ConfigError('WAYMARK_ROLES leaves something out, and there is no NATS_URL: a server that is alone must do everything.');
    // Its keys and runs would lie where its backups do not look.
    if (config.WAYMARK_SHARED)
      throw new ConfigError('WAYMARK_SHARED is set, and there is no NATS_URL: a server that is alone keeps everything in WAYMARK_DATA.');
    return;
  }
  const missing = (['DATABASE_URL', 'WAYMARK_SHARED'] as const).filter((name) => !config[name]);
  if (missing.length > 0) throw new ConfigError(`NATS_URL is set, so these must be set too: ${missing.join(', ')}. See docs/scale.md.`);
}

/** A lake needs its catalogue, and where its files lie. @throws ConfigError */
function checkLake(config: Config): void {
  if (!config.WAYMARK_LAKE) return;
  if (!config.DATABASE_URL)
    throw new ConfigError('WAYMARK_LAKE is set, and there is no DATABASE_URL: a lake’s catalogue is in PostgreSQL. See docs/scale.md.');
  if (config.WAYMARK_LAKE.startsWith('s3://') && !config.WAYMARK_LAKE_S3_URL)
    throw new ConfigError('WAYMARK_LAKE is in an object store, and WAYMARK_LAKE_S3_URL does not say where that is and by which keys.');
  if (/^[a-z0-9]+:\/\//.test(config.WAYMARK_LAKE) && !/^s3:\/\/[a-z0-9][a-z0-9.-]{2,62}(\/|$)/.test(config.WAYMARK_LAKE))
    throw new ConfigError(`WAYMARK_LAKE is ${JSON.stringify(config.WAYMARK_LAKE)}: name a folder, or s3://bucket/prefix.`);
  // What is in a home is made coarser in a server's own file before it leaves it.
  if (config.WAYMARK_LAKE_OWN_DAYS < config.WAYMARK_KEEP_HOME_DETAIL_DAYS + 7)
    throw new ConfigError(
      `WAYMARK_LAKE_OWN_DAYS is ${config.WAYMARK_LAKE_OWN_DAYS}: with WAYMARK_KEEP_HOME_DETAIL_DAYS of ${config.WAYMARK_KEEP_HOME_DETAIL_DAYS} it must be ${config.WAYMARK_KEEP_HOME_DETAIL_DAYS + 7} or more.`,
    );
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
  checkShared(config);
  checkLake(config);
  if (!config.WAYMARK_MQTT_TLS_CERT !== !config.WAYMARK_MQTT_TLS_KEY)
    throw new ConfigError('WAYMARK_MQTT_TLS_CERT and WAYMARK_MQTT_TLS_KEY go together: set both, or neither.');
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
