import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** A source file: its path from the root, its lines, and what of the project it imports. */
export interface SourceFile {
  path: string;
  text: string;
  lines: number;
  imports: string[];
}

const roots = ['app/src', 'packages/engine/src', 'packages/linkage/src', 'packages/presence/src', 'packages/town/src'];

/** Every source file of the application and its packages; tests apart. */
export function readSources(root: string): SourceFile[] {
  return roots.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts'))
      .map((name) => {
        const path = join(folder, name);
        const text = readFileSync(join(root, path), 'utf8');
        const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'|new URL\('(\.[^']*)'/g)].map(([, by = '', at = '']) =>
          normalize(join(dirname(path), by || at)),
        );
        return { path, text, lines: text.split('\n').length - 1, imports };
      }),
  );
}

/** The room in which a file stands: its folder; a file at the root of the application is one of its own. */
export function roomOf(path: string): string {
  const folder = dirname(path);
  return folder === 'app/src' ? path : folder;
}

/** For each room the rooms that it imports from, each with the files in which it does. */
export function doorsOf(files: readonly SourceFile[]): Map<string, Map<string, string[]>> {
  const doors = new Map<string, Map<string, string[]>>();
  for (const { path, imports } of files) {
    const own = doors.get(roomOf(path)) ?? new Map<string, string[]>();
    doors.set(roomOf(path), own);
    for (const to of imports) if (roomOf(to) !== roomOf(path)) own.set(roomOf(to), [...(own.get(roomOf(to)) ?? []), path]);
  }
  return doors;
}

/**
 * Rooms in an order in which each imports from earlier ones alone.
 * @returns the order, and the rooms that stand in a circle, each circle once
 */
export function orderOf(doors: ReadonlyMap<string, ReadonlyMap<string, unknown>>): { order: string[]; circles: string[][] } {
  const order: string[] = [];
  const circles: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  // Tarjan (1972): strongly connected components come out with what they lead to first.
  const visit = (room: string): void => {
    index.set(room, index.size);
    low.set(room, index.get(room) as number);
    open.push(room);
    for (const to of [...(doors.get(room)?.keys() ?? [])].sort()) {
      if (!index.has(to)) {
        visit(to);
        low.set(room, Math.min(low.get(room) as number, low.get(to) as number));
      } else if (open.includes(to)) low.set(room, Math.min(low.get(room) as number, index.get(to) as number));
    }
    if (low.get(room) !== index.get(room)) return;
    const circle = open.splice(open.indexOf(room));
    order.push(...circle.sort());
    if (circle.length > 1) circles.push(circle);
  };
  for (const room of [...doors.keys()].sort()) if (!index.has(room)) visit(room);
  return { order, circles };
}
