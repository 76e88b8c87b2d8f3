import { createHash } from 'node:crypto';
import { defaultParameters, defaultWatch, modelVersion, type PresenceParameters } from '@waymark/presence';
import { keepsOf } from '../../config.ts';
import { purposeOf, roles } from '../../platform/access.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import { type Tx, withPurpose } from '../../platform/database.ts';
import { todayOf } from '../../platform/days.ts';
import { codeVersion, reckoningFingerprint, supervisionRules } from '../../supervision/index.ts';
import {
  allocationFingerprint,
  characteristics,
  currentInstrument,
  factKinds,
  identityFields,
  linkageFingerprint,
  type RegisteredAgreement,
  registeredAgreements,
  supportRules,
} from '../../support/index.ts';
import type { Waymark } from '../../waymark.ts';

/** What Waymark does with whose data as it runs here: settings, models, rules, agreements. Nobody is named in it. */
export interface RunningConfiguration {
  program: { version: string; model: string; reckoning: string; matching: string; proposing: string };
  presence: PresenceParameters;
  watch: { likely: number; together: number; staleS: number };
  instrument: { version: string; about: string; sha256: string; factors: Record<string, string>; strengths: string[]; bands: string[] };
  statements: Record<string, string>;
  identity: string[];
  keptApart: string[];
  settings: Record<string, string | number>;
  roles: Record<string, string>;
  policies: Record<string, string>;
  agreements: Record<string, RegisteredAgreement>;
  retention: Record<string, string>;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Reads how Waymark runs now. */
export async function readRunningConfiguration(waymark: Waymark): Promise<RunningConfiguration> {
  const { config, access, database } = waymark;
  const instrument = currentInstrument();
  const agreements = await withPurpose(database.db, 'support', 'transparency', (tx: Tx) => registeredAgreements(tx, todayOf(waymark)));
  return {
    program: {
      version: codeVersion,
      model: modelVersion,
      reckoning: reckoningFingerprint(),
      matching: linkageFingerprint(),
      proposing: allocationFingerprint(),
    },
    presence: { ...defaultParameters },
    watch: { likely: defaultWatch.likely, together: defaultWatch.together, staleS: defaultWatch.staleS },
    instrument: {
      version: instrument.version,
      about: instrument.about.trim(),
      sha256: sha256(canonicalJson(instrument)),
      factors: Object.fromEntries(instrument.factors.map(({ name, about }) => [name, about])),
      strengths: instrument.strengths.map(({ name }) => name),
      bands: instrument.bands.map(({ name, from }) => `${name} from ${from}`),
    },
    statements: Object.fromEntries(Object.values(factKinds).map(({ name, monthsValid }) => [name, `relied on for ${monthsValid} months`])),
    identity: Object.values(identityFields),
    keptApart: Object.values(characteristics),
    settings: {
      'second review of every verdict': config.WAYMARK_SECOND_REVIEW,
      'searches by place and time without a crime': config.WAYMARK_PLACE_SEARCH,
      'time zone': config.WAYMARK_TIMEZONE,
      'records in': database.kind === 'postgres' ? 'PostgreSQL' : 'the embedded database',
      'staff sign in through': config.OIDC_ISSUER ? 'the organisation’s own identity provider' : 'trial accounts',
      'alerts leave by e-mail': config.SMTP_URL ? 'yes' : 'no',
      'alerts leave by text message': config.WAYMARK_SMS_URL ? 'yes' : 'no',
      'alerts leave to other programs': config.WAYMARK_WEBHOOK_HOSTS.trim() ? 'yes' : 'no',
      'people on tags may be reminded':
        [
          ...(config.SMTP_URL || config.WAYMARK_NOTIFY_EMAIL ? ['by e-mail'] : []),
          ...(config.WAYMARK_SMS_URL || config.WAYMARK_NOTIFY_TEXT ? ['by text message'] : []),
          ...(config.WAYMARK_PUSH_CONTACT ? ['on their own phone or computer, through the service of its browser’s maker'] : []),
        ].join(', ') || 'no',
      'tags send through': config.MQTT_URL ? 'a broker of the organisation’s own' : 'the built-in broker',
      'databases of agencies read directly': config.agencyDatabases.size,
    },
    roles: Object.fromEntries(roles.map((role) => [role, purposeOf[role]])),
    policies: Object.fromEntries(access.policies.map(({ id, file, text }) => [`${file}, ${id}`, sha256(text)])),
    agreements: Object.fromEntries(agreements.map((own) => [`${own.source}, ${own.title}, number ${own.id}`, own])),
    retention: Object.fromEntries([...supervisionRules(keepsOf(config)), ...supportRules]),
  };
}

export function fingerprintOf(configuration: RunningConfiguration): string {
  return sha256(canonicalJson(configuration));
}

export interface Difference {
  what: string;
  before: string;
  now: string;
}

/** Every setting in which two configurations differ, by its place. */
export function differencesOf(before: unknown, now: unknown, place: string[] = []): Difference[] {
  const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isTree(before) && isTree(now)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
    return names.flatMap((name) => differencesOf(before[name], now[name], [...place, name]));
  }
  if (canonicalJson(before) === canonicalJson(now)) return [];
  return [{ what: place.join(': '), before: inWords(before), now: inWords(now) }];
}

function inWords(value: unknown): string {
  if (value === undefined) return 'not there';
  if (Array.isArray(value)) return value.join(', ') || 'none';
  if (typeof value === 'object' && value !== null) return 'there';
  return String(value);
}
