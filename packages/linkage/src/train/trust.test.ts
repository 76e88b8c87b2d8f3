import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@waymark/town';
import { describe, expect, test } from 'vitest';
import { guessModel, Linker, type Row } from '../index.ts';
import { carefulShares } from './trust.ts';

const forenames =
  'James Mary John Aisha Mohammed Wei Siobhan Gareth Catrin Pawel Ngozi Priya Raj Fatima Yusuf Lena Hugo Ines Marek Zofia'.split(' ');
const parts = 'ba ce di fo gu ha ki lo mu ne pi ro su ta ve wi yo za'.split(' ');

/** Households of up to five, nobody twice; so many have twins, who share all but the forename. */
function households(seed: number, count: number, twins: number): Row[] {
  const random = new Random(seed);
  const below = (n: number) => Math.floor(random.next() * n);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const two = (n: number) => String(n).padStart(2, '0');
  const rows: Row[] = [];
  let left = twins;
  for (let h = 0; h < count; h++) {
    const surname = [pick(parts), pick(parts), pick(parts)].join('');
    const address = `${1 + below(90)} ${pick(['Mill', 'Park', 'Oak', 'Elm', 'York', 'King', 'Hill', 'Moor'])} ${pick(['Lane', 'Road', 'Street'])}`;
    const postcode = `${pick(['LS', 'BD', 'HX'])}${1 + below(20)} ${1 + below(9)}${pick([...'ABDEFGHJ'])}${pick([...'ABDEFGHJ'])}`;
    const size = 1 + below(5);
    let kid = '';
    for (let i = 0; i < size; i++) {
      const year = i < 2 ? 1950 + below(41) : 1996 + below(21);
      let born = `${year}-${two(1 + below(12))}-${two(1 + below(28))}`;
      if (i === 2) kid = born;
      if (i === 3 && left-- > 0) born = kid;
      rows.push({
        record: `r${rows.length}`,
        Forename: pick(forenames),
        Surname: surname,
        DOB: born,
        Sex: pick(['M', 'F']),
        Address: address,
        Postcode: postcode,
      });
    }
  }
  return rows;
}

describe('what records teach', () => {
  test('the careful shares are those that are published', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../../../docs/choosing-a-linkage-model.md'), 'utf8');
    const published = [...guide.matchAll(/^\| `(\w+)`[^|]*\| ([\d.]+) \| ([\d.]+) \|$/gm)].map(([, kind, same, different]) => [
      kind,
      { same: Number(same), different: Number(different) },
    ]);
    expect(Object.fromEntries(published)).toEqual(carefulShares);
  });

  test('a model that was learnt of households is refused, careful defaults stand in, and it is said why', () => {
    for (const twins of [0, 15, 60]) {
      const rows = households(11 + twins, 600, twins);
      const columns = Object.keys(rows[0] as Row);
      const sample = new Map(columns.map((column) => [column, rows.map((row) => (row as Record<string, string>)[column] ?? null)]));
      const { model, idColumn } = guessModel(sample);
      const linker = Linker.fromRows(rows, model, { id: idColumn ?? 'record' });
      const learnt = linker.learn({ randomPairs: 60_000 });
      expect(learnt.isCareful).toBe(true);
      expect(learnt.warnings.join(' ')).toMatch(/What these records teach is not used: .*Careful published defaults/);
      for (const members of linker.cluster().clusters) {
        for (const i of members)
          for (const j of members) {
            const [a, b] = [rows[i] as Record<string, string>, rows[j] as Record<string, string>];
            expect(a.Forename !== b.Forename && a.DOB !== b.DOB, `${JSON.stringify(a)} ${JSON.stringify(b)}`).toBe(false);
          }
      }
    }
  });
});
