export { crimeTypes } from './crime-types.ts';
export { type ImportResult, importCrimes } from './import-crimes.ts';
export { middleOf } from './near-fixes.ts';
export { noForce } from './parsed-crime.ts';
export { type CrimeQuery, type CrimeVersionRow, findCrime, freeReference, listCurrentCrimes, listVersions, searchCrimes } from './store.ts';
