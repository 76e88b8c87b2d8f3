import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../platform/canonical-json.ts';
import { makeViews } from '../../web/views.ts';
import { drawDistance, shownAround } from '../review/index.ts';
import { countsOthersAlone, distanceOf, isKnownModel } from '../verdicts/index.ts';
import { drawMaps } from './draw-map.ts';
import type { EvidenceContent } from './pack-content.ts';
import { parametersInWords } from './parameters-in-words.ts';
import { sha256Of } from './seal.ts';

const styles = ['pack-file.css', '../../web/browser/pack-map.css', '../../web/browser/distance-plot.css'];

/** What the page and the file of a pack show besides its content. */
export function shownOf(content: EvidenceContent) {
  const { crime, fixes } = content.inputs;
  const [from, to] = [Date.parse(crime.from), Date.parse(crime.to)];
  const gapMs = 1000 * content.run.parameters.maxGapS;
  return {
    c: content,
    maps: drawMaps(content),
    distance: plotOf(content),
    ofOthers: countsOthersAlone(content.run.model),
    reachM: content.run.parameters.radiusM + crime.place.uncertaintyM,
    rows: fixes.map(([at, receivedAt, lon, lat, accuracyM], i) => ({
      at,
      receivedAt,
      lon: lon.toFixed(5),
      lat: lat.toFixed(5),
      accuracyM,
      isInside: at >= from && at <= to,
      gapS: i > 0 && at - (fixes[i - 1]?.[0] ?? at) > gapMs ? (at - (fixes[i - 1]?.[0] ?? at)) / 1000 : null,
    })),
    parameters: parametersInWords(content.run.parameters),
    sha256: sha256Of(canonicalJson(content)),
    // A window whose edge lies outside everything that was received.
    nothingBefore: fixes.length > 0 && (fixes[0]?.[0] ?? 0) > from,
    nothingAfter: fixes.length > 0 && (fixes.at(-1)?.[0] ?? 0) < to,
  };
}

/** Distance from the place against time; null where nothing can be said of it. */
function plotOf({ inputs, run, timeZone }: EvidenceContent): string | null {
  if (!isKnownModel(run.parameters)) return null;
  const window = { from: Date.parse(inputs.crime.from), to: Date.parse(inputs.crime.to) };
  return drawDistance(distanceOf(inputs, run.parameters, shownAround(window)), window, timeZone);
}

/** The pack as a page of its own, with the data in it and room for its seal: it needs no network and no Waymark to be read. */
export function renderPack(content: EvidenceContent): string {
  return makeViews(content.timeZone).render('supervision/evidence/pack-file.njk', {
    ...shownOf(content),
    style: styles.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join(''),
    // A data block of a page ends where this sign would begin its end.
    data: canonicalJson(content).replaceAll('<', '\\u003c'),
  });
}
