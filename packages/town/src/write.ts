import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { streetsGeoJson, toDegrees } from './streets.ts';
import { type Town, tagOf, type Wearer } from './town.ts';

const methods = ['gnss', 'wifi'];

/** One fix in the Waymark form, without the end of the line. */
export function fixLine({ fixes, tag }: Pick<Wearer, 'fixes' | 'tag'>, startMs: number, i: number): string {
  const at = new Date(startMs + (fixes.at[i] as number) * 1000).toISOString();
  const events = fixes.events.get(i);
  const told = events ? `,"events":${JSON.stringify(events)}` : '';
  return `{"tag":"${tag}","at":"${at}","lat":${(fixes.lat[i] as number).toFixed(6)},"lon":${(fixes.lon[i] as number).toFixed(6)},"accuracy":${(fixes.accuracyM[i] as number).toFixed(1)},"speed":${(fixes.speedMps[i] as number).toFixed(1)},"method":"${methods[fixes.method[i] as number]}","battery":${(fixes.battery[i] as number).toFixed(2)}${told}}`;
}

/** One wearer's fixes as newline-delimited JSON, in order of their making. */
export function* fixLines(wearer: Wearer, startMs: number): Generator<string> {
  for (let i = 0; i < wearer.fixes.count; i++) yield `${fixLine(wearer, startMs, i)}\n`;
}

export interface WrittenTown {
  fixes: number;
  crimes: number;
  files: string[];
}

/** Writes the whole town to a folder as streams: fixes.ndjson, wearers.csv, crimes.csv, truth.csv, streets.geojson. */
export async function writeTown(town: Town, folder: string, onProgress?: (wearers: number) => void): Promise<WrittenTown> {
  await mkdir(folder, { recursive: true });
  const { startMs } = town.settings;
  const stream = createWriteStream(join(folder, 'fixes.ndjson'));
  const people = ['tag,name\n'];
  let fixes = 0;
  for (const wearer of town.wearers()) {
    let block = '';
    for (const line of fixLines(wearer, startMs)) {
      block += line;
      fixes++;
      if (block.length > 1 << 20) {
        if (!stream.write(block)) await once(stream, 'drain');
        block = '';
      }
    }
    if (!stream.write(block)) await once(stream, 'drain');
    people.push(`${tagOf(wearer.index)},${wearer.name}\n`);
    onProgress?.(wearer.index + 1);
  }
  stream.end();
  await once(stream, 'finish');
  await writeFile(join(folder, 'wearers.csv'), people.join(''));
  await writeFile(join(folder, 'crimes.csv'), crimesCsv(town));
  await writeFile(join(folder, 'truth.csv'), truthCsv(town));
  await writeFile(join(folder, 'streets.geojson'), JSON.stringify(streetsGeoJson(town.streets)));
  return { fixes, crimes: town.crimes.length, files: ['fixes.ndjson', 'wearers.csv', 'crimes.csv', 'truth.csv', 'streets.geojson'] };
}

/** Recorded crimes in the headed form. */
export function crimesCsv(town: Town): string {
  const iso = (s: number) => new Date(town.settings.startMs + s * 1000).toISOString();
  const lines = town.crimes.map((crime) => {
    const [lon, lat] = toDegrees(crime.x, crime.y);
    return `${crime.reference},${crime.type},${iso(crime.from)},${iso(crime.to)},${lat.toFixed(6)},${lon.toFixed(6)},${crime.uncertaintyM},${crimeText[crime.type]}`;
  });
  return `reference,type,from,to,latitude,longitude,uncertainty_m,text\n${lines.join('\n')}\n`;
}

const crimeText = {
  RB: 'Phone taken by force in the street',
  BIAD: 'Rear window forced; jewellery taken',
  AB: 'Householder threatened in the kitchen',
  BOTD: 'Shed broken into; tools taken',
  TOMV: 'Car taken from outside the house',
  TFP: 'Purse taken from a bag',
  TFMV: 'Van window broken; power tools taken',
};

function truthCsv(town: Town): string {
  const lines = town.crimes.map((crime) => {
    const [lon, lat] = toDegrees(crime.trueX, crime.trueY);
    const at = new Date(town.settings.startMs + crime.trueAt * 1000).toISOString();
    return `${crime.reference},${at},${lat.toFixed(6)},${lon.toFixed(6)},${crime.wearer === null ? '' : tagOf(crime.wearer)}`;
  });
  return `reference,true_at,true_latitude,true_longitude,tag\n${lines.join('\n')}\n`;
}
