export { contactKinds, keepAddress, keepContact } from './keep-contacts.ts';
export { assignOrder, type Identity, identifySubject, keepIdentity, readIdentity } from './keep-details.ts';
export { readPhone } from './read-phone.ts';
export { type Reach, readReach } from './read-reach.ts';
