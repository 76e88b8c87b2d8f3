import type { LinkageModel } from './model.ts';

/** One place in which two models differ; `undefined` where a side has nothing. */
export interface ModelDifference {
  /** Such as `comparisons.surname.levels.same.m.value`. */
  path: string;
  before: unknown;
  after: unknown;
}

/** What changed between two models. Things with names are matched by name, whatever their order. */
export function compareModels(before: LinkageModel, after: LinkageModel): ModelDifference[] {
  const differences: ModelDifference[] = [];
  walk('', before, after, differences);
  return differences;
}

function walk(path: string, before: unknown, after: unknown, found: ModelDifference[]): void {
  if (Object.is(before, after)) return;
  const [left, right] = [byName(before), byName(after)];
  if (left && right) {
    for (const key of new Set([...left.keys(), ...right.keys()])) walk(path ? `${path}.${key}` : key, left.get(key), right.get(key), found);
  } else found.push({ path, before, after });
}

function byName(value: unknown): Map<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  return new Map(
    value.map((item, i) => {
      const named = item as { name?: string; label?: string } | null;
      return [String(named?.name ?? named?.label ?? i), item];
    }),
  );
}
