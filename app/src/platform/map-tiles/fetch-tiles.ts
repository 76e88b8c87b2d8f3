import {
  appendFileSync,
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import { ToldError } from '../told-error.ts';
import { type Box, type Entry, headOf, packings, placeOf, tileNumber } from './pack-tiles.ts';

/** An area whose tiles cannot be fetched. */
export class FetchTilesError extends ToldError {
  override name = 'FetchTilesError';
}

export interface WantedArea {
  /** With `{z}`, `{x}`, `{y}`, and `{key}` where the service wants one. */
  url: string;
  key: string;
  box: Box;
  maxZoom: number;
  /** Layers that maps here are drawn from: one of them must be in the tiles. Those of Protomaps' schema unless given. */
  drawn?: readonly string[];
  /** Before a tile is asked for a second time; four times that before the third. */
  pauseMs?: number;
}

export interface FetchedArea {
  tiles: number;
  /** Without anything in them, or not there. */
  empty: number;
  bytes: number;
  layers: string[];
}

/** More tiles than this are no area but a country: for those there are files to download. */
const tilesAtMost = 500_000;
const together = 6;
const triesAtMost = 4;
const patienceMs = 20_000;
/** Of Protomaps' schema, from which the maps here are drawn where there is no other style. */
const drawnAsUsual = ['earth', 'roads', 'water', 'landuse', 'buildings', 'places', 'boundaries'];

/**
 * Fetches all tiles of an area, whole and in one go, into a PMTiles file of our own: whoever serves them learns which area is kept here,
 * and nothing of who looks where in it or when. What was fetched before a break is not fetched again.
 *
 * @param path of the file; beside it stands what is not finished yet
 * @throws FetchTilesError in words for an operator
 */
export async function fetchTiles(
  path: string,
  area: WantedArea,
  onProgress: (done: number, all: number) => void = () => undefined,
): Promise<FetchedArea> {
  const wanted = tilesOf(area);
  const drawn = area.drawn ?? drawnAsUsual;
  const part = new PartFile(`${path}.part`, JSON.stringify([area.url, area.box, area.maxZoom]));
  const layers = new Set<string>();
  let done = wanted.length;
  const rest = wanted.filter(({ id }) => !part.has(id));
  done -= rest.length;
  onProgress(done, wanted.length);
  let next = 0;
  const worker = async () => {
    for (let own = rest[next++]; own; own = rest[next++]) {
      const bytes = await fetchTile(area, own);
      if (bytes.length > 0) {
        for (const name of Object.keys(layersOf(bytes, own))) layers.add(name);
        if (layers.size > 0 && !drawn.some((name) => layers.has(name)))
          throw new FetchTilesError(
            `These tiles have the layers ${[...layers].join(', ')}. Maps here are drawn from ${area.drawn ? 'those that WAYMARK_MAP_STYLE names' : 'Protomaps’ schema'} (${drawn.join(', ')}). ${area.drawn ? 'Name the style of this service.' : 'Name a style for this one with WAYMARK_MAP_STYLE.'}`,
          );
      }
      part.put(own.id, bytes.length > 0 ? await promisify(gzip)(bytes) : Buffer.alloc(0));
      onProgress(++done, wanted.length);
    }
  };
  const stopping = () =>
    worker().catch((error: unknown) => {
      // The others stop with their next tile.
      next = rest.length;
      throw error;
    });
  const ended = await Promise.allSettled(Array.from({ length: together }, stopping));
  part.close();
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  const names = [...new Set([...layers, ...drawn])];
  const filled = part.entries.filter(({ length }) => length > 0).sort((a, b) => a.id - b.id);
  if (filled.length === 0) throw new FetchTilesError('The service has no tile in this area. Check --area: west, south, east, north.');
  await assemble(path, part, headOf(filled, { names, box: area.box, maxZoom: area.maxZoom, packing: packings.gzip }));
  return { tiles: filled.length, empty: wanted.length - filled.length, bytes: statSync(path).size, layers: [...layers] };
}

interface Place {
  id: number;
  z: number;
  x: number;
  y: number;
}

function tilesOf({ box, maxZoom }: WantedArea): Place[] {
  const [west, south, east, north] = box;
  if (!(west >= -180 && east <= 180 && south >= -85 && north <= 85 && west < east && south < north))
    throw new FetchTilesError('--area is west, south, east, north in degrees, such as -2.1,53.2,-1.9,53.4.');
  const found: Place[] = [];
  for (let z = 0; z <= maxZoom; z++) {
    const [x1, y1] = placeOf(west, north, z);
    const [x2, y2] = placeOf(east, south, z);
    if (found.length + (x2 - x1 + 1) * (y2 - y1 + 1) > tilesAtMost)
      throw new FetchTilesError(
        `This area has more than ${tilesAtMost.toLocaleString('en-GB')} tiles down to zoom ${maxZoom}. Name a smaller one, or download a file of the country (docs/operators.md).`,
      );
    for (let x = x1; x <= x2; x++) for (let y = y1; y <= y2; y++) found.push({ id: tileNumber(z, x, y), z, x, y });
  }
  return found;
}

const fill = ({ url, key }: WantedArea, { z, x, y }: Place) =>
  url.replace('{z}', String(z)).replace('{x}', String(x)).replace('{y}', String(y)).replace('{key}', encodeURIComponent(key));

/** The tile as it is, unpacked; empty where there is none. Who answers “too many” or not at all is asked again, later each time. */
async function fetchTile(area: WantedArea, place: Place): Promise<Buffer> {
  const which = `${place.z}/${place.x}/${place.y}`;
  for (let attempt = 1; ; attempt++) {
    let why: string;
    try {
      const response = await fetch(fill(area, place), { signal: AbortSignal.timeout(patienceMs), redirect: 'follow' });
      if (response.status === 404 || response.status === 204) {
        await response.body?.cancel();
        return Buffer.alloc(0);
      }
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      await response.body?.cancel();
      if (response.status === 401 || response.status === 403)
        throw new FetchTilesError(`The service refuses the key (${response.status}). Set WAYMARK_TILES_KEY, and {key} in the address.`);
      why = `answered with ${response.status}`;
    } catch (error) {
      if (error instanceof FetchTilesError) throw error;
      why =
        (error as Error).name === 'TimeoutError' ? 'did not answer' : ((error as { cause?: { code?: string } }).cause?.code ?? 'broke off');
    }
    if (attempt === triesAtMost)
      throw new FetchTilesError(`The service ${why} for tile ${which}. What was fetched is kept: run the same again to go on.`);
    await pause((area.pauseMs ?? 500) * 4 ** (attempt - 1));
  }
}

function layersOf(bytes: Buffer, { z, x, y }: Place): Record<string, unknown> {
  try {
    return new VectorTile(new PbfReader(bytes)).layers;
  } catch {
    throw new FetchTilesError(`Tile ${z}/${x}/${y} is no vector tile. Check the address: it must give Mapbox vector tiles.`);
  }
}

/** Tiles as they came, and where each stands: what is there after a break is whole. */
class PartFile {
  readonly path: string;
  readonly entries: Entry[] = [];
  readonly #known = new Set<number>();
  readonly #index: string;
  readonly #file: number;
  #end = 0;

  constructor(path: string, wanted: string) {
    this.path = path;
    this.#index = `${path}.index`;
    const lines = existsSync(this.#index) ? readFileSync(this.#index, 'utf8').split('\n') : [];
    if (lines[0] === wanted && existsSync(path)) {
      const size = statSync(path).size;
      for (const line of lines.slice(1)) {
        const [id, offset, length, ...more] = line.split(' ').map(Number) as [number, number, number, ...number[]];
        // A line that was cut off by the break is no line.
        if (more.length > 0 || ![id, offset, length].every(Number.isInteger) || offset + length > size) continue;
        this.#add(id, offset, length);
      }
    } else {
      rmSync(path, { force: true });
      rmSync(this.#index, { force: true });
      appendFileSync(this.#index, `${wanted}\n`);
    }
    this.#file = openSync(path, existsSync(path) ? 'r+' : 'w+');
  }

  has(id: number): boolean {
    return this.#known.has(id);
  }

  #add(id: number, offset: number, length: number): void {
    this.#known.add(id);
    this.entries.push({ id, run: 1, length, offset });
    this.#end = Math.max(this.#end, offset + length);
  }

  put(id: number, bytes: Buffer): void {
    const offset = this.#end;
    writeSync(this.#file, bytes, 0, bytes.length, offset);
    this.#add(id, offset, bytes.length);
    appendFileSync(this.#index, `${id} ${offset} ${bytes.length}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }

  remove(): void {
    rmSync(this.path, { force: true });
    rmSync(this.#index, { force: true });
  }
}

/** The whole file takes its name only when it is whole. */
async function assemble(path: string, part: PartFile, head: Buffer): Promise<void> {
  const whole = `${path}.new`;
  const out = createWriteStream(whole, { mode: 0o600 });
  out.write(head);
  await pipeline(createReadStream(part.path), out);
  renameSync(whole, path);
  part.remove();
}
