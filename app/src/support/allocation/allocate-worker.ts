import { parentPort, workerData } from 'node:worker_threads';
import { allocate, type Candidate, type ServiceOffer } from './allocate.ts';

/** A thread that works an allocation out, so that pages are answered meanwhile. */
const { candidates, services, timeLimitS } = workerData as { candidates: Candidate[]; services: ServiceOffer[]; timeLimitS: number };
parentPort?.postMessage(await allocate(candidates, services, { timeLimitS }));
