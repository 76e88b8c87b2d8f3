import type { WordsChannel } from '../delivery/index.ts';

/** What somebody can be reminded of: an empty battery, hours that begin, an appointment, an answer from us. */
export const reminderKinds = ['charge', 'hours', 'appointment', 'answer'] as const;
export type ReminderKind = (typeof reminderKinds)[number];

export const reminderChannels = ['text message', 'e-mail', 'push message'] as const satisfies readonly WordsChannel[];

/** Hours that begin are told of so long before, appointments twice. Ms. */
export const before = { hours: 30 * 60_000, appointmentDay: 24 * 3_600_000, appointmentSoon: 2 * 3_600_000 };

/** Words in the language of whoever is reminded. */
export interface ReminderSpeech {
  t(text: string, values?: Record<string, string | number>): string;
  clock(value: unknown): string;
  shortTime(value: unknown): string;
}

/** Gives the words of a language; those of English where there is none of it. */
export type Speak = (language: string) => ReminderSpeech;
