import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expiryOf, type FactKindKey, factKindKeys, factKinds } from '../facts/fact-kinds.ts';
import type { Statement } from '../facts/statement.ts';
import { currentInstrument, InstrumentError, readInstrument } from './instrument.ts';
import { ageOn, birthdayOf, comingChanges, computeProfile, type NoProfile, type Profile } from './profile.ts';

const instrument = currentInstrument();
const asOf = '2026-11-01';

const statement = (kind: FactKindKey, value: string, on = '2026-09-01', rest: Partial<Statement> = {}): Statement => ({
  id: 1,
  source: 'school',
  kind,
  value,
  on,
  expires: expiryOf(kind, on),
  challenged: false,
  ...rest,
});

/** Any statements of a few sources over three years, and a birth date that may be unknown. */
const days = fc.integer({ min: 0, max: 1200 }).map((back) => new Date(Date.parse(asOf) - back * 86_400_000).toISOString().slice(0, 10));
const anyStatement = fc
  .tuple(fc.constantFrom(...factKindKeys), fc.constantFrom('school', 'health', 'housing'), days, fc.nat(), fc.boolean())
  .map(([kind, source, on, pick, challenged]) => {
    const { values } = factKinds[kind];
    const value = values === 'percent' ? String(pick % 101) : (values[pick % values.length] as string);
    return statement(kind, value, on, { source, challenged: challenged && pick % 4 === 0 });
  });
const anyStatements = fc.array(anyStatement, { maxLength: 14 }).map((all) => all.map((own, i) => ({ ...own, id: i + 1 })));
const anyBirth = fc.option(
  fc.integer({ min: 0, max: 25 * 365 }).map((back) => new Date(Date.parse(asOf) - back * 86_400_000).toISOString().slice(0, 10)),
  { nil: null },
);

function profileOf(statements: readonly Statement[], born: string | null = '2014-05-05', day = asOf): Profile {
  const profile = computeProfile(instrument, statements, born, day);
  if (!('factors' in profile)) throw new Error(`no profile: ${profile.reason}`);
  return profile;
}

const levelOf = (profile: Profile, key: string) => {
  const factor = profile.factors.find((own) => own.key === key);
  return factor && [factor.low, factor.high];
};

describe('a profile', () => {
  test('unknown is a range, not a nought, and has no band', () => {
    const empty = profileOf([]);
    expect(levelOf(empty, 'exclusion')).toEqual([0, 3]);
    expect(empty.factors.filter(({ applies }) => applies).every(({ unknown }) => unknown)).toBe(true);
    expect(empty.band).toBeNull();
    expect(empty.bandsPossible).toEqual(['few needs', 'some needs', 'many needs']);
  });

  test('a statement that settles a factor closes its range', () => {
    expect(levelOf(profileOf([statement('school exclusion', 'none')]), 'exclusion')).toEqual([0, 0]);
    expect(levelOf(profileOf([statement('school exclusion', 'suspended')]), 'exclusion')).toEqual([2, 2]);
    expect(levelOf(profileOf([statement('attendance', '85')]), 'attainment')).toEqual([1, 3]);
  });

  test('where sources differ, what was seen counts', () => {
    const both = [
      statement('substance use', 'none', '2026-09-01', { id: 1, source: 'health' }),
      statement('substance use', 'harmful', '2026-08-01', { id: 2, source: 'youth offending' }),
    ];
    expect(levelOf(profileOf(both), 'substances')).toEqual([2, 2]);
  });

  test("a later statement of the same source takes the earlier one's place, but not that of an event", () => {
    const home = [statement('housing', 'temporary', '2026-03-01', { id: 1 }), statement('housing', 'settled', '2026-08-01', { id: 2 })];
    expect(levelOf(profileOf(home), 'homelessness')).toEqual([0, 0]);
    const school = [
      statement('school exclusion', 'suspended', '2026-03-01', { id: 1 }),
      statement('school exclusion', 'none', '2026-08-01', { id: 2 }),
    ];
    expect(levelOf(profileOf(school), 'exclusion')).toEqual([2, 2]);
  });

  test('at each stage of life its own factors count', () => {
    const applying = (born: string) =>
      profileOf([], born)
        .factors.filter(({ applies }) => applies)
        .map(({ key }) => key);
    expect(applying('2024-05-05')).toEqual(['parent offending', 'family', 'homelessness']);
    expect(applying('2014-05-05')).toEqual(['parent offending', 'attainment', 'exclusion', 'family', 'substances', 'homelessness']);
    expect(applying('2006-05-05')).toEqual(['attainment', 'family', 'substances', 'unemployment', 'homelessness']);
    expect(computeProfile(instrument, [], '1980-01-01', asOf)).toEqual({
      reason: 'older than the instrument is for',
      age: 46,
    } satisfies NoProfile);
  });

  test('it says what time alone will change', () => {
    const changes = comingChanges(instrument, [statement('school exclusion', 'suspended', '2026-01-15')], '2014-05-05', asOf);
    expect(changes).toEqual([
      { on: '2027-01-16', factor: 'Exclusion from school', before: { low: 2, high: 2 }, after: { low: 0, high: 3 } },
    ]);
  });

  test('strengths stand beside, and are told apart from what nobody knows', () => {
    const { strengths } = profileOf([statement('trusted adult', 'yes'), statement('housing', 'temporary', '2026-09-01', { id: 2 })]);
    expect(strengths.map(({ standing }) => standing)).toEqual(['there', 'not there', 'unknown']);
  });

  test.each([
    ['2016-02-29', '2026-02-28', 9],
    ['2016-02-29', '2026-03-01', 10],
    ['2010-11-01', '2026-11-01', 16],
  ])('born %s, on %s: %i years', (born, day, years) => {
    expect(ageOn(born, day)).toBe(years);
  });
});

