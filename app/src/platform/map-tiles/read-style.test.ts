import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readMapStyle } from './read-style.ts';

/** Styles as services of vector tiles publish them, and what is no style. */
const folder = mkdtempSync(join(tmpdir(), 'waymark-style-'));
const path = join(folder, 'style.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fill = (id: string, more: object = {}) => ({ id, type: 'fill', source: 'theirs', 'source-layer': 'Greenspace', ...more });
const style = (more: object = {}) => ({
  version: 8,
  sprite: 'https://tiles.example/sprite',
  glyphs: 'https://tiles.example/fonts/{fontstack}/{range}.pbf',
  sources: {
    theirs: { type: 'vector', url: 'https://tiles.example/{key}', attribution: '<a href="https://x.example">© Crown copyright</a>' },
  },
  layers: [
    { id: 'ground', type: 'background', paint: { 'background-color': '#fff' } },
    fill('green', { paint: { 'fill-color': '#00ff00' } }),
    fill('hatched', { paint: { 'fill-pattern': 'hatch' } }),
    { id: 'stops', type: 'symbol', source: 'theirs', 'source-layer': 'Stops', layout: { 'icon-image': 'bus' } },
    {
      id: 'names',
      type: 'symbol',
      source: 'theirs',
      'source-layer': 'Names',
      layout: { 'text-field': '{name}', 'text-font': ['Source Sans'], 'icon-image': 'dot' },
    },
  ],
  ...more,
});
const read = (given: unknown) => {
  writeFileSync(path, typeof given === 'string' ? given : JSON.stringify(given));
  return readMapStyle(path);
};

test('its layers over the tiles are taken, and no address in it', () => {
  const { layers, drawn, attribution } = read(style());
  expect(layers.map(({ id }) => id)).toEqual(['green', 'hatched', 'stops', 'names']);
  expect(layers.every((layer) => 'source' in layer && layer.source === 'tiles')).toBe(true);
  expect(drawn).toEqual(['Greenspace', 'Stops', 'Names']);
  expect(attribution).toBe('© Crown copyright');
  expect(JSON.stringify({ layers, attribution })).not.toContain('example');
});

test.each([
  ['{"version": 8,', /is no JSON/],
  ['{}', /is no MapLibre style/],
  [style({ layers: [fill('green', { paint: { 'fill-color': 'no colour' } })] }), /is no MapLibre style: .*no colour/],
  [style({ sources: {} }), /is no MapLibre style|0 sources/],
  [style({ sources: { theirs: { type: 'vector' }, more: { type: 'vector' } } }), /has 2 sources of vector tiles/],
  [style({ sources: { theirs: { type: 'vector', url: 'https://x.example' } } }), /does not say whose map it is/],
  [style({ layers: [{ id: 'ground', type: 'background' }] }), /draws nothing of its tiles/],
])('%j is refused, and the file is named', (given, words) => {
  expect(() => read(given)).toThrow(words);
  expect(() => read(given)).toThrow(`WAYMARK_MAP_STYLE: ${path}`);
});

test('a file that is not there is named', () => {
  expect(() => readMapStyle(join(folder, 'none.json'))).toThrow(/none\.json cannot be read \(ENOENT\)/);
});
