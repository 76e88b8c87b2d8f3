import type { Logger } from 'pino';
import { runRetention } from './oversight/retention/index.ts';
import type { Actor } from './platform/access.ts';
import { keepHead } from './platform/audit-head.ts';
import { todayOf } from './platform/days.ts';
import type { Jobs } from './platform/jobs.ts';
import type { Channels } from './supervision/delivery/index.ts';
import {
  computeDueVerdicts,
  countDaysKept,
  helpWithRuns,
  learnClocks,
  type MailboxSettings,
  planReminders,
  publishDueFigures,
  readMailbox,
  type Speak,
} from './supervision/index.ts';
import { forgetProtected } from './supervision/zones/index.ts';
import {
  areFeedsDue,
  areProfilesOld,
  computeProfiles,
  type FeedPlaces,
  isLinkingDue,
  LinkingOvertakenError,
  linkRecords,
  runDueFeeds,
} from './support/index.ts';
import { verdictServicesOf, type Waymark } from './waymark.ts';

export const verdictsDue = 'verdicts-due';
export const peopleDue = 'people-due';
export const feedsDue = 'feeds-due';
export const retentionDue = 'retention-due';
export const protectedDue = 'protected-due';
export const sessionsDue = 'sessions-due';
export const remindersDue = 'reminders-due';
export const clocksDue = 'clocks-due';
export const hoursDue = 'hours-due';
export const figuresDue = 'figures-due';
export const headDue = 'head-due';
export const copyDue = 'copy-due';
export const lakeDue = 'lake-due';
export const lakeUntidy = 'lake-untidy';
export const mailboxDue = 'mailbox-due';
export const feedsLookedFor = 'feeds-looked-for';

const system = (purpose: Actor['purpose']): Actor => ({ id: 'system', name: 'Waymark', role: 'system', purpose });

/** What is done in the background whenever it is asked for: verdicts, agencies' feeds, and people with their profiles. */
export async function defineJobs(
  jobs: Jobs,
  waymark: Waymark,
  places: FeedPlaces,
  {
    log,
    speak,
    onVerdicts,
    forgetSessions,
    mailbox,
    channels,
  }: {
    log: Logger;
    speak: Speak;
    onVerdicts: () => void;
    forgetSessions: () => Promise<unknown>;
    mailbox: MailboxSettings | null;
    channels: Channels;
  },
): Promise<void> {
  const { performer, database } = waymark;
  await jobs.define(verdictsDue, async () => {
    if (await computeDueVerdicts(performer, verdictServicesOf(waymark), system('crime-matching'))) onVerdicts();
  });
  await jobs.define(peopleDue, async () => {
    const isDue = await isLinkingDue(database.db);
    if (isDue) {
      await linkRecords(performer, system('record-linkage')).catch((error) => {
        // Another process links; what it writes stands.
        if (!(error instanceof LinkingOvertakenError)) throw error;
      });
    }
    if (isDue || (await areProfilesOld(database.db, waymark))) await computeProfiles(performer, system('support'), waymark);
  });
  await jobs.define(retentionDue, async () => {
    await runRetention(waymark);
  });
  await jobs.define(remindersDue, async () => {
    const services = { positions: waymark.positions, timeZone: waymark.timeZone, speak };
    await performer.perform(system('monitoring'), planReminders, services, { now: Date.now() });
  });
  await jobs.define(clocksDue, async () => {
    await performer.perform(system('monitoring'), learnClocks, waymark, { now: Date.now() });
  });
  await jobs.define(hoursDue, async () => {
    await countDaysKept(performer, waymark, system('monitoring'), Date.now());
  });
  await jobs.define(figuresDue, async () => {
    await publishDueFigures(performer, { db: database.db, timeZone: waymark.timeZone }, todayOf(waymark));
  });
  if (mailbox)
    await jobs.define(mailboxDue, async () => {
      const { brought, failed } = await readMailbox(performer, waymark, channels, mailbox).catch((error) => {
        // A mailbox that does not answer is looked into again in a minute.
        log.error({ error: (error as Error).name, message: (error as Error).message }, 'looking into the mailbox');
        return { brought: 0, failed: [] };
      });
      for (const message of failed) log.error({ message }, 'a message in the mailbox could not be read');
      // One that failed may have brought a part of its files.
      if (brought > 0 || failed.length > 0) await jobs.ask(verdictsDue);
    });
  await jobs.define(protectedDue, async () => {
    await forgetProtected(database.db, waymark.fixes, waymark.access);
  });
  await jobs.define(sessionsDue, async () => {
    await forgetSessions();
  });
  await jobs.define(headDue, async () => {
    await keepHead(database.db, waymark.folder);
  });
  if (waymark.fixes.isShared)
    await jobs.define(copyDue, async () => {
      await waymark.fixes.copyForOthers();
    });
  if (waymark.fixes.hasLake) {
    await jobs.define(lakeDue, async () => {
      await waymark.fixes.seal();
    });
    await jobs.define(lakeUntidy, async () => {
      await waymark.fixes.tendLake();
    });
  }
  await jobs.define(feedsLookedFor, async () => {
    if (await areFeedsDue(database.db, waymark)) await jobs.ask(feedsDue);
  });
  await jobs.define(feedsDue, async () => {
    const runs = await runDueFeeds(database.db, performer, system('record-linkage'), places, waymark, (error) =>
      log.error({ error: (error as Error).name, message: (error as Error).message }, 'reading a feed'),
    );
    // What was stated anew counts at once, even where no identity changed.
    if (runs.some(({ changed }) => changed > 0)) await jobs.ask(peopleDue);
  });
}

/**
 * Judges with others whatever run they have planned, from now on until it is told to end.
 * @returns ends it; resolves when nothing of it goes on
 */
export function helpOthers(waymark: Waymark, onError: (error: unknown) => void): () => Promise<void> {
  const ending = new AbortController();
  const { signal } = ending;
  let helping: Promise<void> = Promise.resolve();
  const help = () => {
    helping = helping
      .then(() =>
        signal.aborted ? undefined : helpWithRuns(waymark.performer, verdictServicesOf(waymark), system('crime-matching'), signal),
      )
      .catch(onError);
  };
  // Of what it takes part in the action that planned it must not wait.
  waymark.changes.listen('supervision.runs', help);
  help();
  return async () => {
    ending.abort();
    await helping;
  };
}
