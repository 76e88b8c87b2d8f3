import type { SubjectDraft } from './read-subject-rows.ts';

/** Something that was done for somebody within an import, by its name in the audit. */
export interface Done {
  action: string;
  detail: Record<string, unknown>;
}

/** A draft, whose it is on record, and what was done. */
export interface Work {
  draft: SubjectDraft;
  id: number;
  order: number;
  state: 'created' | 'changed' | 'same';
  done: Done[];
}

/** Something of it was changed; what weighs is named. */
export const touch = (work: Work, done?: Done) => {
  if (work.state === 'same') work.state = 'changed';
  if (done) work.done.push(done);
};
