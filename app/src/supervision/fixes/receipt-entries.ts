import { sql } from 'kysely';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import type { Receipt } from '../../platform/fixes/fix.ts';
import type {} from '../schema/tables.ts';

/** Who may send, and for which tags. */
export type Sender = { kind: 'tag'; serial: string } | { kind: 'gateway'; name: string } | { kind: 'operator'; name: string };

/** As receipts bear it. */
export function nameOf(sender: Sender): string {
  return sender.kind === 'tag' ? `tag ${sender.serial}` : `${sender.kind} ${sender.name}`;
}

/**
 * Messages that were stored together share an entry that names the first and last of their receipts: those of tags, and those of one
 * gateway. What an operator imports has an entry for each receipt.
 */
export function entriesOf(group: readonly { sender: Sender; receipt: Receipt }[]) {
  const entries: ReturnType<typeof entryOf>[] = [];
  const isNext = (i: number) => {
    const [before, own] = [group[i - 1], group[i]];
    if (!before || !own || own.receipt.receipt !== before.receipt.receipt + 1 || own.sender.kind !== before.sender.kind) return false;
    return own.sender.kind === 'tag' || (own.sender.kind === 'gateway' && nameOf(own.sender) === nameOf(before.sender));
  };
  for (let i = 0; i < group.length; i++) {
    const { sender, receipt } = group[i] as (typeof group)[number];
    const first = i;
    while (isNext(i + 1)) i++;
    if (i === first) {
      entries.push(entryOf(sender, receipt));
      continue;
    }
    const together = group.slice(first, i + 1);
    const sum = (count: 'accepted' | 'duplicates' | 'quarantined') => together.reduce((all, own) => all + own.receipt[count], 0);
    const tags = new Set(together.map(({ sender: own }) => nameOf(own))).size;
    entries.push({
      ...entryOf(sender, receipt),
      ...(tags > 1 ? { actor: 'tags', actorName: `${tags} tags` } : {}),
      about: { kind: 'receipts', id: `${receipt.receipt}-${(together[together.length - 1] as (typeof together)[number]).receipt.receipt}` },
      detail: { accepted: sum('accepted'), duplicates: sum('duplicates'), quarantined: sum('quarantined') },
    });
  }
  return entries;
}

export function entryOf(sender: Sender, receipt: Receipt) {
  const { accepted, duplicates, quarantined } = receipt;
  return {
    actor: nameOf(sender),
    actorName: nameOf(sender),
    role: sender.kind === 'operator' ? 'operator' : 'device',
    purpose: 'ingest',
    action: sender.kind === 'operator' ? 'fixes.import' : 'fixes.send',
    about: { kind: 'receipt', id: String(receipt.receipt) },
    outcome: 'done' as const,
    policy: sender.kind === 'operator' ? 'operator-imports-fixes' : 'device-sends-fixes',
    detail: { accepted, duplicates, quarantined },
  };
}

/** Whose receipt it is, by what it bears. */
export function senderOfSource(source: string): Sender {
  const [, kind, name = ''] = /^(tag|gateway|operator) (.*)$/s.exec(source) ?? [];
  if (kind === 'tag') return { kind, serial: name };
  if (kind === 'gateway') return { kind, name };
  return { kind: 'operator', name: kind ? name : source };
}

/** Within the transaction that puts receipts on record: up to which one they are. */
export async function noteRecorded(tx: Tx, receipt: number): Promise<void> {
  await tx
    .updateTable('supervision.intake_state')
    .set({ last_receipt: sql<number>`greatest(last_receipt, ${receipt})` })
    .execute();
}

/** Up to which receipt they are on record. */
export function lastOnRecord(db: Database): Promise<number> {
  return withPurpose(db, 'supervision', 'ingest', async (tx) => {
    const { last_receipt } = await tx.selectFrom('supervision.intake_state').select('last_receipt').executeTakeFirstOrThrow();
    return last_receipt;
  });
}
