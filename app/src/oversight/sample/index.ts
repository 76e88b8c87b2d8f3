export { drawSample } from './monthly-sample.ts';
