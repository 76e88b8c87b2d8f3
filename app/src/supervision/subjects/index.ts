export { hiddenWearings } from './hidden.ts';
export { decisionsOn, noteSubject } from './note-subject.ts';
export { declareOrder, declareSubject, listSubjects, type NewOrder, type NewSubject, orderKinds, subjectShows } from './subjects.ts';
export { watchAgain } from './watch-again.ts';
export { closeWearing, openWearing } from './wearings.ts';
export { holdsToday, isTheirs, type Whose, whoseIn } from './whose.ts';
