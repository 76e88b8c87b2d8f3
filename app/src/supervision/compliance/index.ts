export { countDaysKept } from './count-days.ts';
export { readOwnProgress } from './own-progress.ts';
export { stayOfSubject } from './stay-of-subject.ts';
export { weekKept } from './week-kept.ts';
