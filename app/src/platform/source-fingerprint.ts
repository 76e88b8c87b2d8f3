import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const known = new Map<string, string>();

/** SHA-256 over the TypeScript source of a folder, file by file, without its tests and what shows it: two programs with the same one reckon alike. */
export function fingerprintOfSource(folder: string): string {
  const before = known.get(folder);
  if (before) return before;
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !/(\.test|routes)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) hash.update(relative(folder, file).replaceAll('\\', '/')).update('\0').update(readFileSync(file)).update('\0');
  const found = hash.digest('hex');
  known.set(folder, found);
  return found;
}
