import { existsSync, statSync } from 'node:fs';
import { Engine, Readers } from '@waymark/engine';
import type { NamedPlace } from './read-places.ts';

/** Letters and digits in small, words apart by one space: how names are compared. */
export function keyOf(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/['’.]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** A postcode, or the beginning of one, is compared without its space. */
const postcodeLike = /^[a-z]{1,2}\d[a-z\d]? ?(\d[a-z]{0,2})?$/;

/** Which square of some kilometres a place lies in. */
const perDegree = 50;
export const cellOf = (lon: number, lat: number) => Math.floor((lat + 90) * perDegree) * 100_000 + Math.floor((lon + 180) * perDegree);

const shape = { name: 'text', kind: 'text', within: 'text', lon: 'f64', lat: 'f64' } as const;
const directions = ['north', 'north-east', 'east', 'south-east', 'south', 'south-west', 'west', 'north-west'];

/** Names of places, streets and postcodes with where they are, in a file of its own that an operator fills. */
export class Gazetteer {
  readonly #path: string;
  readonly #memoryMb: number;
  #open: { engine: Engine; readers: Readers; filledAt: number } | null = null;
  #opening: Promise<void> | null = null;

  constructor(path: string, memoryMb = 256) {
    this.#path = path;
    this.#memoryMb = memoryMb;
  }

  get isThere(): boolean {
    return existsSync(this.#path);
  }

  /**
   * Places whose name begins with what was typed, the most exact first: “12 mill la, tarn”, “TB1 4”, “Weir Street”. A house number that the
   * file does not have finds its street.
   */
  async find(text: string, limit = 8): Promise<NamedPlace[]> {
    const readers = await this.#readers();
    const typed = keyOf(text).slice(0, 100);
    if (!readers || typed.length < 2) return [];
    const isPostcode = postcodeLike.test(typed);
    const words = isPostcode ? [typed.replace(' ', '')] : typed.split(' ');
    // The whole as typed, then without a house number; words that the name does not begin with say what it lies in.
    for (const own of [words, ...(words.length > 1 && /^\d+[a-z]?$/.test(words[0] as string) ? [words.slice(1)] : [])])
      for (let cut = own.length; cut > 0; cut--) {
        const found = await this.#beginningWith(readers, own.slice(0, cut).join(' '), own.slice(cut), limit);
        if (found.length > 0) return found;
      }
    return [];
  }

  async #beginningWith(readers: Readers, key: string, within: readonly string[], limit: number): Promise<NamedPlace[]> {
    const also = within.map(() => `AND within_key LIKE '%' || ? || '%'`).join(' ');
    const { count, columns } = await readers.next.columns(
      `SELECT name, kind, within, lon, lat FROM places WHERE key >= ? AND key < ? ${also}
       ORDER BY key <> ?, array_position(['postcode', 'address', 'street', 'place'], kind), length(key), key, within LIMIT ${Math.trunc(limit)}`,
      shape,
      { values: [key, `${key}\u{10FFFF}`, ...within, key] },
    );
    return Array.from({ length: count }, (_, i) => placeAt(columns, i));
  }

  /** Where a place is in words: “40 m north of Mill Lane, Tarnbridge”; null where nothing is named within a kilometre. */
  async inWords(lon: number, lat: number): Promise<string | null> {
    const readers = await this.#readers();
    if (!readers) return null;
    const cells = [-1, 0, 1].flatMap((up) => [-1, 0, 1].map((along) => cellOf(lon + along / perDegree, lat + up / perDegree)));
    const perLat = 111_195;
    const perLon = perLat * Math.cos((lat * Math.PI) / 180);
    const { count, columns } = await readers.next.columns(
      `SELECT name, kind, within, lon, lat FROM near WHERE cell IN (${cells.join(',')})
       ORDER BY ((lon - ?) * ${perLon}) ** 2 + ((lat - ?) * ${perLat}) ** 2 LIMIT 1`,
      shape,
      { values: [lon, lat] },
    );
    if (count === 0) return null;
    const place = placeAt(columns, 0);
    const [east, north] = [(lon - place.lon) * perLon, (lat - place.lat) * perLat];
    const metres = Math.hypot(east, north);
    if (metres > 1000) return null;
    const named = [place.name, place.within.split(', ')[0]].filter(Boolean).join(', ');
    if (metres < 15) return named;
    const towards = directions[Math.round(((Math.atan2(east, north) * 180) / Math.PI + 360) / 45) % 8];
    return `${metres < 100 ? Math.round(metres / 10) * 10 : Math.round(metres / 50) * 50} m ${towards} of ${named}`;
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#open?.readers.close();
    this.#open?.engine.close();
    this.#open = null;
  }

  /** The file as it is now: a new one is filled beside it and put in its place. */
  async #readers(): Promise<Readers | null> {
    if (!this.isThere) return null;
    if (this.#open?.filledAt !== statSync(this.#path).mtimeMs) {
      this.#opening ??= this.#reopen().finally(() => {
        this.#opening = null;
      });
      await this.#opening;
    }
    return this.#open?.readers ?? null;
  }

  async #reopen(): Promise<void> {
    const before = this.#open;
    const filledAt = statSync(this.#path).mtimeMs;
    const engine = await Engine.open(this.#path, { memoryMb: this.#memoryMb, readOnly: true });
    this.#open = { engine, readers: await Readers.open(engine, 2), filledAt };
    await before?.readers.close();
    before?.engine.close();
  }
}

function placeAt(
  columns: { name: (string | null)[]; kind: (string | null)[]; within: (string | null)[]; lon: ArrayLike<number>; lat: ArrayLike<number> },
  i: number,
): NamedPlace {
  return {
    name: columns.name[i] ?? '',
    kind: columns.kind[i] as NamedPlace['kind'],
    within: columns.within[i] ?? '',
    lon: columns.lon[i] as number,
    lat: columns.lat[i] as number,
  };
}
