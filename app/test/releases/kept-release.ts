import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

/**
 * A data folder as a release left it, in one small file: each path with its bytes, a folder's with a slash at the end, compressed with
 * Brotli's large window, for an embedded PostgreSQL is mostly the same pages over and over. A folder whose records were in PostgreSQL
 * has them as `records.sql`, as `pg_dump --no-owner --inserts` writes them. Secrets and keys are left out: a start makes its own.
 */
const isSecret = (path: string) => /\.(secret|pem)$|(^|\/)(control|installation)\.json$/.test(path);

export function packFolder(folder: string, to: string, extra: Record<string, Buffer> = {}): void {
  const files: Record<string, Buffer> = { ...extra };
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name));
    if (entry.isDirectory()) files[`${path}/`] = Buffer.alloc(0);
    else if (entry.isFile() && !isSecret(path)) files[path] = readFileSync(join(folder, path));
  }
  const whole = serialize(files);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_LARGE_WINDOW]: 1,
    [constants.BROTLI_PARAM_SIZE_HINT]: whole.length,
  };
  writeFileSync(to, brotliCompressSync(whole, { params }));
}

export function unpackFolder(from: string, folder: string): void {
  const params = { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 1 };
  const files = deserialize(brotliDecompressSync(readFileSync(from), { params })) as Record<string, Buffer>;
  for (const [path, bytes] of Object.entries(files)) {
    const at = join(folder, path);
    mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(at, bytes);
  }
}

/** The releases that are kept, by name: `<release>-<pglite|postgres>.br`. */
export function keptReleases(records: 'pglite' | 'postgres'): string[] {
  return readdirSync(import.meta.dirname).filter((file) => file.endsWith(`-${records}.br`));
}
