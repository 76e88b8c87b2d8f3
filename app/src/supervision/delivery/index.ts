export { Channels, secretPrefix, type WordsChannel } from './channels.ts';
export { Deliverer } from './deliverer.ts';
export type { NotifySettings, Receipt } from './notify.ts';
export { claimS, type DueMessage, Outbox, together } from './outbox.ts';
export { makePushKeys, type PushSettings } from './push.ts';
