import { Config } from '../config.ts';

interface Setting {
  type?: string;
  default?: unknown;
  description?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  anyOf?: { const: string }[];
}

const settings = Object.entries(Config.properties as Record<string, Setting>);
const required = new Set(['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'WAYMARK_SESSION_SECRET', 'WAYMARK_PUBLIC_URL']);

/** The settings as a JSON Schema: what a start checks, for editors and deployment tools. */
export function settingsSchema(): string {
  const properties = Object.fromEntries(
    settings.map(([name, { anyOf, ...rest }]) => [name, anyOf ? { enum: anyOf.map((one) => one.const), ...rest } : rest]),
  );
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Settings of Waymark',
    description: 'Environment variables. Whole numbers may be given as text. WAYMARK_AGENCY_DB_NAME names an agency’s database.',
    type: 'object',
    properties,
    patternProperties: { '^WAYMARK_AGENCY_DB_[A-Z0-9_]+$': { type: 'string', pattern: '^postgres(ql)?://' } },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/** `.env.example`: every setting as it is when nothing is set. */
export function settingsExample(): string {
  const lines = settings.flatMap(([name, { description, default: usual }]) => [
    ...(description ? [`# ${description}`] : []),
    `#${name}=${usual ?? ''}`,
  ]);
  return `${[
    '# Every setting, as it is when nothing is set. Copy it to .env and start with: node --env-file=.env app/src/main.ts',
    '# What each does to an installation stands in docs/settings.md. Secrets belong into no file that is committed.',
    '# This file is written by: npm run settings',
    '',
    ...lines,
  ].join('\n')}\n`;
}

/** `docs/settings.md`: the page of reference. */
export function settingsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = settings.map(([name, own]) => {
    const usual = own.default === undefined || own.default === '' ? '–' : `\`${own.default}\``;
    return `| \`${name}\` | ${usual} | ${cell([own.description, limitsOf(own), required.has(name) ? 'Production must set it.' : ''].filter(Boolean).join(' '))} |`;
  });
  return `${[
    '# Settings',
    '',
    'From the environment. What is wrong or missing is named at the start, with the value and the remedy. `waymark check` tries every system that they name. The same as a',
    'JSON Schema: [settings.schema.json](settings.schema.json). This page is written by `npm run settings`.',
    '',
    '| variable | default | meaning |',
    '| --- | --- | --- |',
    ...rows,
    '| `WAYMARK_AGENCY_DB_NAME` | – | An agency’s PostgreSQL that feeds may read, under the name that follows, in small letters with hyphens: `WAYMARK_AGENCY_DB_HOUSING` is `housing`. Give it a sign-in that may only read. |',
  ].join('\n')}\n`;
}

function limitsOf({ anyOf, minimum, maximum, minLength }: Setting): string {
  if (anyOf) return `One of: ${anyOf.map((one) => one.const).join(', ')}.`;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}.`;
  if (minimum !== undefined) return `${minimum} at least.`;
  return minLength !== undefined && minLength > 1 ? `${minLength} characters at least.` : '';
}
