import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mapping, readMapping } from './mapping.ts';

const folder = join(import.meta.dirname, 'mappings');

/** Names of the mappings that come with the product. */
export function mappingNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort();
}

const read = new Map<string, Mapping>();

/** A mapping that comes with the product, read once; null when there is none of the name. */
export function mappingOfName(name: string): Mapping | null {
  if (!mappingNames().includes(name)) return null;
  const mapping = read.get(name) ?? readMapping(readFileSync(join(folder, `${name}.yaml`), 'utf8'));
  read.set(name, mapping);
  return mapping;
}
