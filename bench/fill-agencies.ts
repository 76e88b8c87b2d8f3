import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAgencies } from '@waymark/town';

/** Writes the town's agencies' files, from a process of its own so that its memory is nobody else's. */
const [folder = '', seed = '', people = '', today = '', errors = '1'] = process.argv.slice(2);
const written = await writeAgencies(folder, {
  seed: Number(seed),
  people: Number(people),
  today,
  errors: Number(errors),
  recordsPerFile: 100_000,
});
writeFileSync(join(folder, 'files.json'), JSON.stringify(written));
