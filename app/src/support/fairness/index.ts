export { type Share, shareOf } from './share.ts';
