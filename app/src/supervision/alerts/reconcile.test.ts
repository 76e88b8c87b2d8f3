import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AlertChange, reconcile } from './reconcile.ts';
import type { FoundAlert, StoredAlert } from './watchers/index.ts';

const facts = { fixes: 3, farthestM: 40, farthestAt: 0, accuracyM: 8, signalLost: false, seenS: 100 };

function found(from: number, to: number | null, more: Partial<FoundAlert> = {}): FoundAlert {
  return { zoneVersion: 1, kind: 'exclusion entered', from, to, confirmedAt: from, facts, ...more };
}

/** What the record is after changes were written. */
function written(stored: readonly StoredAlert[], changes: readonly AlertChange[]): StoredAlert[] {
  const result = stored.map((own) => ({ ...own }));
  let next = Math.max(0, ...stored.map(({ id }) => id)) + 1;
  for (const change of changes) {
    if (change.change === 'raised') {
      const { zoneVersion, kind, from, to, facts: own } = change.found;
      result.push({ id: next++, zoneVersion, kind, from, to, facts: own, retracted: false, closed: false });
      continue;
    }
    const own = result.find(({ id }) => id === change.id) as StoredAlert;
    if (change.change === 'retracted') own.retracted = true;
    else Object.assign(own, { ...change.found, retracted: false });
  }
  return result;
}

describe('alerts on record and what the fixes say', () => {
  const stored: StoredAlert[] = [
    { id: 7, zoneVersion: 1, kind: 'exclusion entered', from: 100, to: null, facts, retracted: false, closed: false },
  ];

  test('what agrees is left alone, however long it lasts', () => {
    expect(reconcile(stored, [found(100, null, { facts: { ...facts, fixes: 90 } })])).toEqual([]);
  });

  test('what ends, or begins earlier after a late fix, is amended', () => {
    expect(reconcile(stored, [found(100, 400)])).toMatchObject([{ change: 'amended', id: 7 }]);
    expect(reconcile(stored, [found(40, null)])).toMatchObject([{ change: 'amended', id: 7 }]);
  });

  test('what no longer holds is retracted, and raised again under the same number if it does after all', () => {
    const changes = reconcile(stored, []);
    expect(changes).toEqual([{ change: 'retracted', id: 7 }]);
    expect(reconcile(written(stored, changes), [found(100, null)])).toMatchObject([{ change: 'raised again', id: 7 }]);
    expect(reconcile(written(stored, changes), [])).toEqual([]);
  });

  test('one that falls apart keeps its number for the part with its beginning', () => {
    const changes = reconcile(stored, [found(100, 150), found(300, null)]);
    expect(changes).toMatchObject([
      { change: 'amended', id: 7, found: { to: 150 } },
      { change: 'raised', found: { from: 300 } },
    ]);
  });

  test('one that was closed is raised again when it goes on, and when it is worse than was told', () => {
    const closed: StoredAlert = {
      id: 7,
      zoneVersion: 1,
      kind: 'exclusion entered',
      from: 100,
      to: 400,
      facts,
      retracted: false,
      closed: true,
    };
    expect(reconcile([closed], [found(100, 500)])).toMatchObject([{ change: 'amended', id: 7 }]);
    expect(reconcile([closed], [found(100, null)])).toMatchObject([{ change: 'raised again', id: 7 }]);
    const low: StoredAlert = { ...closed, zoneVersion: null, kind: 'battery low', to: null };
    const flat = found(100, null, { zoneVersion: null, kind: 'battery flat' });
    expect(reconcile([low], [flat])).toMatchObject([{ change: 'raised again', id: 7 }]);
    expect(reconcile([{ ...low, closed: false }], [flat])).toMatchObject([{ change: 'amended', isWorse: true }]);
  });

  test('when it has ended, what it rests on is put right too', () => {
    const ended = written(stored, reconcile(stored, [found(100, 400)]));
    const farther = found(100, 400, { facts: { ...facts, farthestM: 400 } });
    expect(reconcile(ended, [farther])).toMatchObject([{ change: 'amended', id: 7 }]);
  });

  test('what is active comes before what was retracted', () => {
    const both: StoredAlert[] = [
      { id: 1, zoneVersion: 1, kind: 'exclusion entered', from: 100, to: 200, facts, retracted: true, closed: false },
      { id: 2, zoneVersion: 1, kind: 'exclusion entered', from: 150, to: null, facts, retracted: false, closed: false },
    ];
    expect(reconcile(both, [found(140, null)])).toMatchObject([{ change: 'amended', id: 2 }]);
  });

  test('another zone is another alert', () => {
    expect(reconcile(stored, [found(100, null), found(100, null, { zoneVersion: 2 })])).toMatchObject([{ change: 'raised' }]);
  });

  test('after the changes the record says what was found, and nothing is left to change', () => {
    const stretch = fc.record({
      zoneVersion: fc.integer({ min: 1, max: 2 }),
      from: fc.integer({ min: 0, max: 60 }),
      length: fc.option(fc.integer({ min: 1, max: 20 })),
    });
    const list = fc.uniqueArray(stretch, { maxLength: 6, selector: ({ zoneVersion, from }) => `${zoneVersion}/${from}` });
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 5 }), (rounds) => {
        let record: StoredAlert[] = [];
        for (const round of rounds) {
          const wanted = round.map(({ zoneVersion, from, length }) => found(from, length === null ? null : from + length, { zoneVersion }));
          record = written(record, reconcile(record, wanted));
          expect(reconcile(record, wanted)).toEqual([]);
          const key = ({ zoneVersion, from, to }: Pick<StoredAlert, 'zoneVersion' | 'from' | 'to'>) => `${zoneVersion}/${from}/${to}`;
          expect(
            record
              .filter(({ retracted }) => !retracted)
              .map(key)
              .sort(),
          ).toEqual(wanted.map(key).sort());
        }
      }),
      { seed: 6, numRuns: 400 },
    );
  });
});
