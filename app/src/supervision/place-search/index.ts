export { publishedSearches } from './read-search.ts';
