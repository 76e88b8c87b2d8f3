import type { Action } from '../../platform/action.ts';
import type { NotUnderstood, QuarantineRow } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import type { Intake } from './intake.ts';

export interface QuarantineQuery {
  reason?: string;
  tag?: string;
  limit: number;
  offset: number;
}

export interface QuarantinePage {
  reasons: { reason: string; count: number }[];
  rows: QuarantineRow[];
  total: number;
  /** What senders write and nobody here understands. */
  notUnderstood: NotUnderstood[];
}

/** Fixes that are nobody's, with the reason. */
export const listQuarantine: Action<{ fixes: FixStore }, QuarantineQuery, QuarantinePage> = {
  name: 'quarantine.list',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ note }, { fixes }, query) {
    const page = await fixes.quarantine(query);
    note(null, { shown: page.rows.length });
    return { reasons: await fixes.quarantineReasons(), notUnderstood: fixes.notUnderstood, ...page };
  },
};

export interface ReleaseServices {
  fixes: FixStore;
  intake: Intake;
}

/** Most rows that one release looks at. */
const releaseAtMost = 100_000;

/** Tries the chosen fixes again, after the tag was registered or the wearing put right. */
export const releaseQuarantine: Action<
  ReleaseServices,
  { reason?: string; tag?: string; ids?: number[] },
  { released: number; kept: number }
> = {
  name: 'quarantine.release',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ actor, note }, { fixes, intake }, { reason, tag, ids }) {
    const { rows } = await fixes.quarantine({ reason, tag, limit: releaseAtMost, offset: 0, whole: true });
    const chosen = ids ? rows.filter((row) => ids.includes(row.id)) : rows;
    const result = await intake.release(chosen, actor);
    note(null, result);
    return result;
  },
};

/** The same two for the console of the machine itself. */
export const listQuarantineAtConsole: typeof listQuarantine = { ...listQuarantine, name: 'quarantine.console', purpose: 'ingest' };
export const releaseQuarantineAtConsole: typeof releaseQuarantine = {
  ...releaseQuarantine,
  name: 'quarantine.console.release',
  purpose: 'ingest',
};
