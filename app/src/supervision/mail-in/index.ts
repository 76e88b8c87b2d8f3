export { type MailboxSettings, readMailbox } from './read-mailbox.ts';
