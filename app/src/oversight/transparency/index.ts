export { figuresOf, publishRecords } from './publish-records.ts';
export { readRunningConfiguration } from './running-configuration.ts';
