export { crimeTypes } from './crime-types.ts';
export { type CrimesFile, type ImportResult, importCrimes } from './import-crimes.ts';
export { parseCrimes } from './parse-crimes.ts';
export { type CrimeVersionRow, findCrime, freeReference, listCurrentCrimes, listVersions } from './store.ts';
