import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidError } from '../platform/action.ts';
import {
  type Channels,
  chooseReminders,
  confirmReminders,
  readOwnReminders,
  reminderChannels,
  reminderKinds,
  type Speak,
  stopReminders,
} from '../supervision/index.ts';
import { type Form, textsOf } from '../web/form.ts';
import type { WebKit } from '../web/kit.ts';
import type { OwnPages } from './own-pages.ts';
import { reminderChannelsInWords, reminderKindsInWords } from './words.ts';

/** What somebody on a tag wants to be reminded of, where, and what was sent. */
export function ownReminderRoutes(
  app: FastifyInstance,
  web: WebKit,
  own: OwnPages,
  { channels, speak }: { channels: Channels; speak: Speak },
): void {
  const { as, change, page, speech } = own;
  const numbers = web.waymark.config.WAYMARK_REMINDER_NUMBERS.split(',');
  const reminders = async (
    request: FastifyRequest,
    reply: FastifyReply,
    error: { text: string; field: string | null } | null,
    draft: object,
  ) => {
    const found = await as(request, 'supervision', readOwnReminders, null, null);
    const { choice = null } = found ?? {};
    const chosen = choice ?? { channel: '', target: '', kinds: [...reminderKinds], isDiscreet: true, quietFrom: '22:00', quietTo: '07:00' };
    return page(request, reply, 'reminders', {
      reminders: found,
      ways: reminderChannels.filter((channel) => channels.canTell(channel)),
      wayWords: reminderChannelsInWords,
      pushKey: channels.pushKey,
      kinds: reminderKinds,
      kindWords: reminderKindsInWords,
      error,
      draft: { ...chosen, ...draft },
    });
  };
  app.get('/me/reminders', { config: { action: 'own.tag', room: 'supervision' } }, (request, reply) => reminders(request, reply, null, {}));
  app.post('/me/reminders', { config: { action: 'own.remind', room: 'supervision', lists: ['kinds'] } }, async (request, reply) => {
    const body = (request.body ?? {}) as Form;
    const [channel, target, device, quietFrom, quietTo, words] = textsOf(
      body,
      'channel',
      'target',
      'device',
      'quietFrom',
      'quietTo',
      'words',
    );
    const wish = { channel, target, device, quietFrom, quietTo, kinds: [body.kinds ?? []].flat(), isDiscreet: words !== 'all' };
    const { language } = speech(request);
    return change(request, reply, {
      work: () => as(request, 'supervision', chooseReminders, { channels, speak, numbers }, { ...wish, language, now: Date.now() }),
      done: 'Saved.',
      to: '/me/reminders',
      again: (fault) => reminders(request, reply, fault, wish),
    });
  });
  app.post('/me/reminders/code', { config: { action: 'own.remind', room: 'supervision' } }, async (request, reply) => {
    const [code] = textsOf(request.body, 'code');
    return change(request, reply, {
      work: async () => {
        const { isRight } = await as(request, 'supervision', confirmReminders, null, { code, now: Date.now() });
        if (!isRight) throw new InvalidError('This code is not right, or too old. After five wrong ones, ask for a new one.', 'code');
      },
      done: 'Thank you. We remind you from now on.',
      to: '/me/reminders',
      again: (fault) => reminders(request, reply, fault, {}),
    });
  });
  app.post('/me/reminders/stop', { config: { action: 'own.remind', room: 'supervision' } }, (request, reply) =>
    change(request, reply, {
      work: () => as(request, 'supervision', stopReminders, null, null),
      done: 'We do not remind you any more.',
      to: '/me/reminders',
      again: (fault) => reminders(request, reply, fault, {}),
    }),
  );
}
