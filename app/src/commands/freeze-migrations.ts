import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frozenHashes, migrationHashes, unfrozen } from '../platform/migrate.ts';

/**
 * `npm run freeze`: writes down what each new migration is, before it is released. One that has been released never changes.
 * With `--check` it writes nothing, and only says what is not frozen.
 */
const isCheck = process.argv.includes('--check');
const frozen = frozenHashes();
const now = migrationHashes();
if (!isCheck) {
  const file = join(import.meta.dirname, '../../migrations/frozen.json');
  const all = [...now, ...frozen].sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
}
const wrong = isCheck ? unfrozen() : unfrozen(now, new Map([...now, ...frozen]));
console.log(
  wrong.length > 0
    ? `Migrations: ${wrong.join(', ')}. Put back what was changed; freeze what is new.`
    : `${now.size} migrations are frozen.`,
);
process.exitCode = wrong.length > 0 ? 1 : 0;
