import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  /** What several servers share: keys, secrets, runs. The same folder where there is one server. */
  readonly shared: string;

  /** @param shared a folder that every server reaches, where there are several */
  constructor(path: string, shared = path) {
    this.path = path;
    this.shared = shared;
    // Whatever is in it is nobody else's to read, however open this user's files are otherwise.
    process.umask(0o077);
    for (const folder of new Set([path, shared])) {
      mkdirSync(join(folder, 'files'), { recursive: true, mode: 0o700 });
      closeToOthers(folder);
    }
  }

  /** A place that servers share, where there are several. */
  file(name: string): string {
    return join(this.shared, name);
  }

  /** A place of this server alone. */
  own(name: string): string {
    return join(this.path, name);
  }

  /** Writes the control file, readable by its owner only. */
  announce(url: string): ControlAddress {
    const address = { url, token: randomBytes(32).toString('base64url'), pid: process.pid };
    writeFileSync(this.own('control.json'), JSON.stringify(address), { mode: 0o600 });
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
    rmSync(this.own('control.json'), { force: true });
  }

  control(): ControlAddress | null {
    try {
      return JSON.parse(readFileSync(this.own('control.json'), 'utf8')) as ControlAddress;
    } catch {
      return null;
    }
  }

  /** A random secret that is made once and kept. */
  secret(name: string): string {
    return this.once(`${name}.secret`, () => randomBytes(48).toString('base64url')).trim();
  }

  /** What stands in a file that is made once, by whichever server is first, and readable by its owner only. */
  once(name: string, make: () => string): string {
    const path = this.file(name);
    if (!existsSync(path)) writeOnce(path, make());
    return readFileSync(path, 'utf8');
  }
}

/** Writes a file that its owner alone reads: there whole or not at all, and what another server wrote first is left. */
export function writeOnce(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
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
