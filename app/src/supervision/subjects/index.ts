export { hiddenWearings } from './hidden.ts';
export { decisionsOn, noteSubject, noteSubjects } from './note-subject.ts';
export { openSubject, type SubjectHead } from './open-subject.ts';
export {
  declareOrder,
  declareSubject,
  endsWithinDays,
  isShown,
  listSubjects,
  type NewOrder,
  type NewSubject,
  orderKinds,
  subjectShows,
} from './subjects.ts';
export { watchAgain } from './watch-again.ts';
export { closeWearing, openWearing } from './wearings.ts';
export { holdsToday, isTheirs, type Whose, whoseIn } from './whose.ts';
