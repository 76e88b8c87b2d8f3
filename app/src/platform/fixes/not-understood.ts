import type { Connection } from '@waymark/engine';
import type { FixBatch, NotUnderstood } from './fix.ts';

/** Different things not understood that are listed; the rest is counted together. */
const notUnderstoodAtMost = 1000;
/** What was not understood, as it stands after some batches. */
export function mergeNotUnderstood(standing: ReadonlyMap<string, NotUnderstood>, batches: FixBatch[]): NotUnderstood[] {
  const changed = new Map<string, NotUnderstood>();
  for (const { source, receivedAt, notUnderstood } of batches) {
    for (const [what, count] of notUnderstood ?? []) {
      let key = `${source}\n${what}`;
      const isNew = !changed.has(key) && !standing.has(key);
      const own =
        isNew && standing.size + changed.size >= notUnderstoodAtMost ? { source: '', what: 'more that is not listed' } : { source, what };
      key = `${own.source}\n${own.what}`;
      const before = changed.get(key) ?? standing.get(key) ?? { ...own, count: 0, first: receivedAt, last: receivedAt };
      changed.set(key, { ...before, count: before.count + count, last: receivedAt });
    }
  }
  return [...changed.values()];
}

/** Writes down how it stands now. */
export async function keepNotUnderstood(writer: Connection, told: NotUnderstood[]): Promise<void> {
  for (const { source, what, count, first, last } of told) {
    await writer.run('DELETE FROM not_understood WHERE source = ? AND what = ?', [source, what]);
    await writer.run('INSERT INTO not_understood VALUES (?, ?, ?, ?, ?)', [source, what, count, Math.round(first), Math.round(last)]);
  }
}
