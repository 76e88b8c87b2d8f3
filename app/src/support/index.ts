export { declareAgreement, lawfulBases, type NewAgreement, sharedFields } from './agreements/declare-source.ts';
export { listSources } from './agreements/read-sources.ts';
export { areProfilesOld, computeProfiles } from './needs/compute-profiles.ts';
export { isLinkingDue, type LinkResult, linkRecords } from './people/link-records.ts';
export { readPerson } from './people/read-people.ts';
export { importRecords, type RecordsImport } from './records/import-records.ts';
export { type Mapping, MappingError, readMapping } from './records/mapping.ts';
export { mappingNames, mappingOfName } from './records/mappings.ts';
export { decidePair } from './review/decide-pair.ts';
