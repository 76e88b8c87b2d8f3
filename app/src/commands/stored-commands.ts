import { allocateCommand } from './allocate.ts';
import { auditHeadCommand, auditVerifyCommand } from './audit.ts';
import { backupCommand } from './backup.ts';
import type { Command } from './command.ts';
import { credentialCommand } from './credential.ts';
import { evidenceRerunCommand } from './evidence.ts';
import { importCrimesCommand } from './import-crimes.ts';
import { importFixesCommand } from './import-fixes.ts';
import { importRecordsCommand } from './import-records.ts';
import { lakeAdoptCommand, lakeExportCommand, lakeStatusCommand } from './lake.ts';
import { linkPeopleCommand } from './link.ts';
import { profileCommand } from './profile.ts';
import { quarantineCommand } from './quarantine.ts';
import { retentionCommand } from './retention.ts';
import { simulateCommand } from './simulate.ts';
import { rerunCommand, verdictsCommand } from './verdicts.ts';

/** Every command that works on the data folder, and so through a server that holds it. */
export const storedCommands: readonly Command<never, unknown>[] = [
  allocateCommand,
  auditHeadCommand,
  auditVerifyCommand,
  backupCommand,
  credentialCommand,
  evidenceRerunCommand,
  importCrimesCommand,
  importFixesCommand,
  importRecordsCommand,
  lakeAdoptCommand,
  lakeExportCommand,
  lakeStatusCommand,
  linkPeopleCommand,
  profileCommand,
  quarantineCommand,
  retentionCommand,
  simulateCommand,
  rerunCommand,
  verdictsCommand,
];
