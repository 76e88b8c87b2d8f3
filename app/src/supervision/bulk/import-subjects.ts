import { dateOf } from '@waymark/presence';
import type { Actor } from '../../platform/access.ts';
import type { Performer } from '../../platform/action.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { type PutResult, putSubjects, togetherAtMost } from './put-subjects.ts';
import { readSubjectCsv, readSubjectRows, type SubjectCells, unknownColumns } from './read-subject-rows.ts';

export interface SubjectImport extends PutResult {
  rows: number;
  dryRun: boolean;
}

/** Files and bodies of people are at most so large, bytes. */
export const subjectsFileAtMost = 64 * 1024 * 1024;

/**
 * Puts people on record from a CSV file or from another system's rows, a few hundred at a time: good rows go in, and each other is told
 * with its line, column, value and what to do.
 */
export async function importSubjects(
  { performer, fixes, timeZone }: { performer: Performer; fixes: FixStore; timeZone: string },
  actor: Actor,
  input: { text: string } | { rows: readonly SubjectCells[] },
  dryRun: boolean,
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<SubjectImport> {
  const read = 'text' in input ? readSubjectCsv(input.text) : trimmed(input.rows);
  const { drafts, problems } = await readSubjectRows(read.rows, timeZone);
  const result: SubjectImport = {
    rows: read.rows.length,
    dryRun,
    created: 0,
    changed: 0,
    same: 0,
    problems: [...read.problems, ...problems],
  };
  const today = dateOf(Date.now(), timeZone);
  for (let i = 0; i < Math.max(1, drafts.length); i += togetherAtMost) {
    onProgress(i, drafts.length);
    const put = await performer.perform(actor, putSubjects, { fixes }, { drafts: drafts.slice(i, i + togetherAtMost), dryRun, today });
    result.created += put.created;
    result.changed += put.changed;
    result.same += put.same;
    result.problems.push(...put.problems);
  }
  result.problems.sort((a, b) => a.row - b.row);
  return result;
}

/** Rows of another system, as a file would have them. */
function trimmed(given: readonly SubjectCells[]): ReturnType<typeof readSubjectCsv> {
  return {
    rows: given.map((cells, i) => ({
      row: i + 1,
      cells: Object.fromEntries(Object.entries(cells).map(([name, text]) => [name, String(text).trim()])),
    })),
    problems: unknownColumns(
      given.flatMap((cells) => Object.keys(cells)),
      1,
    ),
  };
}
