import type { Config } from './config.ts';
import { speakIn } from './person/texts/speak.ts';
import type { DataFolder } from './platform/data-folder.ts';
import type { Metrics } from './platform/metrics.ts';
import {
  ChangeSender,
  Channels,
  Deliverer,
  makePushKeys,
  type NotifySettings,
  type PushSettings,
  ReminderSender,
} from './supervision/index.ts';
import type { Waymark } from './waymark.ts';

function notifyOf(config: Config): NotifySettings | undefined {
  if (!config.WAYMARK_NOTIFY_KEY) return undefined;
  return {
    key: config.WAYMARK_NOTIFY_KEY,
    url: config.WAYMARK_NOTIFY_URL,
    textTemplate: config.WAYMARK_NOTIFY_TEXT,
    emailTemplate: config.WAYMARK_NOTIFY_EMAIL,
  };
}

/** Keys are made once: a browser's subscription holds for the pair that it was asked for with. */
function pushOf(config: Config, folder: DataFolder): PushSettings | undefined {
  const contact = config.WAYMARK_PUSH_CONTACT;
  if (contact === undefined) return undefined;
  const keys = JSON.parse(folder.once('push-keys.json', () => JSON.stringify(makePushKeys()))) as PushSettings['keys'];
  const hosts = config.WAYMARK_PUSH_HOSTS.split(',').map((host) => host.trim());
  return { contact, keys, hosts: hosts.filter(Boolean) };
}

/** The ways by which people are told of alerts. On a trial machine webhooks may go to the machine itself. */
function channelsOf(config: Config, folder: DataFolder): Channels {
  const hosts = config.WAYMARK_WEBHOOK_HOSTS.split(',').map((host) => host.trim());
  return new Channels({
    smtpUrl: config.SMTP_URL,
    mailFrom: config.WAYMARK_MAIL_FROM,
    webhookHosts: [...hosts.filter(Boolean), ...(config.NODE_ENV === 'production' ? [] : ['127.0.0.1', 'localhost'])],
    smsUrl: config.WAYMARK_SMS_URL,
    notify: notifyOf(config),
    push: pushOf(config, folder),
  });
}

/** All that leaves the house by itself: alerts to whoever is on duty, reminders to people, changes to other systems. */
export interface AllSenders {
  deliverer: Deliverer;
  reminders: ReminderSender;
  hooks: ChangeSender;
}

/** Opens them; nothing is sent until they start. @param publicUrl where people read what a message is about */
export function openSenders(
  { config, database, access, folder, timeZone }: Waymark,
  failing: (what: string) => (error: unknown) => void,
  publicUrl: () => string,
): { channels: Channels; all: AllSenders; countIn(messages: Metrics['messages']): void; start(): void; close(): Promise<void> } {
  const channels = channelsOf(config, folder);
  const deliverer = new Deliverer(database.db, channels, access, publicUrl);
  deliverer.onError = failing('telling of alerts');
  const reminders = new ReminderSender(database.db, access, {
    channels,
    speak: speakIn(timeZone),
    secret: folder.secret('reminders'),
    timeZone,
  });
  reminders.onError = failing('reminding people');
  const hooks = new ChangeSender(database.db, access, channels);
  hooks.onError = failing('telling other systems of changes');
  const all = { deliverer, reminders, hooks };
  return {
    channels,
    all,
    countIn: (messages) => {
      for (const [sender, one] of Object.entries(all)) one.onAttempt = (result) => messages.inc({ sender, result });
    },
    start: () => {
      for (const sender of Object.values(all)) sender.start();
    },
    close: async () => {
      await hooks.close();
      await reminders.close();
      await deliverer.close();
    },
  };
}
