import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeTables } from './describe-tables.ts';

/** `npm run tables`: describes the tables to the compiler as the migrations leave them; with `--check` it only says what is not so. */
const isCheck = process.argv.includes('--check');
const sources = join(import.meta.dirname, '..');
const files = await describeTables();
const old = [...files].filter(([file, text]) => !existsSync(join(sources, file)) || readFileSync(join(sources, file), 'utf8') !== text);
if (!isCheck) for (const [file, text] of old) writeFileSync(join(sources, file), text);
const what = old.map(([file]) => file).join(', ');
if (old.length === 0) console.log(`${files.size} descriptions of tables are as the migrations leave them.`);
else console.log(isCheck ? `Not as the migrations leave them: ${what}. Write them with: npm run tables` : `Written: ${what}.`);
process.exitCode = isCheck && old.length > 0 ? 1 : 0;
