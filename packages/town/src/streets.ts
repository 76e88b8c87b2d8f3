import type { Random } from './chance/random.ts';

/** Tarnbridge lies where no town is. Metres count east and north from here. */
export const townCentre = { lon: -1.83, lat: 53.09 };
const perLat = 111_270;
const perLon = 111_320 * Math.cos((townCentre.lat * Math.PI) / 180);

export function toDegrees(x: number, y: number): [lon: number, lat: number] {
  return [townCentre.lon + x / perLon, townCentre.lat + y / perLat];
}

export function toMetres(lon: number, lat: number): [x: number, y: number] {
  return [(lon - townCentre.lon) * perLon, (lat - townCentre.lat) * perLat];
}

export interface Street {
  from: number;
  to: number;
  lengthM: number;
  main: boolean;
  name: string;
}

export interface Streets {
  x: Float64Array;
  y: Float64Array;
  streets: Street[];
  /** Streets that meet at each junction, as indexes into `streets`. */
  at: number[][];
  river: [number, number][];
  parks: [number, number][][];
}

/** Doors stand back from the junction; the same junction always gives the same door. */
export function doorOf({ x, y }: Streets, junction: number): [x: number, y: number] {
  return [(x[junction] as number) + 25 * Math.sin(junction * 2.4), (y[junction] as number) + 25 * Math.cos(junction * 2.4)];
}

const spacingM = 125;
const trees = 'Alder Ash Beech Birch Cedar Cherry Elm Hawthorn Hazel Holly Juniper Larch Lime Maple Oak Pine Poplar Rowan Willow Yew'.split(
  ' ',
);
const places =
  'Abbey Bridge Castle Chapel Church Corn Dyers Fuller Granary Harbour King Lock Market Mill Orchard Priory Queen School Station Weaver'.split(
    ' ',
  );
const kinds = ['Street', 'Road', 'Lane', 'Avenue', 'Close', 'Row'];

/** Streets of a town of the given radius: a jittered grid with main roads, a river with bridges, and parks. */
export function layStreets(random: Random, radiusM: number): Streets {
  const half = Math.ceil(radiusM / spacingM);
  const parks = [
    square(-0.42 * radiusM, 0.3 * radiusM, 260),
    square(0.35 * radiusM, -0.45 * radiusM, 320),
    square(0.55 * radiusM, 0.42 * radiusM, 200),
  ];
  const riverAt = (y: number) => 0.22 * radiusM + 180 * Math.sin(y / 700) + 0.12 * y;
  const index = new Map<string, number>();
  const xs: number[] = [];
  const ys: number[] = [];
  for (let i = -half; i <= half; i++) {
    for (let j = -half; j <= half; j++) {
      const x = i * spacingM + 22 * random.normal();
      const y = j * spacingM + 22 * random.normal();
      const edge = radiusM * (0.93 + 0.07 * Math.sin(3 * Math.atan2(y, x)));
      if (Math.hypot(x, y) > edge || Math.abs(x - riverAt(y)) < 35) continue;
      if (parks.some((park) => insideSquare(park, x, y))) continue;
      index.set(`${i},${j}`, xs.length);
      xs.push(x);
      ys.push(y);
    }
  }
  const streets: Street[] = [];
  const nameOf = (line: number, across: boolean) => {
    const list = across ? trees : places;
    const word = list[((line % list.length) + list.length) % list.length];
    return `${word} ${kinds[(((Math.floor(line / list.length) + line * 7) % kinds.length) + kinds.length) % kinds.length]}`;
  };
  for (let i = -half; i <= half; i++) {
    for (let j = -half; j <= half; j++) {
      for (const [di, dj] of [
        [1, 0],
        [0, 1],
      ] as const) {
        const a = index.get(`${i},${j}`);
        const b = index.get(`${i + di},${j + dj}`);
        if (a === undefined || b === undefined) continue;
        const main = dj === 0 ? j % 5 === 0 : i % 5 === 0;
        const crossesRiver =
          Math.sign((xs[a] as number) - riverAt(ys[a] as number)) !== Math.sign((xs[b] as number) - riverAt(ys[b] as number));
        if (crossesRiver ? !main : !main && random.chance(0.14)) continue;
        const lengthM = Math.hypot((xs[a] as number) - (xs[b] as number), (ys[a] as number) - (ys[b] as number));
        streets.push({ from: a, to: b, lengthM, main, name: nameOf(dj === 0 ? j : i, dj === 0) });
      }
    }
  }
  const river: [number, number][] = [];
  for (let y = -1.1 * radiusM; y <= 1.1 * radiusM; y += 80) river.push([riverAt(y), y]);
  return largestPart({ x: Float64Array.from(xs), y: Float64Array.from(ys), streets, at: [], river, parks });
}

