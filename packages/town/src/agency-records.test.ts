import { describe, expect, test } from 'vitest';
import { type AgencyRecord, agencyRecords } from './agency-records.ts';

const records = [...agencyRecords({ seed: 3, people: 3000 })];

function share(of: (record: AgencyRecord) => boolean): number {
  return records.filter(of).length / records.length;
}

function pairsOf(differ: (a: AgencyRecord, b: AgencyRecord) => boolean): number {
  const byPerson = Map.groupBy(records, ({ person }) => person);
  let [all, different] = [0, 0];
  for (const own of byPerson.values()) {
    for (let i = 1; i < own.length; i++) {
      all++;
      if (differ(own[0] as AgencyRecord, own[i] as AgencyRecord)) different++;
    }
  }
  return different / all;
}

describe('made-up people as agencies hold them', () => {
  test('the same seed gives the same records, another seed others', () => {
    expect([...agencyRecords({ seed: 3, people: 100 })]).toEqual([...agencyRecords({ seed: 3, people: 100 })]);
    expect([...agencyRecords({ seed: 4, people: 100 })]).not.toEqual([...agencyRecords({ seed: 3, people: 100 })]);
  });

  test('about two and a half records a person, each with a number of its own', () => {
    expect(records.length / 3000).toBeGreaterThan(2);
    expect(records.length / 3000).toBeLessThan(3);
    expect(new Set(records.map(({ record }) => record)).size).toBe(records.length);
  });

  test('agencies leave out, mistype, hear wrong, swap and use old names', () => {
    expect(share(({ nhs_number }) => nhs_number === null)).toBeGreaterThan(0.3);
    expect(pairsOf((a, b) => a.forename !== b.forename)).toBeGreaterThan(0.1);
    expect(pairsOf((a, b) => a.forename !== b.forename)).toBeLessThan(0.35);
    expect(pairsOf((a, b) => a.date_of_birth !== b.date_of_birth)).toBeGreaterThan(0.05);
    expect(share(({ date_of_birth }) => date_of_birth === '1900-01-01')).toBeGreaterThan(0);
    expect(pairsOf((a, b) => a.forename !== null && a.forename === b.surname)).toBeGreaterThan(0);
  });

  test('households share an address, and some have twins', () => {
    const homes = Map.groupBy(
      records.filter(({ address }) => address !== null),
      ({ address, postcode }) => `${address} ${postcode}`,
    );
    expect([...homes.values()].some((own) => new Set(own.map(({ person }) => person)).size > 2)).toBe(true);
    const births = Map.groupBy(records, ({ surname, date_of_birth, address }) => `${surname} ${date_of_birth} ${address}`);
    const twins = [...births.values()].filter(
      (own) => own[0]?.date_of_birth && own[0].address && new Set(own.map(({ person }) => person)).size > 1,
    );
    expect(twins.length).toBeGreaterThan(2);
  });

  test('without errors nothing is mistyped', () => {
    const clean = [...agencyRecords({ seed: 3, people: 300, errors: 0 })];
    const births = Map.groupBy(
      clean.filter(({ date_of_birth }) => date_of_birth !== null),
      ({ person }) => person,
    );
    expect([...births.values()].every((own) => new Set(own.map(({ date_of_birth }) => date_of_birth)).size === 1)).toBe(true);
  });
});
