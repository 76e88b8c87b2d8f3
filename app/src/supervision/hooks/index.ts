export { ChangeSender } from './change-sender.ts';
