import { parentPort, workerData } from 'node:worker_threads';
import { type LinkTask, linkTable } from './link-table.ts';

/** A thread that links, so that pages are answered meanwhile. */
parentPort?.postMessage(linkTable(workerData as LinkTask));
