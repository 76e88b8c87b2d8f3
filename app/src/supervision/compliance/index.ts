export { readOwnProgress } from './own-progress.ts';
export { stayOfSubject } from './stay-of-subject.ts';
