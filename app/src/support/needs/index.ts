export { areProfilesOld, computeProfiles } from './compute-profiles.ts';
export { currentInstrument, highestLevel } from './instrument.ts';
export { ageOn, type ComingChange, comingChanges, computeProfile, type NoProfile, type Profile, reliedOn, triggersOf } from './profile.ts';
export { simulateInstrument } from './simulate.ts';
