export { keepAddress, keepContact } from './keep-contacts.ts';
export { assignOrder, identifySubject } from './keep-details.ts';
export { type Reach, readReach } from './read-reach.ts';
