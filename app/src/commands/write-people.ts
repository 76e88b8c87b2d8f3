import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { agencyRecords } from '@waymark/town';
import { stringify } from 'csv-stringify';

/** Writes made-up people as agencies hold them to a CSV file; gives the number of records. */
export async function writePeople(out: string, options: { people: number; seed: number; errors: number }): Promise<number> {
  let records = 0;
  const source = function* () {
    for (const record of agencyRecords(options)) {
      records++;
      yield record;
    }
  };
  await pipeline(Readable.from(source()), stringify({ header: true }), createWriteStream(out));
  return records;
}
