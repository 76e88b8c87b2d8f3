import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

/** `npm run fuzz [-- --seconds N --seed N]`: hostile text, bytes and fields for ten minutes at most. Ends with 1 where anything was found. */
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string', default: String(Date.now() % 1e6) } },
});
const seconds = Math.min(600, Math.max(5, Number(values.seconds) || 300));
const seed = Number(values.seed) || 1;
const { requests, routes, fields, faults } = await fuzz({ seed, seconds });
console.log(
  `${requests} requests and messages over ${routes} routes with ${fields} names of fields in ${seconds} s, seed ${seed}: ${faults.length} faults.`,
);
for (const fault of faults) console.log(fault);
process.exit(faults.length > 0 ? 1 : 0);
