export { checkBackup } from './check-backup.ts';
export { chosenBackup } from './manifest.ts';
export { noteBackup } from './note-backup.ts';
export { restoreBackup } from './restore-backup.ts';
export { type BackupTaken, takeBackup } from './take-backup.ts';
