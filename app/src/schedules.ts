import {
  clocksDue,
  copyDue,
  feedsLookedFor,
  figuresDue,
  headDue,
  hoursDue,
  lakeDue,
  lakeUntidy,
  mailboxDue,
  peopleDue,
  protectedDue,
  remindersDue,
  retentionDue,
  sessionsDue,
} from './define-jobs.ts';
import type { Jobs } from './platform/jobs.ts';

/** What is done by the clock, in universal time: one of the servers asks for it, and one does it. */
export const schedules: Record<string, string> = {
  [feedsLookedFor]: '* * * * *',
  [remindersDue]: '*/5 * * * *',
  // Statements expire with the day.
  [peopleDue]: '0 * * * *',
  [protectedDue]: '7 * * * *',
  [sessionsDue]: '17 * * * *',
  [headDue]: '27 * * * *',
  [clocksDue]: '20 3 * * *',
  // After midnight everywhere in Europe, and once most of what was sent late is here.
  [hoursDue]: '50 3 * * *',
  // And once hours are counted.
  [figuresDue]: '30 4 * * *',
  [retentionDue]: '40 2,14 * * *',
};

/** And where several servers share the work. */
const schedulesTogether: Record<string, string> = { [copyDue]: '50 * * * *' };

/** And where crimes come by e-mail. */
const schedulesOfMail: Record<string, string> = { [mailboxDue]: '* * * * *' };

/** And where fixes go into a lake. */
const schedulesOfLake: Record<string, string> = { [lakeDue]: '* * * * *', [lakeUntidy]: '35 * * * *' };

/** What the time that a server was away may have left to do is asked for at its start. */
const atStart = [protectedDue, sessionsDue, headDue];
/** Removal follows the start after a while, seconds: first everything is there. */
const removalAfterS = 600;

export async function startSchedules(
  jobs: Jobs,
  { isShared, hasLake, hasMail }: { isShared: boolean; hasLake: boolean; hasMail: boolean },
): Promise<void> {
  await jobs.schedule({
    ...schedules,
    ...(isShared ? schedulesTogether : {}),
    ...(hasLake ? schedulesOfLake : {}),
    ...(hasMail ? schedulesOfMail : {}),
  });
  for (const job of atStart) await jobs.ask(job);
  await jobs.askIn(retentionDue, removalAfterS);
}
