export { agreeToSubjectErasure, decideSubjectErasure, keepSubjects, placeSubjectHold, supervisionRules } from './keep-subjects.ts';
