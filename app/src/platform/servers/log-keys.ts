import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeOnce } from '../data-folder.ts';

/** Bytes before what is sealed: the number of the key, the initialisation vector, the tag that says that it is whole (AES-256-GCM). */
const numberBytes = 8;
const vectorBytes = 12;
const tagBytes = 16;

/**
 * Keys that messages of the log are sealed with, each for a while, in a folder that servers share. A log and its replicas forget in their
 * own time, block by block; a message whose key is gone is gone at once, wherever a copy of its bytes may lie.
 */
export class LogKeys {
  readonly #folder: string;
  readonly #everyMs: number;
  readonly #known = new Map<number, Buffer>();

  /** @param everyMs a key is used for so long */
  constructor(folder: string, everyMs = 3_600_000) {
    this.#folder = folder;
    this.#everyMs = everyMs;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  seal(data: Uint8Array): Uint8Array {
    const number = Math.floor(Date.now() / this.#everyMs);
    const vector = randomBytes(vectorBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key(number), vector);
    const body = cipher.update(data);
    cipher.final();
    const head = Buffer.alloc(numberBytes);
    head.writeDoubleBE(number);
    return Buffer.concat([head, vector, cipher.getAuthTag(), body]);
  }

  /** Null for a message whose key is gone. @throws Error for one that was changed */
  open(sealed: Uint8Array): Uint8Array | null {
    const all = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const key = this.#keyThatIsThere(all.readDoubleBE(0));
    if (!key) return null;
    const decipher = createDecipheriv('aes-256-gcm', key, all.subarray(numberBytes, numberBytes + vectorBytes));
    decipher.setAuthTag(all.subarray(numberBytes + vectorBytes, numberBytes + vectorBytes + tagBytes));
    const body = decipher.update(all.subarray(numberBytes + vectorBytes + tagBytes));
    decipher.final();
    return body;
  }

  /** Forgets the keys of everything before a message. Clocks differ a little: the key before its own stays. */
  forgetBefore(sealed: Uint8Array): void {
    const own = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength).readDoubleBE(0);
    this.#forget((number) => number < own - 1);
  }

  /** Forgets the keys of everything up to now, where the log holds nothing. */
  forgetOld(): void {
    const now = Math.floor(Date.now() / this.#everyMs);
    this.#forget((number) => number < now - 1);
  }

  #forget(isOld: (number: number) => boolean): void {
    for (const file of readdirSync(this.#folder)) {
      const number = Number(file.replace('.key', ''));
      if (!file.endsWith('.key') || !isOld(number)) continue;
      rmSync(join(this.#folder, file), { force: true });
      this.#known.delete(number);
    }
  }

  #keyThatIsThere(number: number): Buffer | null {
    const known = this.#known.get(number);
    if (known) return known;
    let key: Buffer;
    try {
      key = readFileSync(join(this.#folder, `${number}.key`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    this.#known.set(number, key);
    return key;
  }

  #key(number: number): Buffer {
    const there = this.#keyThatIsThere(number);
    if (there) return there;
    writeOnce(join(this.#folder, `${number}.key`), randomBytes(32));
    return this.#keyThatIsThere(number) as Buffer;
  }
}
