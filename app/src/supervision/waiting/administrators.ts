import { sql } from 'kysely';
import type { Action } from '../../platform/action.ts';
import type { Waiting } from '../../platform/waiting.ts';

/** Messages that were given up are told of for so many days; credentials of programs that end, so many days before. */
const givenUpDays = 7;
const endsWithinDays = 14;

interface Counts {
  givenUp: number;
  trying: number;
  rules: number;
  tokens: number;
}

/** What waits for an administrator. */
export const waitingForAdministrators: Action<null, null, Waiting[]> = {
  name: 'waiting.list',
  room: 'supervision',
  purpose: 'administration',
  async run({ tx, note }) {
    const { rows } = await sql<Counts>`SELECT
      (SELECT count(*)::int FROM supervision.deliveries
        WHERE state = 'given up' AND settled_at > now() - make_interval(days => ${givenUpDays})) AS "givenUp",
      (SELECT count(*)::int FROM supervision.deliveries WHERE state = 'waiting' AND attempts > 0) AS trying,
      (SELECT count(*)::int FROM supervision.delivery_rules WHERE ended_at IS NULL) AS rules,
      (SELECT count(*)::int FROM platform.api_tokens
        WHERE revoked_at IS NULL AND expires_at > now() AND expires_at < now() + make_interval(days => ${endsWithinDays})) AS tokens`.execute(
      tx,
    );
    const counts = rows[0] as Counts;
    note(null);
    return [
      {
        what: `messages given up within ${givenUpDays} days`,
        count: counts.givenUp,
        pressing: { count: counts.givenUp, word: 'not told' },
        href: '/delivery',
      },
      { what: 'messages that are being tried again', count: counts.trying, href: '/delivery' },
      { what: 'rules missing: nobody is told of alerts', count: counts.rules === 0 ? 1 : 0, href: '/delivery' },
      { what: `tokens that end within ${endsWithinDays} days`, count: counts.tokens, href: '/credentials' },
    ];
  },
};
