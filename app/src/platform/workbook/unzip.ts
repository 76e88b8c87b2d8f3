import { inflateRawSync } from 'node:zlib';
import { WorkbookFault } from './workbook-fault.ts';

/** Largest that the wanted parts of an archive may be together once unpacked. */
const unpackedAtMost = 400 * 1024 * 1024;
const entriesAtMost = 10_000;

/**
 * The wanted files of a zip archive (APPNOTE 6.3.3: the central directory at the end says where each lies). What the archive says of
 * its sizes is looked at before anything is unpacked, and counted while it is: a small archive that unpacks to a huge one is refused.
 *
 * @throws WorkbookFault for what is no zip archive, is damaged, packed in a way that Excel does not use, or too large
 */
export function unzip(archive: Buffer, isWanted: (name: string) => boolean): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0 || end + 22 > archive.length)
    throw new WorkbookFault('The file is no Excel workbook (.xlsx). Open it in Excel and save it as .xlsx or CSV.');
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  if (count > entriesAtMost)
    throw new WorkbookFault('The workbook holds more parts than a workbook has. Save the sheet as CSV and send that.');
  const files = new Map<string, Buffer>();
  let left = unpackedAtMost;
  const tooLarge = () => new WorkbookFault('The workbook unpacks to more than 400 MB. Save the sheet as CSV and send that.');
  for (let i = 0; i < count; i++) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== 0x02014b50)
      throw new WorkbookFault('The workbook is damaged. Open it in Excel and save it again.');
    const [method, packed, unpacked] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 24)];
    const [nameLength, extra, comment] = [archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32)];
    const offset = archive.readUInt32LE(at + 42);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    at += 46 + nameLength + extra + comment;
    if (!isWanted(name)) continue;
    if (unpacked > left) throw tooLarge();
    if (offset + 30 > archive.length) throw new WorkbookFault('The workbook is damaged. Open it in Excel and save it again.');
    const begin = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
    const bytes = archive.subarray(begin, begin + packed);
    if (method !== 0 && method !== 8)
      throw new WorkbookFault('The workbook is packed in a way that is not read. Open it in Excel and save it again.');
    try {
      const file = method === 0 ? bytes : inflateRawSync(bytes, { maxOutputLength: Math.max(1, left) });
      left -= file.length;
      files.set(name, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
      throw new WorkbookFault('The workbook is damaged. Open it in Excel and save it again.');
    }
  }
  return files;
}
