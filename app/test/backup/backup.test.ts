import { expect, test } from 'vitest';
import { type BackupResult, backUpUnderLoad } from './backup-test.ts';

test.each(['embedded', 'PostgreSQL', 'several servers'] satisfies BackupResult['form'][])(
  'taken under load, killed in the middle of one, and restored elsewhere: what was acknowledged before is there once (%s)',
  async (form) => {
    const result = await backUpUnderLoad(form, { backups: 2, loadMs: 700 });
    // Where it must be installed, what starts it has failed before.
    if (result === null) return expect(process.env.WAYMARK_NEEDS_POSTGRES).not.toBe('yes');
    expect(result.halves).toBe(0);
    expect(result.backups).toHaveLength(2);
    for (const { acknowledgedBefore, found, check } of result.backups) {
      expect(acknowledgedBefore).toBeGreaterThan(1000);
      expect(found).toMatchObject({ missing: 0, doubled: 0, auditProblems: 0, alertsLost: 0, alertsDoubled: 0 });
      expect(check.faults).toEqual([]);
      expect(check.fixes).toBeGreaterThanOrEqual(acknowledgedBefore);
    }
  },
);
