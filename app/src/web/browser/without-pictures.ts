import type { LayerSpecification } from 'maplibre-gl';

/** A layer with names in this computer's letters and without pictures; null where pictures are all there is to it. */
export function withoutPictures(layer: LayerSpecification): LayerSpecification | null {
  const paint = Object.entries(layer.paint ?? {});
  // What is filled with a picture would be filled with nothing.
  if (paint.some(([name]) => name.endsWith('-pattern'))) return null;
  if (layer.type !== 'symbol') return layer;
  const { 'icon-image': picture, 'text-font': _font, ...layout } = layer.layout ?? {};
  const isName = layout['text-field'] !== undefined;
  if (picture !== undefined && !isName) return null;
  return { ...layer, layout: { ...layout, ...(isName ? { 'text-font': ['Arial'] } : {}) } };
}
