import { britishGridAtMost, fromBritishGrid } from '../british-grid.ts';

/** A name with a place, as a gazetteer has it. Degrees. */
export interface NamedPlace {
  name: string;
  kind: 'postcode' | 'street' | 'place' | 'address';
  /** What it lies in: the town, the district. */
  within: string;
  lon: number;
  lat: number;
}

/** A row that names no place, with the reason. */
export interface UnreadRow {
  wrong: string;
}

/** Reads the rows of one file, cell by cell. */
export type ReadRow = (cells: readonly string[]) => (NamedPlace | UnreadRow)[];

/** OS Open Names as published: no heading row, 34 columns. Which columns are read, counted from 0. */
const openNames = { columns: 34, name1: 2, name2: 4, type: 6, localType: 7, x: 8, y: 9, district: 16, town: 18, borough: 21, county: 24 };

/** Headings by which other files say what a column is, without their case, spaces and signs. */
const headings: Record<'name' | 'within' | 'lat' | 'lon' | 'x' | 'y' | 'kind', readonly string[]> = {
  name: ['name', 'address', 'street', 'postcode', 'pcd', 'pcds', 'uprn', 'name1', 'fulladdress', 'place'],
  within: ['within', 'town', 'city', 'district', 'populatedplace', 'locality', 'borough'],
  lat: ['latitude', 'lat', 'y84'],
  lon: ['longitude', 'lon', 'long', 'lng'],
  x: ['easting', 'eastings', 'geometryx', 'xcoordinate', 'x'],
  y: ['northing', 'northings', 'geometryy', 'ycoordinate', 'y'],
  kind: ['kind', 'type', 'localtype'],
};

const plain = (text: string) =>
  text
    .replace(/^\uFEFF/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');

/**
 * How the rows of a file are read, told from its first row: OS Open Names as published or with its headings, OS Open UPRN, Code-Point with
 * headings, or any CSV that has a name and a place in degrees or on the British National Grid.
 * @returns the reader, and whether the first row is headings; null where it is none of these
 */
export function readerOf(first: readonly string[]): { read: ReadRow; hasHeadings: boolean } | null {
  const { columns, x, y } = openNames;
  if (first.length === columns && isNumber(first[x]) && isNumber(first[y])) return { read: readOpenNames, hasHeadings: false };
  const names = first.map(plain);
  if (names.length === columns && names[openNames.name1] === 'name1') return { read: readOpenNames, hasHeadings: true };
  const at = (what: keyof typeof headings) => {
    const found = headings[what].map((heading) => names.indexOf(heading)).find((place) => place >= 0);
    return found ?? -1;
  };
  const [name, within, kind] = [at('name'), at('within'), at('kind')];
  const [lat, lon, easting, northing] = [at('lat'), at('lon'), at('x'), at('y')];
  const isWorld = lat >= 0 && lon >= 0;
  if (name < 0 || !(isWorld || (easting >= 0 && northing >= 0))) return null;
  const heading = names[name] ?? '';
  const read: ReadRow = (cells) => {
    const called = (cells[name] ?? '').trim();
    const place = isWorld ? worldOf(cells[lon], cells[lat]) : gridOf(cells[easting], cells[northing]);
    if (called === '') return [{ wrong: 'it has no name' }];
    if (!place) return [{ wrong: `“${called.slice(0, 40)}” has no place that can be read` }];
    return [
      { name: called, kind: kindOf(kind >= 0 ? (cells[kind] ?? '') : heading, called), within: (cells[within] ?? '').trim(), ...place },
    ];
  };
  return { read, hasHeadings: true };
}

function readOpenNames(cells: readonly string[]): (NamedPlace | UnreadRow)[] {
  const cell = (at: number) => (cells[at] ?? '').trim();
  const place = gridOf(cell(openNames.x), cell(openNames.y));
  const names = [cell(openNames.name1), cell(openNames.name2)].filter(Boolean);
  if (names.length === 0) return [{ wrong: 'it has no name' }];
  if (!place) return [{ wrong: `“${names[0]?.slice(0, 40)}” has no place that can be read` }];
  const within = [cell(openNames.town), cell(openNames.borough) || cell(openNames.county), cell(openNames.district)]
    .filter(Boolean)
    .join(', ');
  const kind = kindOf(`${cell(openNames.type)} ${cell(openNames.localType)}`, names[0] as string);
  return names.map((name) => ({ name, kind, within, ...place }));
}

function kindOf(said: string, name: string): NamedPlace['kind'] {
  if (/postcode|^pcd/i.test(said) || /^[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}$/i.test(name)) return 'postcode';
  if (/road|street|transport/i.test(said)) return 'street';
  return /address|uprn/i.test(said) || /^\d+[a-z]?\b/i.test(name) ? 'address' : 'place';
}

const isNumber = (text: string | undefined) => text !== undefined && text.trim() !== '' && Number.isFinite(Number(text));

function worldOf(lon: string | undefined, lat: string | undefined): { lon: number; lat: number } | null {
  if (!isNumber(lon) || !isNumber(lat) || Math.abs(Number(lon)) > 180 || Math.abs(Number(lat)) > 90) return null;
  return { lon: Number(lon), lat: Number(lat) };
}

function gridOf(x: string | undefined, y: string | undefined): { lon: number; lat: number } | null {
  const [easting, northing] = [Number(x), Number(y)];
  if (
    !isNumber(x) ||
    !isNumber(y) ||
    easting < 0 ||
    easting > britishGridAtMost.easting ||
    northing < 0 ||
    northing > britishGridAtMost.northing
  )
    return null;
  const [lon, lat] = fromBritishGrid(easting, northing);
  return { lon, lat };
}
