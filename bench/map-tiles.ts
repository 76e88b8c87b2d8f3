import { Random, toDegrees } from '@waymark/town';
import { type Box, encodeTile, packTiles, placeOf, tileNumber, writeTiles } from '../app/test/browser/write-tiles.ts';

/** Tiles in Protomaps' schema to draw tags over. */
const maxZoom = 14;
const extent = 4096;

/** The streets of the fictional town. */
export function writeTownTiles(path: string, geoJson: GeoJSON.FeatureCollection): Box {
  const [west, south] = toDegrees(-4000, -4000);
  const [east, north] = toDegrees(4000, 4000);
  const box: Box = [west, south, east, north];
  const of = (kinds: string[], as: Record<string, string>) =>
    geoJson.features
      .filter(({ properties }) => kinds.includes(String(properties?.kind)))
      .map((feature) => ({ ...feature, properties: { ...feature.properties, kind: as[String(feature.properties?.kind)] ?? 'other' } }));
  writeTiles(
    path,
    {
      earth: [{ type: 'Feature', properties: { kind: 'earth' }, geometry: { type: 'Polygon', coordinates: [ringOf(box)] } }],
      roads: of(['street', 'main'], { street: 'minor_road', main: 'major_road' }),
      water: of(['river'], { river: 'river' }),
      landuse: of(['park'], { park: 'park' }),
    },
    box,
    maxZoom,
  );
  return box;
}

const ringOf = ([west, south, east, north]: Box) => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];

interface Drawn {
  geometry: [number, number][][];
  type: 1 | 2 | 3;
  tags: Record<string, string | number>;
}

/**
 * A region round the town with so many features, as thick as a city everywhere: houses and roads in each tile of zoom 14, and the larger
 * roads alone in those above. Each tile is drawn by itself; a road need not go on in the next.
 */
export function writeRegionTiles(path: string, features: number, seed: number): { box: Box; features: number } {
  const random = new Random(seed);
  const [lon, lat] = toDegrees(0, 0);
  const [midX, midY] = placeOf(lon, lat, maxZoom);
  const side = 128;
  const each = Math.ceil(features / side ** 2);
  const tiles: { id: number; bytes: Buffer }[] = [];
  let drawn = 0;
  const line = (kind: string): Drawn => {
    const [x, y] = [random.between(0, extent), random.between(0, extent)];
    const [dx, dy] = [random.between(-900, 900), random.between(-900, 900)];
    return { type: 2, tags: { kind }, geometry: [[0, 1, 2, 3].map((i) => [Math.round(x + i * dx), Math.round(y + i * dy)])] };
  };
  const house = (): Drawn => {
    const [x, y, w, h] = [random.between(0, extent), random.between(0, extent), random.between(20, 70), random.between(20, 70)].map(
      Math.round,
    ) as [number, number, number, number];
    return {
      type: 3,
      tags: { kind: 'building', height: 8 },
      geometry: [
        [
          [x, y],
          [x + w, y],
          [x + w, y + h],
          [x, y + h],
          [x, y],
        ],
      ],
    };
  };
  const ground: Drawn = {
    type: 3,
    tags: { kind: 'earth' },
    geometry: [
      [
        [0, 0],
        [extent, 0],
        [extent, extent],
        [0, extent],
        [0, 0],
      ],
    ],
  };
  for (let z = 6; z <= maxZoom; z++) {
    const scale = 2 ** (maxZoom - z);
    const from = [midX - side / 2, midY - side / 2].map((at) => Math.floor(at / scale)) as [number, number];
    const to = [midX + side / 2 - 1, midY + side / 2 - 1].map((at) => Math.floor(at / scale)) as [number, number];
    for (let x = from[0]; x <= to[0]; x++)
      for (let y = from[1]; y <= to[1]; y++) {
        const roads = z === maxZoom ? Math.round(each / 3) : 40;
        const houses = z === maxZoom ? each - roads : 0;
        drawn += z === maxZoom ? each : 0;
        const kinds = z < 12 ? ['highway', 'major_road'] : ['major_road', 'minor_road', 'minor_road'];
        const layers = {
          earth: { features: [ground] },
          roads: { features: Array.from({ length: roads }, (_, i) => line(kinds[i % kinds.length] as string)) },
          buildings: { features: Array.from({ length: houses }, house) },
        };
        tiles.push({ id: tileNumber(z, x, y), bytes: encodeTile(layers) });
      }
  }
  const edge = (x: number, y: number): [number, number] => [
    (x / 2 ** maxZoom) * 360 - 180,
    (Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / 2 ** maxZoom))) * 180) / Math.PI,
  ];
  const [west, north] = edge(midX - side / 2, midY - side / 2);
  const [east, south] = edge(midX + side / 2, midY + side / 2);
  const box: Box = [west, south, east, north];
  packTiles(path, tiles, ['earth', 'roads', 'buildings'], box, maxZoom);
  return { box, features: drawn };
}
