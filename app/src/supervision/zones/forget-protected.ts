import type { AccessPolicy } from '../../platform/access.ts';
import { appendAudit } from '../../platform/audit.ts';
import { type Database, withPurpose } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';

/** Positions of protected people are kept for so long, ms: late fixes of the subject can still be compared with them. */
export const protectedKeptMs = 7 * 86_400_000;

/** Forgets where protected people were more than a week ago. Gives how many fixes went; what was done is on record. */
export async function forgetProtected(db: Database, fixes: FixStore, access: AccessPolicy, now = Date.now()): Promise<number> {
  const decision = access.decide({ role: 'system', purpose: 'monitoring' }, 'protection.forget', 'monitoring', 'supervision');
  if (!decision.allowed) throw new Error('The access policy does not let the server forget where protected people were.');
  const gone = await fixes.forgetBelowZero(now - protectedKeptMs);
  if (gone > 0)
    await withPurpose(db, 'supervision', 'monitoring', (tx) =>
      appendAudit(tx, [
        {
          actor: 'system',
          actorName: 'Waymark',
          role: 'system',
          purpose: 'monitoring',
          action: 'protection.forget',
          about: null,
          outcome: 'done',
          policy: decision.policy,
          detail: { fixes: gone },
        },
      ]),
    );
  return gone;
}
