import type { Random } from './chance/random.ts';
import type { ReportedFixes } from './receiver.ts';
import { dayS } from './routines.ts';

/** Something that happens to a tag. Seconds from the town's beginning. */
export interface TagIncident {
  kind: 'cuts strap' | 'battery runs flat' | 'jams receiver' | 'uploads late';
  at: number;
  lastsS: number;
}

/** How often each happens to one wearer in a fortnight. */
const chances: Record<TagIncident['kind'], number> = {
  'cuts strap': 0.08,
  'battery runs flat': 0.3,
  'jams receiver': 0.08,
  'uploads late': 0.5,
};

/** Draws what happens to one wearer's tag, and makes its fixes tell of it. */
export function playTagIncidents(random: Random, fixes: ReportedFixes, days: number): TagIncident[] {
  const incidents: TagIncident[] = [];
  for (const kind of Object.keys(chances) as TagIncident['kind'][]) {
    if (!random.chance(chances[kind])) continue;
    const at = random.integer(1, days - 1) * dayS + random.between(8, 21) * 3600;
    const lastsS = {
      'cuts strap': 7200,
      'battery runs flat': random.between(4000, 20_000),
      'jams receiver': random.between(1500, 4500),
      'uploads late': random.between(4000, 9000),
    }[kind];
    incidents.push({ kind, at, lastsS });
  }
  let kept = 0;
  for (let i = 0; i < fixes.count; i++) {
    const at = fixes.at[i] as number;
    const told: string[] = [];
    let gone = false;
    for (const { kind, at: from, lastsS } of incidents) {
      const within = at >= from && at < from + lastsS;
      if (kind === 'cuts strap' && within) {
        // The tag tells for some minutes and is left lying; then nothing more comes until another is fitted.
        if (at < from + 600) told.push('strap-cut');
        else gone = true;
      } else if (kind === 'jams receiver' && within) {
        if (at < from + 180 || at > from + lastsS - 120) told.push('jamming');
        else gone = true;
      } else if (kind === 'battery runs flat') {
        const beforeS = from - at;
        if (within) gone = true;
        else if (beforeS > 0 && beforeS < 3 * 3600)
          fixes.battery[i] = Math.min(fixes.battery[i] as number, 0.03 + (0.2 * beforeS) / (3 * 3600));
      } else if (kind === 'uploads late' && within) fixes.receivedAt[i] = Math.max(fixes.receivedAt[i] as number, from + lastsS + 5);
    }
    if (gone) continue;
    for (const column of [fixes.at, fixes.receivedAt, fixes.lon, fixes.lat, fixes.accuracyM, fixes.speedMps, fixes.method, fixes.battery])
      column[kept] = column[i] as number;
    if (told.length > 0) fixes.events.set(kept, told);
    kept++;
  }
  fixes.count = kept;
  return incidents.sort((a, b) => a.at - b.at);
}
