import { workerData } from 'node:worker_threads';
import { sendParts } from '../../platform/thread-parts.ts';
import { type ReadTask, readRecords } from './read-records.ts';

/** A thread that reads what an agency sends, so that pages are answered and tags acknowledged meanwhile. */
await sendParts(readRecords(workerData as ReadTask));
