export { type Share, shareOf } from '../../platform/share.ts';
