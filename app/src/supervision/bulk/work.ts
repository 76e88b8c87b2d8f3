import type { SubjectDraft } from './read-subject-rows.ts';

/** A draft, whose it is on record, and what was done. */
export interface Work {
  draft: SubjectDraft;
  id: number;
  order: number;
  state: 'created' | 'changed' | 'same';
}

/** Something of it was changed. */
export const touch = (work: Work) => {
  if (work.state === 'same') work.state = 'changed';
};
