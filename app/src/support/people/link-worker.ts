import { workInThread } from '../../platform/work-in-thread.ts';
import { type LinkTask, linkTable } from './link-table.ts';

/** A thread that links, so that pages are answered meanwhile. */
workInThread((task: LinkTask) => [linkTable(task)]);
