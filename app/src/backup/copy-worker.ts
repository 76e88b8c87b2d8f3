import { workInThread } from '../platform/work-in-thread.ts';
import { copyTree, describeFiles, type Tree, type TreeState } from './copy-tree.ts';

/** What is to be done in a thread of its own, where thousands of small steps do not wait for a busy server’s turn. */
export type CopyTask =
  | { copy: Tree; before: TreeState | null }
  | { describe: string; files: { path: string; modified: number; sha256: string | null }[] };

workInThread((task: CopyTask) => ['copy' in task ? copyTree(task.copy, task.before) : describeFiles(task.describe, task.files)]);
