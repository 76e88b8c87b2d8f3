export { Channels } from './channels.ts';
export { Deliverer } from './deliverer.ts';
