import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MultipartFile } from '@fastify/multipart';
import { InvalidError } from '../../platform/action.ts';

/** Puts what was sent into a file for as long as the work takes. */
export async function withUpload<T>(sent: MultipartFile | undefined, field: string, work: (path: string) => Promise<T>): Promise<T> {
  const bytes = sent?.toBuffer ? await sent.toBuffer() : Buffer.alloc(0);
  if (bytes.length === 0) throw new InvalidError(`Choose a ${field}.`, field);
  const folder = await mkdtemp(join(tmpdir(), 'waymark-upload-'));
  try {
    const path = join(folder, 'upload');
    await writeFile(path, bytes);
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