describe('over any statements', () => {
  test('the parts add up to the score, at both ends', () => {
    fc.assert(
      fc.property(anyStatements, anyBirth, (statements, born) => {
        const { factors, score } = profileOf(statements, born);
        expect(factors.reduce((sum, { low }) => sum + low, 0)).toBe(score.low);
        expect(factors.reduce((sum, { high }) => sum + high, 0)).toBe(score.high);
        for (const { low, high } of factors) expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });

  test('the same statements in any order give the same profile', () => {
    fc.assert(
      fc.property(anyStatements, anyBirth, fc.integer(), (statements, born, seed) => {
        const shuffled = [...statements].sort((a, b) => ((a.id * 7919 + seed) % 101) - ((b.id * 7919 + seed) % 101));
        expect(profileOf(shuffled, born)).toEqual(profileOf(statements, born));
      }),
    );
  });

  test('challenging statements never raises a lower end and never narrows a range', () => {
    fc.assert(
      fc.property(anyStatements, anyBirth, fc.nat(), (statements, born, mask) => {
        const before = profileOf(statements, born);
        const after = profileOf(
          statements.map((own, i) => (mask & (1 << i) ? { ...own, challenged: true } : own)),
          born,
        );
        after.factors.forEach((factor, i) => {
          const was = before.factors[i] as (typeof before.factors)[number];
          expect(factor.low).toBeLessThanOrEqual(was.low);
          // Of unknown age several stages are laid over each other: there, to settle a contradiction may narrow the range.
          if (born !== null) expect(factor.high - factor.low).toBeGreaterThanOrEqual(was.high - was.low);
        });
        expect(after.score.low).toBeLessThanOrEqual(before.score.low);
      }),
    );
  });

  test('leaving out all that a source says of a kind never raises a lower end and never narrows a range', () => {
    fc.assert(
      fc.property(
        anyStatements,
        anyBirth,
        fc.constantFrom(...factKindKeys),
        fc.constantFrom('school', 'health', 'housing'),
        (statements, born, kind, source) => {
          const before = profileOf(statements, born);
          const after = profileOf(
            statements.filter((own) => own.kind !== kind || own.source !== source),
            born,
          );
          after.factors.forEach((factor, i) => {
            const was = before.factors[i] as (typeof before.factors)[number];
            expect(factor.low).toBeLessThanOrEqual(was.low);
            // Of unknown age several stages are laid over each other: there, to settle a contradiction may narrow the range.
            if (born !== null) expect(factor.high - factor.low).toBeGreaterThanOrEqual(was.high - was.low);
          });
        },
      ),
    );
  });

  test('a challenged or expired statement is as good as none where no other of its source and kind stands', () => {
    fc.assert(
      fc.property(anyStatement, anyBirth, fc.boolean(), (own, born, expired) => {
        const without = expired ? { ...own, expires: '2026-10-31' } : { ...own, challenged: true };
        expect(profileOf([without], born)).toEqual(profileOf([], born));
      }),
    );
  });

  test('an unknown birth date widens and never narrows', () => {
    fc.assert(
      fc.property(anyStatements, anyBirth, (statements, born) => {
        const known = profileOf(statements, born);
        const unknown = profileOf(statements, null);
        unknown.factors.forEach((factor, i) => {
          const was = known.factors[i] as (typeof known.factors)[number];
          expect(factor.low).toBeLessThanOrEqual(was.low);
          expect(factor.high).toBeGreaterThanOrEqual(was.high);
        });
      }),
    );
  });

  test('no band is named where the range reaches over several', () => {
    fc.assert(
      fc.property(anyStatements, anyBirth, (statements, born) => {
        const { score, band } = profileOf(statements, born);
        const bandOf = (points: number) => instrument.bands.findLast(({ from }) => from <= points)?.name;
        expect(band).toBe(bandOf(score.low) === bandOf(score.high) ? bandOf(score.low) : null);
      }),
    );
  });
});

describe('an instrument file', () => {
  const text = (rule: string) => `
format: waymark-instrument-1
version: x
about: an instrument for this test only
stages: [{ key: all, from: 0, to: 25 }]
factors: [{ key: f, name: F, about: f, rules: [${rule}] }]
strengths: []
bands: [{ name: any, from: 0 }]`;

  test.each([
    ['{ fact: weather, is: [rain], level: 1 }', /no fact "weather"/],
    ['{ fact: housing, is: [tent], level: 1 }', /"tent" is none of/],
    ['{ fact: housing, is: [settled] }', /neither level nor atMost/],
    ['{ fact: housing, is: [settled], level: 2, atMost: 1 }', /level above its atMost/],
    ['{ fact: housing, below: 3, level: 1 }', /"below" is for percentages/],
    ['{ fact: housing, is: [settled], level: 9 }', /does not fit its form/],
    ['{ fact: housing, is: [settled], level: 1, stages: [old age] }', /no stage "old age"/],
  ])('%s is refused', (rule, message) => {
    expect(() => readInstrument(text(rule))).toThrow(InstrumentError);
    expect(() => readInstrument(text(rule))).toThrow(message);
  });

  test('nothing but the documented statements is read: no address, no ethnicity, no name', () => {
    const read = new Set(instrument.factors.flatMap(({ rules }) => rules.map(({ fact }) => fact)));
    for (const fact of read) expect(factKindKeys).toContain(fact);
    for (const forbidden of ['postcode', 'address', 'ethnicity', 'sex']) expect(factKindKeys).not.toContain(forbidden);
  });
});

describe('birthdays are changes too', () => {
  const excluded = [
    {
      id: 1,
      source: 'school',
      kind: 'school exclusion' as const,
      value: 'permanent',
      on: '2026-06-01',
      expires: '2027-06-01',
      challenged: false,
    },
  ];
  const exclusion = (born: string, day: string) => {
    const profile = computeProfile(currentInstrument(), excluded, born, day);
    return 'factors' in profile ? profile.factors.find(({ key }) => key === 'exclusion') : null;
  };

  test('one stage hands a need over to the next for six months; it does not vanish overnight', () => {
    expect(exclusion('2010-11-27', '2026-11-26')).toMatchObject({ applies: true, low: 3 });
    expect(exclusion('2010-11-27', '2026-11-27')).toMatchObject({ applies: true, low: 3, high: 3 });
    expect(exclusion('2010-11-27', '2027-05-26')).toMatchObject({ applies: true, low: 3 });
    expect(exclusion('2010-11-27', '2027-05-27')).toMatchObject({ applies: false, low: 0 });
    // What was never seen is not handed over.
    const profile = computeProfile(currentInstrument(), [], '2010-11-27', '2026-11-27');
    expect('factors' in profile && profile.factors.find(({ key }) => key === 'exclusion')).toMatchObject({ applies: false });
  });

  test('what time alone will change says so before, and the end of the instrument too', () => {
    const coming = comingChanges(currentInstrument(), excluded, '2010-11-27', '2026-11-26');
    expect(coming.find(({ factor }) => factor === 'Exclusion from school')).toMatchObject({ on: '2027-05-27', after: { low: 0, high: 0 } });
    const last = comingChanges(currentInstrument(), [], '2000-12-01', '2026-11-26').at(-1);
    expect(last).toMatchObject({ on: '2026-12-01', factor: expect.stringMatching(/older than this is for/) });
  });

  test('29 February', () => {
    expect([birthdayOf('2008-02-29', 16), birthdayOf('2008-02-29', 17)]).toEqual(['2024-02-29', '2025-03-01']);
  });
});
