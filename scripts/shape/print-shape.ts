import { join } from 'node:path';
import { functionsOf } from './longest-functions.ts';
import { doorsOf, orderOf, readSources, roomOf } from './read-folders.ts';

/**
 * `npm run shape`: each room with its files, lines and doors, in the order in which they build on each other, then the longest functions
 * and files. `--order` prints the order alone and looks for circles.
 */
const root = join(import.meta.dirname, '../..');
const files = readSources(root);
const doors = doorsOf(files);
const { order, circles } = orderOf(doors);
const onlyOrder = process.argv.includes('--order');
const limits = { function: 80, file: 400, cli: 80 };
/** Data, texts, tables of the database and descriptions of routes are no logic. */
const isData = (path: string) => /\/(schema\/tables|.*generated-tables|texts\/|.*\.yaml)/.test(path);

const into = new Map<string, number>();
for (const own of doors.values()) for (const to of own.keys()) into.set(to, (into.get(to) ?? 0) + 1);
const rows = order.map((room) => {
  const own = files.filter(({ path }) => roomOf(path) === room);
  return {
    room: room.replace(/^app\/src\//, ''),
    files: own.length,
    lines: own.reduce((sum, { lines }) => sum + lines, 0),
    'used by': into.get(room) ?? 0,
    uses: doors.get(room)?.size ?? 0,
  };
});
if (onlyOrder) for (const { room } of rows) console.log(room);
else console.table(rows);
for (const circle of circles) {
  console.log(`\nA circle of ${circle.length} folders: ${circle.join(', ')}`);
  for (const room of circle)
    for (const [to, by] of doors.get(room) ?? [])
      if (circle.includes(to)) console.log(`  ${room} -> ${to}: ${[...new Set(by)].join(', ')}`);
}
const faults: string[] = circles.map((circle) => `a circle of ${circle.length} folders`);
if (!onlyOrder) {
  const longest = files.flatMap(functionsOf).sort((a, b) => b.lines - a.lines);
  console.log('\nLongest functions');
  console.table(
    longest.slice(0, 15).map(({ path, name, line, lines }) => ({ function: name || '(no name)', lines, at: `${path}:${line}` })),
  );
  console.log('Longest files');
  const large = files.filter(({ path }) => !isData(path)).sort((a, b) => b.lines - a.lines);
  console.table(large.slice(0, 10).map(({ path, lines }) => ({ file: path, lines })));
  for (const { path, name, line, lines } of longest)
    if (lines > limits.function) faults.push(`${path}:${line} ${name} has ${lines} lines, ${limits.function} at most`);
  for (const { path, lines } of large) if (lines > limits.file) faults.push(`${path} has ${lines} lines, ${limits.file} at most`);
  const cli = files.find(({ path }) => path === 'app/src/cli.ts');
  if ((cli?.lines ?? 0) > limits.cli) faults.push(`app/src/cli.ts has ${cli?.lines} lines, ${limits.cli} at most`);
  for (const { path } of files)
    if (/-?routes\.ts$/.test(path) && /^app\/src\/(web|platform|commands|[^/]+$)/.test(path) && !/\/web\//.test(path))
      faults.push(`${path} stands outside a capability`);
}
console.log(faults.length === 0 ? `\n${order.length} rooms, no circle.` : `\n${faults.join('\n')}`);
process.exit(faults.length === 0 ? 0 : 1);
