import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { settingsExample, settingsPage, settingsSchema } from './describe-settings.ts';

/** `npm run settings` writes what describes the settings; with `--check` it says what is not as they are, and ends with 1. */
const root = join(import.meta.dirname, '../../..');
const files = { 'docs/settings.schema.json': settingsSchema(), 'docs/settings.md': settingsPage(), '.env.example': settingsExample() };
const stale = Object.entries(files).filter(([file, text]) => {
  try {
    return readFileSync(join(root, file), 'utf8') !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is not as the settings are. Run: npm run settings`);
  if (stale.length === 0) console.log(`${Object.keys(files).length} descriptions of settings are as they are.`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [file, text] of stale) writeFileSync(join(root, file), text);
  console.log(stale.length > 0 ? `Written: ${stale.map(([file]) => file).join(', ')}` : 'All are as they should be.');
}
