import type { Logger } from 'pino';
import { runRetention } from './oversight/retention/index.ts';
import type { Actor } from './platform/access.ts';
import type { Jobs } from './platform/jobs.ts';
import { computeDueVerdicts } from './supervision/index.ts';
import {
  areProfilesOld,
  computeProfiles,
  type FeedPlaces,
  isLinkingDue,
  LinkingOvertakenError,
  linkRecords,
  runDueFeeds,
} from './support/index.ts';
import type { Waymark } from './waymark.ts';

export const verdictsDue = 'verdicts-due';
export const peopleDue = 'people-due';
export const feedsDue = 'feeds-due';
export const retentionDue = 'retention-due';

const system = (purpose: Actor['purpose']): Actor => ({ id: 'system', name: 'Waymark', role: 'system', purpose });

/** What is done in the background whenever it is asked for: verdicts, agencies' feeds, and people with their profiles. */
export async function defineJobs(
  jobs: Jobs,
  waymark: Waymark,
  places: FeedPlaces,
  { log, onVerdicts }: { log: Logger; onVerdicts: () => void },
): Promise<void> {
  const { performer, database } = waymark;
  await jobs.define(verdictsDue, async () => {
    const services = { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: waymark.timeZone };
    if (await computeDueVerdicts(performer, services, system('crime-matching'))) onVerdicts();
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
  await jobs.define(feedsDue, async () => {
    const runs = await runDueFeeds(database.db, performer, system('record-linkage'), places, waymark, (error) =>
      log.error({ error: (error as Error).name, message: (error as Error).message }, 'reading a feed'),
    );
    // What was stated anew counts at once, even where no identity changed.
    if (runs.some(({ changed }) => changed > 0)) await jobs.ask(peopleDue);
  });
}
