export { listSources } from './read-source.ts';
