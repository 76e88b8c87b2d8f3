import { workInThread } from '../../platform/work-in-thread.ts';
import { allocate, type Candidate, type ServiceOffer } from './allocate.ts';

interface Task {
  candidates: Candidate[];
  services: ServiceOffer[];
  timeLimitS: number;
}

/** A thread that works an allocation out, so that pages are answered meanwhile. */
workInThread(async ({ candidates, services, timeLimitS }: Task) => [await allocate(candidates, services, { timeLimitS })]);
