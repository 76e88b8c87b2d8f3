import type { LayerSpecification } from 'maplibre-gl';
import { expect, test } from 'vitest';
import { withoutPictures } from './without-pictures.ts';

const layer = (more: object) => ({ id: 'one', source: 'tiles', 'source-layer': 'Names', ...more }) as LayerSpecification;

test('names keep their words and lose their pictures and letters; what is pictures alone goes', () => {
  const named = layer({ type: 'symbol', layout: { 'text-field': '{name}', 'text-font': ['Theirs'], 'icon-image': 'dot' } });
  expect(withoutPictures(named)?.layout).toEqual({ 'text-field': '{name}', 'text-font': ['Arial'] });
  expect(withoutPictures(layer({ type: 'symbol', layout: { 'icon-image': 'bus' } }))).toBeNull();
  expect(withoutPictures(layer({ type: 'fill', paint: { 'fill-pattern': 'hatch' } }))).toBeNull();
  const plain = layer({ type: 'fill', paint: { 'fill-color': '#fff' } });
  expect(withoutPictures(plain)).toBe(plain);
  const bare = layer({ type: 'symbol' });
  expect(withoutPictures(bare)?.layout).toEqual({});
});
