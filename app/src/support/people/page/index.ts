export { readPerson } from './read-people.ts';
