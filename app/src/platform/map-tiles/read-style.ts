import { readFileSync } from 'node:fs';
import { type LayerSpecification, type StyleSpecification, validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { MapTilesError } from './read-header.ts';

/** How tiles of another schema are drawn: layers over one source, which is called `tiles`. */
export interface MapStyle {
  layers: LayerSpecification[];
  /** Names of the layers in the tiles that are drawn. */
  drawn: string[];
  /** Whose map it is, as words. */
  attribution: string;
}

/**
 * Reads a style for MapLibre, version 8 of its specification, as services of vector tiles publish one. Its layers are taken and no address
 * in it: nothing is asked of whoever made it.
 *
 * @throws MapTilesError naming the file and what is wrong with it
 */
export function readMapStyle(path: string): MapStyle {
  const wrong = (what: string) => new MapTilesError(`WAYMARK_MAP_STYLE: ${path} ${what}`);
  let style: StyleSpecification;
  try {
    style = JSON.parse(readFileSync(path, 'utf8')) as StyleSpecification;
  } catch (error) {
    const why = error instanceof SyntaxError ? `is no JSON: ${error.message}` : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw wrong(`${why}. Name a MapLibre style, or leave the setting out.`);
  }
  const problems = validateStyleMin(style);
  if (problems.length > 0) {
    const told = problems.slice(0, 3).map(({ message, line }) => (line ? `line ${line}: ${message}` : message));
    throw wrong(`is no MapLibre style: ${told.join('; ')}${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}.`);
  }
  const vectors = Object.entries(style.sources).filter(([, { type }]) => type === 'vector');
  const [name, source] = vectors[0] ?? [];
  if (vectors.length !== 1 || !name)
    throw wrong(`has ${vectors.length} sources of vector tiles; one is needed, for there is one file of tiles.`);
  const layers = style.layers
    .filter((layer) => layer.type !== 'background' && 'source' in layer && layer.source === name)
    .map((layer) => ({ ...layer, source: 'tiles' }) as LayerSpecification);
  const drawn = [...new Set(layers.flatMap((layer) => ('source-layer' in layer ? (layer['source-layer'] ?? []) : [])))];
  if (drawn.length === 0) throw wrong('draws nothing of its tiles.');
  const attribution = source && 'attribution' in source ? String(source.attribution ?? '') : '';
  const words = attribution.replaceAll(/<[^>]*>/g, '').trim();
  // Where the service says it elsewhere, nobody here would say whose map it is.
  if (words === '') throw wrong(`does not say whose map it is: write "attribution" beside "type" of its source “${name}”.`);
  return { layers, drawn, attribution: words };
}
