import type { OutputOf } from '../platform/api-answer.ts';
import type { readAllocation } from './allocation/read-allocation.ts';
import type { readFairness } from './fairness/read-fairness.ts';
import type { findPeople } from './finding/find-people.ts';
import type { readPackage } from './offers/read-package.ts';
import type { listChallenges } from './people/decide-challenge.ts';
import type { listPeople, readPerson } from './people/page/read-people.ts';
import type { listReview } from './review/read-queue.ts';
import type { listServices } from './services/services.ts';
import type { listSources } from './sources/read-source.ts';
import type { readDay } from './work/read-day.ts';

/** What the API of support answers, by operation. */
export interface SupportAnswers {
  listSources: OutputOf<typeof listSources>;
  listReview: OutputOf<typeof listReview>;
  listPeople: OutputOf<typeof listPeople>;
  readPerson: OutputOf<typeof readPerson>;
  listChallenges: OutputOf<typeof listChallenges>;
  listServices: OutputOf<typeof listServices>;
  readAllocation: OutputOf<typeof readAllocation>;
  findPeople: OutputOf<typeof findPeople>;
  readDay: OutputOf<typeof readDay>;
  readPackage: OutputOf<typeof readPackage>;
  readFairness: OutputOf<typeof readFairness>;
}
