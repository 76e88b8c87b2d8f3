export { type AgencyOptions, type AgencyRecord, agencyRecords } from './agency-records.ts';
export { type CrimeType, crimeTypes, type TownCrime } from './crimes.ts';
export { TruePath } from './paths.ts';
export { fictionalName } from './people.ts';
export { Random } from './random.ts';
export { defaultReceiver, type ReceiverSettings, type ReportedFixes } from './receiver.ts';
export { streetsGeoJson, toDegrees, toMetres, townCentre } from './streets.ts';
export { defaultTown, Town, type TownSettings, tagOf, type Wearer } from './town.ts';
export { crimesCsv, fixLines, type WrittenTown, writeTown } from './write.ts';
