import { type Action, InvalidError } from '../../platform/action.ts';

/** Asks to see who is signed in. The list itself is read by whoever keeps the sessions. */
export const listSessions: Action<null, null, null> = {
  name: 'session.list',
  room: 'oversight',
  purpose: 'administration',
  run: async () => null,
};

/** Ends every session of an account: of somebody who left, or lost a telephone. It can sign in again while its provider lets it. */
export const endSessions: Action<null, { account: string }, null> = {
  name: 'session.end',
  room: 'oversight',
  purpose: 'administration',
  async run({ note }, _services, { account }) {
    if (account.trim() === '') throw new InvalidError('Say whose sessions are to end.', 'account');
    note({ kind: 'account', id: account });
    return null;
  },
};
