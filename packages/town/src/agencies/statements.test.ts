import { describe, expect, test } from 'vitest';
import { agencyNames, statements } from './statements.ts';

const options = { seed: 4, people: 1500, today: '2026-02-03' };
const all = [...statements(options)];

describe("the town's agencies", () => {
  test('the same seed gives the same statements, another seed others', () => {
    expect([...statements(options)]).toEqual(all);
    expect([...statements({ ...options, seed: 5 })].slice(0, 50)).not.toEqual(all.slice(0, 50));
  });

  test('every agency knows some, with numbers of its own', () => {
    for (const agency of agencyNames) {
      const own = all.filter((statement) => statement.agency === agency);
      expect(own.length, agency).toBeGreaterThan(5);
      expect(new Set(own.map(({ key }) => key)).size).toBe(own.length);
    }
    expect(new Set(all.map(({ person }) => person)).size).toBeGreaterThan(1300);
  });

  test('no two people have one NHS number, and nobody is born yet who will be', () => {
    // Errors apart, everything that is written down is true.
    const right = [...statements({ ...options, errors: 0 })];
    const personOf = new Map<string, string>();
    for (const { nhs, person, born } of right) {
      if (born) expect(born <= options.today).toBe(true);
      if (!nhs) continue;
      expect(personOf.get(nhs) ?? person).toBe(person);
      personOf.set(nhs, person);
    }
    expect(personOf.size).toBeGreaterThan(1200);
  });

  test('numbers, telephones, addresses and e-mail are from ranges that are given to nobody', () => {
    const right = [...statements({ ...options, errors: 0 })];
    const seen = { nhs: 0, upn: 0, phone: 0, email: 0, postcode: 0 };
    for (const { nhs, upn, phone, email, postcode } of right) {
      // NHS numbers from 999 are for tests; telephones from 07700 900 are for drama; .example is nobody's; local authorities from 900 are none.
      if (nhs && ++seen.nhs) expect(nhs).toMatch(/^999/);
      if (upn && ++seen.upn) expect(upn).toMatch(/^[A-Z]9/);
      if (phone && ++seen.phone) expect(phone.replace(/\D/g, '').replace(/^44/, '0')).toMatch(/^07700900/);
      if (email && ++seen.email) expect(email).toMatch(/\.example$/);
      if (postcode && ++seen.postcode) expect(postcode).toMatch(/^(HQ|LQ|NQ|TX|WX|YQ)\d/i);
    }
    for (const [kind, count] of Object.entries(seen)) expect(count, kind).toBeGreaterThan(100);
  });

  test('what is stated is of the past, and of kinds that the agency knows of', () => {
    for (const { agency, circumstances } of all) {
      for (const { kind, on } of circumstances) {
        expect(on <= options.today).toBe(true);
        if (agency === 'health') expect(kind).toBe('substance use');
      }
    }
  });
});
