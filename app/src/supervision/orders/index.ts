export { writeVariation } from './vary-order.ts';
