import { vi } from 'vitest';
import { runWords } from '../src/commands/run-words.ts';

/** Runs what was typed after `waymark` in this process; gives what it printed and the code it would end with. */
export async function waymark(...words: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const said = { stdout: '', stderr: '' };
  const listen = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk: string | Uint8Array) => {
      said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    });
  const spies = [listen('stdout'), listen('stderr')];
  try {
    return { code: await runWords(words), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  }
}
