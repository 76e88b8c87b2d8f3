export { readOwnPage } from './read-own-page.ts';
