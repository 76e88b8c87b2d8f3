import { stringify } from 'csv-stringify/sync';
import type { Action } from '../../platform/action.ts';
import { harmlessCell } from '../../platform/csv-cell.ts';
import { noteSubjects } from '../subjects/index.ts';
import { type CrimePage, type CrimeVerdict, crimeOf, type ReadCrimeServices, refuseMadeUp } from './read-crime.ts';

/** Stands beside every lead, wherever it goes. */
export const caveats = [
  'Presence near a crime does not show that the wearer committed or saw it.',
  'Others, untagged, may have been there.',
  'A position is an estimate; the true position may lie outside its accuracy circle.',
  'A verdict is a lead for enquiry, not a finding.',
] as const;

export interface ExportPage extends CrimePage {
  /** Verdicts that named people have reviewed and agreed. */
  cleared: CrimeVerdict[];
  /** How many were left out because no review has cleared them. */
  withheld: number;
}

/** The reviewed verdicts on a crime. Nothing that a named person has not cleared leaves. */
export const exportVerdicts: Action<ReadCrimeServices, { id: number; format: string }, ExportPage> = {
  name: 'verdict.export',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id, format }) {
    const { isMadeUp, ...page } = await crimeOf(context, services, id);
    const cleared = page.verdicts.filter(({ review }) => review.cleared);
    // Where nothing is cleared nothing would leave of any crime: who only tries every export learns nothing.
    if (cleared.length > 0) refuseMadeUp({ ...page, isMadeUp });
    await noteSubjects(
      context,
      cleared.map(({ wearing }) => wearing),
    );
    context.note({ kind: 'crime', id }, { format, cleared: cleared.length });
    return { ...page, verdicts: [], cleared, withheld: page.verdicts.length - cleared.length };
  },
};

/** Cells that a spreadsheet would run as a formula are made plain text. */
function harmless(cell: string | number | null): string | number | null {
  return typeof cell === 'string' ? harmlessCell(cell) : cell;
}

export function toCsv({ cleared, crime }: ExportPage): string {
  return stringify(
    cleared.map((v) =>
      [
        crime.force,
        crime.reference,
        crime.version,
        v.subject,
        v.tag,
        v.verdict,
        v.strength ?? '',
        v.probability.moment,
        v.probability.window,
        v.coverage,
        v.fixes,
        v.closest?.distanceM ?? null,
        v.closest?.at ?? '',
        v.reasons.join('; '),
        v.review.visible.map((r) => `${r.reviewer_name} (${r.at.toISOString()}): ${r.decision}: ${r.reason}`).join('; '),
        caveats.join(' '),
      ].map(harmless),
    ),
    {
      header: true,
      columns:
        'force,reference,version,subject,tag,verdict,strength,p_moment,p_window,coverage,fixes,closest_m,closest_at,reasons,reviews,caveats'.split(
          ',',
        ),
    },
  );
}

export function toGeoJson({ cleared, crime, radiusM }: ExportPage): object {
  const { place } = crime;
  const geometry =
    place.kind === 'point'
      ? { type: 'Point', coordinates: [place.lon, place.lat] }
      : place.kind === 'line'
        ? { type: 'LineString', coordinates: place.points }
        : { type: 'Polygon', coordinates: place.rings };
  return {
    type: 'FeatureCollection',
    caveats,
    features: [
      {
        type: 'Feature',
        geometry,
        properties: {
          force: crime.force,
          reference: crime.reference,
          version: crime.version,
          from: crime.from_at.toISOString(),
          to: crime.to_at.toISOString(),
          radius_m: radiusM,
          verdicts: cleared.map(({ review, ...verdict }) => ({
            ...verdict,
            reviews: review.visible.map((r) => ({ by: r.reviewer_name, at: r.at.toISOString(), decision: r.decision, reason: r.reason })),
          })),
        },
      },
    ],
  };
}
