import { rmSync, writeFileSync } from 'node:fs';
import { type Town, toDegrees } from '@waymark/town';
import { fillGazetteer } from '../platform/gazetteer/index.ts';
import type { Waymark } from '../waymark.ts';

/** Makes the town's streets known by name, so that addresses are found and places are told in words. */
export async function fillStreetNames({ folder, config }: Waymark, { streets }: Town): Promise<void> {
  const rows = streets.streets.map(({ name, from, to }) => {
    const middle = (all: Float64Array) => ((all[from] as number) + (all[to] as number)) / 2;
    const [lon, lat] = toDegrees(middle(streets.x), middle(streets.y));
    return `${name},Tarnbridge,${lat.toFixed(6)},${lon.toFixed(6)}`;
  });
  const file = folder.file('streets.csv');
  writeFileSync(file, `street,town,latitude,longitude\n${rows.join('\n')}\n`);
  await fillGazetteer(folder.file('gazetteer.duckdb'), [file], config.WAYMARK_ENGINE_MB, () => undefined);
  rmSync(file);
}
