import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { doorsOf, orderOf, readSources } from './read-folders.ts';

/**
 * `npm run picture`: draws the rooms of the application into docs/architecture.svg. Each stands above those that it builds on; a line leads
 * to each of them within its own half. Drawn from the imports, so that it cannot go stale unseen: a test compares it.
 */
const groups = ['platform', 'web', 'supervision', 'support', 'oversight', 'person', 'demo', 'commands', ''] as const;
const box = { width: 118, height: 30, gap: 10 };
const row = 58;
const margin = 24;

const shortOf = (room: string) => room.replace(/^app\/src\/?/, '');
const groupOf = (room: string) =>
  groups.find((group) => group !== '' && (shortOf(room) === group || shortOf(room).startsWith(`${group}/`))) ?? '';

/** The picture as SVG. */
export function pictureOf(root: string): string {
  const files = readSources(root).filter(({ path }) => path.startsWith('app/src/'));
  const doors = doorsOf(files);
  const { order } = orderOf(doors);
  const depth = new Map<string, number>();
  for (const room of order) {
    const own = groupOf(room);
    const below = [...(doors.get(room)?.keys() ?? [])].filter((to) => groupOf(to) === own).map((to) => depth.get(to) ?? 0);
    depth.set(room, below.length === 0 ? 0 : 1 + Math.max(...below));
  }
  const places = new Map<string, { x: number; y: number }>();
  const titles: string[] = [];
  let left = margin;
  const highest = Math.max(...depth.values());
  for (const group of groups) {
    const rooms = order.filter((room) => groupOf(room) === group);
    const levels = new Map<number, string[]>();
    for (const room of rooms) levels.set(depth.get(room) as number, [...(levels.get(depth.get(room) as number) ?? []), room]);
    const across = Math.max(...[...levels.values()].map((level) => level.length));
    for (const [level, own] of levels)
      own.forEach((room, i) => {
        places.set(room, { x: left + i * (box.width + box.gap), y: margin + 30 + (highest - level) * row });
      });
    titles.push(`<text x="${left}" y="${margin + 10}" class="group">${group || 'app/src'}</text>`);
    left += across * (box.width + box.gap) + 2 * margin;
  }
  const lines = order.flatMap((room) =>
    [...(doors.get(room)?.keys() ?? [])]
      .filter((to) => groupOf(to) === groupOf(room))
      .map((to) => {
        const [a, b] = [places.get(room), places.get(to)] as [{ x: number; y: number }, { x: number; y: number }];
        return `<path d="M${a.x + box.width / 2} ${a.y + box.height}C${a.x + box.width / 2} ${a.y + row} ${b.x + box.width / 2} ${b.y - row / 2} ${b.x + box.width / 2} ${b.y}"/>`;
      }),
  );
  const boxes = order.map((room) => {
    const { x, y } = places.get(room) as { x: number; y: number };
    const name = shortOf(room).replace(`${groupOf(room)}/`, '') || room;
    return `<g><rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="4"/><text x="${x + 6}" y="${y + 19}">${name}</text><title>${shortOf(room)}</title></g>`;
  });
  const height = margin * 2 + 30 + (highest + 1) * row;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left} ${height}" role="img" aria-label="The rooms of the application, each above those that it builds on">
<style>rect{fill:#f3f2f1;stroke:#505a5f}path{fill:none;stroke:#b1b4b6}text{font:12px sans-serif;fill:#0b0c0c}.group{font-weight:bold;font-size:14px}</style>
${titles.join('\n')}
${lines.join('\n')}
${boxes.join('\n')}
</svg>
`;
}

if (import.meta.main)
  writeFileSync(join(import.meta.dirname, '../../docs/architecture.svg'), pictureOf(join(import.meta.dirname, '../..')));
