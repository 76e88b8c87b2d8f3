import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { parse } from 'yaml';
import { ToldError } from '../../platform/told-error.ts';
import { type FactKindKey, factKindKeys, factKinds, faultOfValue } from '../facts/index.ts';

const only = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 200 });
const Level = Type.Integer({ minimum: 0, maximum: 3 });
export const highestLevel = 3;

const Rule = Type.Object(
  {
    fact: Name,
    /** The statement has one of these values. */
    is: Type.Optional(Type.Array(Name, { minItems: 1 })),
    /** Of a percentage: it is lower than this. */
    below: Type.Optional(Type.Number()),
    /** The need is at least this. */
    level: Type.Optional(Level),
    /** The need is at most this, as long as nothing shows more. */
    atMost: Type.Optional(Level),
    stages: Type.Optional(Type.Array(Name, { minItems: 1 })),
  },
  only,
);

const Strength = Type.Object(
  { key: Name, name: Name, fact: Name, is: Type.Array(Name, { minItems: 1 }), not: Type.Array(Name, { minItems: 1 }) },
  only,
);

const TriggerRule = Type.Object(
  {
    name: Name,
    fact: Name,
    is: Type.Array(Name, { minItems: 1 }),
    /** It stays a reason to look for so many weeks after its day. */
    weeks: Type.Integer({ minimum: 1, maximum: 104 }),
  },
  only,
);

export const Instrument = Type.Object(
  {
    format: Type.Literal('waymark-instrument-1'),
    version: Name,
    about: Type.String({ minLength: 20 }),
    stages: Type.Array(Type.Object({ key: Name, from: Type.Integer({ minimum: 0 }), to: Type.Integer({ minimum: 0 }) }, only), {
      minItems: 1,
    }),
    factors: Type.Array(
      Type.Object(
        {
          key: Name,
          name: Name,
          about: Name,
          stages: Type.Optional(Type.Array(Name, { minItems: 1 })),
          rules: Type.Array(Rule, { minItems: 1 }),
        },
        only,
      ),
      { minItems: 1 },
    ),
    /** For how many months after the birthday between two stages of life what the one before knows goes on counting. */
    handover_months: Type.Optional(Type.Integer({ minimum: 0, maximum: 24 })),
    strengths: Type.Array(Strength),
    /** Statements after which somebody should soon see whether help is to be offered. They change no score. */
    triggers: Type.Optional(Type.Array(TriggerRule)),
    /** In order; each begins at a score and ends where the next begins. */
    bands: Type.Array(Type.Object({ name: Name, from: Type.Integer({ minimum: 0 }) }, only), { minItems: 1 }),
  },
  only,
);
export type Instrument = Static<typeof Instrument>;
export type InstrumentRule = Static<typeof Rule>;

/** An instrument cannot be used; the message names each fault. */
export class InstrumentError extends ToldError {
  override name = 'InstrumentError';
}

/** An instrument is a page or two; a longer text is something else, and is not taken apart. Characters. */
const instrumentAtMost = 64 * 1024;

/** @throws InstrumentError naming every place that is wrong */
export function readInstrument(text: string): Instrument {
  if (text.length > instrumentAtMost)
    throw new InstrumentError(`The instrument is longer than ${instrumentAtMost / 1024} KB. Leave out what is no part of it.`);
  let found: unknown;
  try {
    // Whether a key stands twice is looked for by comparing each with each: not worth it for so many.
    found = parse(text, { maxAliasCount: 20, uniqueKeys: text.length < 20_000 });
  } catch (error) {
    throw new InstrumentError(`The instrument is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  if (!Value.Check(Instrument, found)) {
    const faults = [...Value.Errors(Instrument, found)].slice(0, 5).map((fault) => `${fault.instancePath || 'the file'}: ${fault.message}`);
    throw new InstrumentError(`The instrument does not fit its form. ${faults.join('; ')}`);
  }
  const faults = inconsistencies(found);
  if (faults.length > 0) throw new InstrumentError(`The instrument cannot be used. ${faults.join('; ')}`);
  return found;
}

function inconsistencies({ stages, factors, strengths, triggers = [], bands }: Instrument): string[] {
  const faults: string[] = [];
  const known = new Set(stages.map(({ key }) => key));
  const checkFact = (place: string, fact: string, values: readonly string[] = []) => {
    if (!(factKindKeys as string[]).includes(fact)) return void faults.push(`${place}: there is no fact "${fact}"`);
    for (const value of values) {
      const fault = faultOfValue(fact as FactKindKey, value);
      if (fault) faults.push(`${place}: "${value}" ${fault}`);
    }
  };
  const checkStages = (place: string, own: readonly string[] = []) => {
    for (const stage of own) if (!known.has(stage)) faults.push(`${place}: there is no stage "${stage}"`);
  };
  for (const { key, stages: own, rules } of factors) {
    checkStages(key, own);
    for (const rule of rules) {
      checkFact(key, rule.fact, rule.is);
      checkStages(key, rule.stages);
      if (rule.level === undefined && rule.atMost === undefined)
        faults.push(`${key}: a rule on ${rule.fact} says neither level nor atMost`);
      if ((rule.level ?? 0) > (rule.atMost ?? highestLevel)) faults.push(`${key}: a rule on ${rule.fact} has a level above its atMost`);
      if ((rule.is === undefined) === (rule.below === undefined))
        faults.push(`${key}: a rule on ${rule.fact} needs either "is" or "below"`);
      const isPercent = factKinds[rule.fact as FactKindKey]?.values === 'percent';
      if (rule.below !== undefined && !isPercent) faults.push(`${key}: "below" is for percentages, which ${rule.fact} is not`);
    }
  }
  for (const { key, fact, is, not } of strengths) checkFact(key, fact, [...is, ...not]);
  for (const { name, fact, is } of triggers) checkFact(`triggers, ${name}`, fact, is);
  if (bands[0]?.from !== 0) faults.push('bands: the first must begin at 0');
  bands.forEach(({ from }, i) => {
    if (i > 0 && from <= (bands[i - 1]?.from ?? 0)) faults.push('bands: each must begin above the one before');
  });
  stages.forEach(({ key, from, to }, i) => {
    if (to < from || (i > 0 && from !== (stages[i - 1]?.to ?? 0) + 1)) faults.push(`stages: "${key}" must follow on the one before`);
  });
  return faults;
}

let current: Instrument | undefined;

/** The newest instrument that comes with the product, read once. */
export function currentInstrument(): Instrument {
  current ??= readInstrument(currentInstrumentText());
  return current;
}

/** The same as its file has it, with its comments: what a draft of another begins from. */
export function currentInstrumentText(): string {
  const files = readdirSync(import.meta.dirname)
    .filter((name) => /^instrument-.*\.yaml$/.test(name))
    .sort();
  return readFileSync(join(import.meta.dirname, files[files.length - 1] as string), 'utf8');
}
