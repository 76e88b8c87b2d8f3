import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    mkdirSync(join(path, 'files'), { recursive: true });
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
