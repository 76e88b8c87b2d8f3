export { costsNow } from './figures.ts';
