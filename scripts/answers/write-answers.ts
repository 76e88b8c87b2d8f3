import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeAnswers } from './describe-answers.ts';

/** `npm run answers`: describes what the API answers as its types have it; with `--check` it only says what is not so. */
const isCheck = process.argv.includes('--check');
const sources = join(import.meta.dirname, '../../app/src');
const files = describeAnswers();
const old = [...files].filter(([file, text]) => !existsSync(join(sources, file)) || readFileSync(join(sources, file), 'utf8') !== text);
if (!isCheck) for (const [file, text] of old) writeFileSync(join(sources, file), text);
const what = old.map(([file]) => file).join(', ');
if (old.length === 0) console.log(`${files.size} descriptions of answers are as their types have them.`);
else console.log(isCheck ? `Not as the types have them: ${what}. Write them with: npm run answers` : `Written: ${what}.`);
process.exitCode = isCheck && old.length > 0 ? 1 : 0;
