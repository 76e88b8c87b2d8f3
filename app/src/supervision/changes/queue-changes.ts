import { sql } from 'kysely';
import type { AuditFact } from '../../platform/audit.ts';
import type { Tx } from '../../platform/database.ts';
import { topicNames, topics } from './topics.ts';

/** Something that changed: what was done, to what, and what the audit says of it beside, which is numbers and never content. */
export type Changed = Pick<AuditFact, 'action' | 'about' | 'detail'>;

const topicOf = new Map(topicNames.flatMap((topic) => topics[topic].map((action) => [action as string, topic] as const)));

/** Puts in line who is to be told of what changed, within the change itself: neither is lost without the other. */
export async function queueChanges(tx: Tx, changed: readonly Changed[]): Promise<void> {
  const known = changed.flatMap((one) => {
    const topic = topicOf.get(one.action);
    // What is about nothing of its own only looked, or is told thing by thing.
    return topic && one.about ? [{ ...one, topic }] : [];
  });
  if (known.length === 0) return;
  const { rows: hooks } = await sql<{ id: number; topics: string[] }>`
    SELECT id, topics FROM supervision.change_hooks WHERE ended_at IS NULL`.execute(tx);
  const rows = hooks.flatMap((hook) =>
    known
      .filter(({ topic }) => hook.topics.includes(topic))
      .map(({ action, about, detail }) => ({
        hook_id: hook.id,
        type: action,
        about_kind: about?.kind ?? null,
        about_id: about && /^\d+$/.test(about.id) ? Number(about.id) : null,
        detail: JSON.stringify(numbersOf(detail)),
      })),
  );
  for (let i = 0; i < rows.length; i += 1000)
    await tx
      .insertInto('supervision.change_messages')
      .values(
        rows
          .slice(i, i + 1000)
          .map((row) => ({ ...row, problem: null, settled_at: null, receipt_id: null, receipt: null, receipt_at: null })),
      )
      .execute();
}

/** Of what the audit says beside, what may leave: numbers of things, and words of a fixed few. Nothing that somebody typed, and nothing of the officer. */
const numbers = [
  'order',
  'version',
  'zone',
  'wearing',
  'tag',
  'absence',
  'request',
  'document',
  'removed',
  'appointment',
  'pack',
  'run',
  'ended',
];
const words = ['change', 'state', 'outcome', 'decision', 'step'];

function numbersOf(detail: AuditFact['detail']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(detail ?? {}).filter(
      ([name, value]) => (typeof value === 'number' && numbers.includes(name)) || (typeof value === 'string' && words.includes(name)),
    ),
  );
}