function square(x: number, y: number, half: number): [number, number][] {
  return [
    [x - half, y - half],
    [x + half, y - half],
    [x + half, y + half],
    [x - half, y + half],
    [x - half, y - half],
  ];
}

function insideSquare(ring: [number, number][], x: number, y: number): boolean {
  const [[west, south] = [0, 0], , [east, north] = [0, 0]] = ring;
  return x > west && x < east && y > south && y < north;
}

/** Keeps only junctions that can be reached from the middle, and fills `at`. */
function largestPart(town: Streets): Streets {
  const n = town.x.length;
  const links: number[][] = Array.from({ length: n }, () => []);
  town.streets.forEach((street, i) => {
    links[street.from]?.push(i);
    links[street.to]?.push(i);
  });
  let middle = 0;
  for (let i = 1; i < n; i++) {
    if (Math.hypot(town.x[i] as number, town.y[i] as number) < Math.hypot(town.x[middle] as number, town.y[middle] as number)) middle = i;
  }
  const kept = new Int32Array(n).fill(-1);
  const order = [middle];
  kept[middle] = 0;
  for (let head = 0; head < order.length; head++) {
    const node = order[head] as number;
    for (const i of links[node] ?? []) {
      const street = town.streets[i] as Street;
      const other = street.from === node ? street.to : street.from;
      if (kept[other] !== -1) continue;
      kept[other] = order.length;
      order.push(other);
    }
  }
  const streets = town.streets
    .filter((street) => kept[street.from] !== -1 && kept[street.to] !== -1)
    .map((street) => ({ ...street, from: kept[street.from] as number, to: kept[street.to] as number }));
  const at: number[][] = Array.from({ length: order.length }, () => []);
  streets.forEach((street, i) => {
    at[street.from]?.push(i);
    at[street.to]?.push(i);
  });
  return {
    ...town,
    x: Float64Array.from(order, (i) => town.x[i] as number),
    y: Float64Array.from(order, (i) => town.y[i] as number),
    streets,
    at,
  };
}

/** The town as GeoJSON: streets with name and class, river, parks; what the demo's map is drawn from. */
export function streetsGeoJson(town: Streets): object {
  const line = (points: [number, number][]) => points.map(([x, y]) => toDegrees(x, y).map((v) => Number(v.toFixed(6))));
  return {
    type: 'FeatureCollection',
    features: [
      ...town.parks.map((park) => ({
        type: 'Feature',
        properties: { kind: 'park' },
        geometry: { type: 'Polygon', coordinates: [line(park)] },
      })),
      { type: 'Feature', properties: { kind: 'river' }, geometry: { type: 'LineString', coordinates: line(town.river) } },
      ...town.streets.map((street) => ({
        type: 'Feature',
        properties: { kind: street.main ? 'main' : 'street', name: street.name },
        geometry: {
          type: 'LineString',
          coordinates: line([
            [town.x[street.from] as number, town.y[street.from] as number],
            [town.x[street.to] as number, town.y[street.to] as number],
          ]),
        },
      })),
    ],
  };
}
