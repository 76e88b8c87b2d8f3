export {
  decidePerson,
  decisionHolds,
  hasOffer,
  type NeedDecisionView,
  needDecisions,
  needDecisionsOf,
  recordDecision,
  takeBackDecision,
} from './decide-person.ts';
export { findPeople } from './find-people.ts';
