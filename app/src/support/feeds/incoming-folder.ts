import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that was written to within this time may not be whole yet, ms. */
const settledMs = 20_000;
const claimedFolder = '.reading';

export interface ClaimedFile {
  name: string;
  path: string;
}

interface Mark {
  size: number;
  changedMs: number;
}

/**
 * A folder that an agency puts files in. A file that is to be read is first moved aside, so that a new one of its name can come
 * meanwhile, and one whose reading was broken off is found again.
 */
export class IncomingFolder {
  readonly path: string;
  readonly #claimed: string;
  readonly #marks = new Map<string, Mark>();

  constructor(path: string) {
    this.path = path;
    this.#claimed = join(path, claimedFolder);
  }

  /** Moves whole files aside and gives them in order of name; `growing` tells whether any may not be whole yet. */
  async claim(): Promise<{ files: ClaimedFile[]; growing: boolean }> {
    await mkdir(this.#claimed, { recursive: true });
    let growing = false;
    for (const entry of await readdir(this.path, { withFileTypes: true })) {
      if (!entry.isFile() || /^\.|\.(refused|part|tmp)$/.test(entry.name)) continue;
      const mark = await markOf(join(this.path, entry.name));
      if (!mark) continue;
      if (Date.now() - mark.changedMs < settledMs) growing = true;
      else await rename(join(this.path, entry.name), await this.#free(this.#claimed, entry.name)).catch(() => undefined);
    }
    const names = (await readdir(this.#claimed, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
    const files = names.sort().map((name) => ({ name, path: join(this.#claimed, name) }));
    for (const { path } of files) {
      const mark = await markOf(path);
      if (mark) this.#marks.set(path, mark);
    }
    return { files, growing };
  }

  /** Has somebody gone on writing to it since it was claimed? */
  async isChanged({ path }: ClaimedFile): Promise<boolean> {
    const [before, now] = [this.#marks.get(path), await markOf(path)];
    return now === null || before === undefined || now.size !== before.size || now.changedMs !== before.changedMs;
  }

  /** It has been read: what it said is on record, and the agency has it. */
  async remove({ path }: ClaimedFile): Promise<void> {
    await rm(path, { force: true });
  }

  /** Puts it back as it came, to be read another time. */
  async putBack({ name, path }: ClaimedFile): Promise<void> {
    await rename(path, await this.#free(this.path, name));
  }

  /** Keeps it aside under a name that says so; no other is ever written over. */
  async refuse({ name, path }: ClaimedFile, at: Date): Promise<void> {
    const stamp = at.toISOString().slice(0, 19).replace(/[-:]/g, '');
    await rename(path, await this.#free(this.path, `${name}.${stamp}.refused`));
  }

  /** Files that could not be read, until somebody takes them away. */
  async refused(): Promise<string[]> {
    return (await readdir(this.path).catch((): string[] => [])).filter((name) => name.endsWith('.refused')).sort();
  }

  async #free(folder: string, name: string): Promise<string> {
    const at = name.lastIndexOf('.') > 0 ? name.lastIndexOf('.') : name.length;
    for (let n = 1; ; n++) {
      const path = join(folder, n === 1 ? name : `${name.slice(0, at)} (${n})${name.slice(at)}`);
      if (!(await markOf(path))) return path;
    }
  }
}

async function markOf(path: string): Promise<Mark | null> {
  try {
    const { size, mtimeMs } = await lstat(path);
    return { size, changedMs: mtimeMs };
  } catch {
    return null;
  }
}
