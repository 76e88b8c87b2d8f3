import type { Action } from '../platform/action.ts';

/** Says that a backup is taken, which is a copy of everything, before anything is copied. */
export const noteBackup: Action<null, { into: string }, null> = {
  name: 'backup.take',
  room: 'oversight',
  purpose: 'oversight',
  async run({ note }, _services, { into }) {
    note(null, { into });
    return null;
  },
};
