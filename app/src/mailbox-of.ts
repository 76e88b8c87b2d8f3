import { readFileSync } from 'node:fs';
import { type Config, ConfigError } from './config.ts';
import type { MailboxSettings } from './supervision/index.ts';

/** The mailbox that crimes come to; null where there is none. @throws ConfigError where its certificates cannot be read */
export function mailboxOf(config: Config): MailboxSettings | null {
  const { WAYMARK_MAILBOX_URL: url, WAYMARK_MAILBOX_CA: file, WAYMARK_MAILBOX_CHECKED_BY: checkedBy } = config;
  if (url === undefined) return null;
  if (config.NODE_ENV === 'production' && !url.startsWith('imaps:'))
    throw new ConfigError('WAYMARK_MAILBOX_URL begins with imaps: in production: sign-ins and crimes are not sent in the open.');
  let ca: string | null = null;
  try {
    ca = file === undefined ? null : readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`WAYMARK_MAILBOX_CA names ${file}, which cannot be read: ${(error as Error).message}`);
  }
  return { url, ca, checkedBy: checkedBy ?? null };
}
