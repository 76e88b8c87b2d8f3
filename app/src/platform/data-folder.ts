import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a command reaches the server that holds the data folder. */
export interface ControlAddress {
  url: string;
  token: string;
  pid: number;
}

/**
 * The folder of the embedded stores. Who holds it is decided by the lock on the fix store's file, which the operating
 * system drops when its process ends; the control file only says where that process listens.
 */
export class DataFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    // Whatever is in it is nobody else's to read, however open this user's files are otherwise.
    process.umask(0o077);
    mkdirSync(join(path, 'files'), { recursive: true, mode: 0o700 });
    closeToOthers(path);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes the control file, readable by its owner only. */
  announce(url: string): ControlAddress {
    const address = { url, token: randomBytes(32).toString('base64url'), pid: process.pid };
    writeFileSync(this.file('control.json'), JSON.stringify(address), { mode: 0o600 });
    return address;
  }

  /** Whether the people in it are made up: the fictional town was put there, or a trial's import made its wearers. */
  get isTrial(): boolean {
    return existsSync(this.file('town.json')) || existsSync(this.file('trial.json'));
  }

  /** Notes that the people in it are made up. */
  markTrial(): void {
    if (!this.isTrial) writeFileSync(this.file('trial.json'), '{}\n', { mode: 0o600 });
  }

  /** Notes that a backup was taken, of this moment. */
  noteBackup(moment: string): void {
    writeFileSync(this.file('last-backup.json'), `${JSON.stringify({ moment })}\n`, { mode: 0o600 });
  }

  /** The moment of the last backup, ms since 1970; null where none was taken. */
  lastBackup(): number | null {
    try {
      return Date.parse((JSON.parse(readFileSync(this.file('last-backup.json'), 'utf8')) as { moment: string }).moment);
    } catch {
      return null;
    }
  }

  withdraw(): void {
    rmSync(this.file('control.json'), { force: true });
  }

  control(): ControlAddress | null {
    try {
      return JSON.parse(readFileSync(this.file('control.json'), 'utf8')) as ControlAddress;
    } catch {
      return null;
    }
  }

  /** A random secret that is made once and kept. */
  secret(name: string): string {
    const path = this.file(`${name}.secret`);
    if (!existsSync(path)) {
      writeFileSync(path, randomBytes(48).toString('base64url'), { mode: 0o600 });
      chmodSync(path, 0o600);
    }
    return readFileSync(path, 'utf8').trim();
  }
}

/** The folder and the files in it, those of an earlier version too: 0700 and 0600. A folder that belongs to another user is left as it is. */
function closeToOthers(path: string): void {
  try {
    chmodSync(path, 0o700);
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isFile()) chmodSync(join(path, entry.name), 0o600);
      else if (entry.isDirectory()) chmodSync(join(path, entry.name), 0o700);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}
