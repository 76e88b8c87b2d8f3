import { workInThread } from '../../platform/work-in-thread.ts';
import { readRecords } from './read-records.ts';

/** A thread that reads what an agency sends, so that pages are answered and tags acknowledged meanwhile. */
workInThread(readRecords);
