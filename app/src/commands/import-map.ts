import type { Command as CommandLine } from 'commander';
import { DataFolder } from '../platform/data-folder.ts';
import { fetchTiles, readMapStyle } from '../platform/map-tiles/index.ts';
import { configOf, Progress, print, whole, withData } from './terminal.ts';

/** `waymark import map`: works beside a running server, which draws on the new file after its next start. */
export function defineImportMap(program: CommandLine): void {
  withData(
    program
      .command('map')
      .argument(
        '<url>',
        'a service of vector tiles in Protomaps’ schema or that of WAYMARK_MAP_STYLE, with {z}, {x}, {y}, and {key} for WAYMARK_TILES_KEY',
      )
      .requiredOption('--area <degrees>', 'west, south, east, north')
      .option('--max-zoom <zoom>', 'how near', whole, 14)
      .description('fetch all map tiles of an area, once and whole, and keep them: nobody outside learns who looks where'),
  ).action(async (url: string, options) => {
    const config = configOf(options);
    const folder = new DataFolder(config.WAYMARK_DATA, config.WAYMARK_SHARED);
    const progress = new Progress();
    const box = String(options.area).split(',').map(Number) as [number, number, number, number];
    const style = config.WAYMARK_MAP_STYLE ? { drawn: readMapStyle(config.WAYMARK_MAP_STYLE).drawn } : {};
    const area = { url, key: process.env.WAYMARK_TILES_KEY ?? '', box, maxZoom: Math.min(15, options.maxZoom), ...style };
    const fetched = await fetchTiles(folder.file('map.pmtiles'), area, (done, all) => progress.show({ done, all, unit: 'tiles' }));
    progress.end();
    if (options.json) await print(`${JSON.stringify(fetched)}\n`);
    else
      await print(
        `${fetched.tiles.toLocaleString('en-GB')} tiles, ${Math.round(fetched.bytes / 1e6).toLocaleString('en-GB')} MB, in ${folder.file('map.pmtiles')}. The server draws on it after its next start.\n`,
      );
  });
}
