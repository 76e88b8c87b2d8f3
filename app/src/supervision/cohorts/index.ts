export { addToCohort, beginCohort } from './keep-cohort.ts';
