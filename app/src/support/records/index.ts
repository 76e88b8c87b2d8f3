export { importRecords, type RecordsImport, type RecordsSent } from './import-records.ts';
export { keyHashOf } from './key-hash.ts';
export { type Mapping, MappingError, readMapping } from './mapping.ts';
export { mappingNames, mappingOfName } from './mappings.ts';
export { tryMapping } from './try-mapping.ts';
