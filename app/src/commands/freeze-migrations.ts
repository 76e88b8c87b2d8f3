import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frozenHashes, migrationHashes } from '../platform/migrate.ts';

/** Writes down what each new migration is, before it is released. One that has been released never changes. */
const file = join(import.meta.dirname, '../../migrations/frozen.json');
const frozen = existsSync(file) ? frozenHashes() : new Map<string, string>();
const now = migrationHashes();
for (const [name, hash] of now) if (!frozen.has(name)) frozen.set(name, hash);
writeFileSync(file, `${JSON.stringify(Object.fromEntries([...frozen].sort()), null, 2)}\n`);
const changed = [...frozen].filter(([name, hash]) => now.get(name) !== hash).map(([name]) => name);
console.log(`${frozen.size} migrations are frozen.${changed.length > 0 ? ` Changed since: ${changed.join(', ')}. Put them back.` : ''}`);
process.exitCode = changed.length > 0 ? 1 : 0;
