import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InvalidError } from '../../platform/action.ts';

const withinMs = 90_000;
const run = promisify(execFile);

/**
 * The same document as PDF, written by LibreOffice on this machine, in a folder of its own that goes afterwards.
 * @throws InvalidError where LibreOffice does not write it
 */
export async function pdfOf(docx: Buffer, libreOffice: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-pdf-'));
  try {
    await writeFile(join(folder, 'statement.docx'), docx, { mode: 0o600 });
    const own = `-env:UserInstallation=file://${join(folder, 'profile')}`;
    await run(libreOffice, [own, '--headless', '--convert-to', 'pdf', '--outdir', folder, join(folder, 'statement.docx')], {
      timeout: withinMs,
      env: { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8' },
    });
    return await readFile(join(folder, 'statement.pdf'));
  } catch (error) {
    const { code, killed } = error as { code?: string | number; killed?: boolean };
    const why = killed
      ? `it took longer than ${withinMs / 1000} seconds`
      : code === 'ENOENT'
        ? 'it is not there, or wrote nothing'
        : 'it failed';
    throw new InvalidError(`LibreOffice did not write the PDF: ${why}. Take the Word file, and tell the operator.`, 'name');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
