import { intervalsOf, layArea, violationsOf, ZoneWatch } from '@waymark/presence';
import { type Action, NotFoundError } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { tracksOf } from '../alerts/index.ts';
import { noteSubject } from '../subjects/index.ts';
import type { Rule } from './read-rule.ts';

const dayMs = 86_400_000;
export const judgedDays = 30;

/** What a rule would have given, had it held lately. Times in ms since 1970, lengths in seconds. */
export interface Judged {
  alerts: { from: number; lastedS: number }[];
  /** Positions that it was judged by; 0 where there are none to judge by. */
  fixes: number;
}

/** Judges a rule over the last days of a subject, as if it had held; nothing is put on record but that it was looked at. */
export const judgeRule: Action<{ fixes: FixStore; timeZone: string }, { subjectId: number; rule: Rule; now: number }, Judged> = {
  name: 'track.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes, timeZone }, { subjectId, rule, now }) {
    note({ kind: 'subject', id: subjectId }, { judged: rule.kind });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const subject = await tx.selectFrom('supervision.subjects').select('id').where('id', '=', subjectId).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    const wearings = await tx.selectFrom('supervision.wearings').select('id').where('subject_id', '=', subjectId).execute();
    const from = now - judgedDays * dayMs;
    const ids = wearings.map(({ id }) => id);
    const stored = await fixes.tracks(ids, from);
    const holds = intervalsOf({ hours: rule.hours, from, to: now, absences: [] }, from, now, timeZone);
    const tracks = tracksOf(stored);
    const alerts = ids.flatMap((id) => {
      const watch = new ZoneWatch([{ id: 'rule', area: layArea(rule.area), stayIn: rule.kind !== 'exclusion', holds }]);
      watch.take(tracks.get(id));
      return violationsOf(watch.spans('rule'), rule.kind === 'exclusion' ? 'in' : 'out', holds);
    });
    return {
      alerts: alerts.map((own) => ({ from: own.from, lastedS: (own.to - own.from) / 1000 })).sort((a, b) => b.from - a.from),
      fixes: stored.count,
    };
  },
};
