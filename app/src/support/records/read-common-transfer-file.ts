import { createReadStream } from 'node:fs';
import { SaxesParser } from 'saxes';
import type { RawRow } from './mapping.ts';
import { FileFault, nestedRow, type RowSource } from './raw-rows.ts';

type Nested = { [name: string]: string | Nested | (string | Nested)[] };

const deepest = 12;
const pupilAtMostElements = 5_000;

/**
 * The pupils of a Common Transfer File of the Department for Education, as they stream past. Elements within a pupil are
 * read by path, such as `Address.PostCode`. Entities of a file's own, inside or outside of it, are never followed.
 */
export async function readCommonTransferFile(path: string): Promise<RowSource> {
  async function* rows(): AsyncGenerator<RawRow> {
    const ready: Nested[] = [];
    const pupils = new PupilReader((pupil) => ready.push(pupil));
    let number = 0;
    const text = new XmlPieces();
    for await (const piece of createReadStream(path)) {
      const fault = faultIn(() => pupils.write(text.read(piece as Buffer)));
      for (const pupil of ready.splice(0)) yield nestedRow(++number, pupil);
      if (fault) throw fault;
    }
    const fault = faultIn(() => pupils.end());
    for (const pupil of ready.splice(0)) yield nestedRow(++number, pupil);
    if (fault) throw fault;
    if (number === 0 && !pupils.sawPupilData) throw new FileFault('There is no CTFpupilData in the file. Is it a Common Transfer File?');
  }
  return { columns: null, rows: rows(), problems: [] };
}

/** XML piece by piece, in the encoding that its declaration names; UTF-8 unless it names one. */
class XmlPieces {
  #decoder: InstanceType<typeof TextDecoder> | null = null;

  read(piece: Buffer): string {
    if (!this.#decoder) {
      const declared = /^(?:\uFEFF)?<\?xml[^>]*encoding=["']([\w.-]+)["']/.exec(piece.subarray(0, 200).toString('latin1'))?.[1];
      const isWide = (piece[0] === 0xff && piece[1] === 0xfe) || (piece[0] === 0xfe && piece[1] === 0xff);
      try {
        this.#decoder = new TextDecoder(isWide ? (piece[0] === 0xff ? 'utf-16le' : 'utf-16be') : (declared ?? 'utf-8'));
      } catch {
        throw new FileFault(`The file says that it is written in "${declared}", which is not known here. Export it as UTF-8.`);
      }
    }
    return this.#decoder.decode(piece, { stream: true });
  }
}

/** What is wrong with the file, so that what came before can be used first. */
function faultIn(work: () => void): FileFault | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof FileFault) return error;
    throw error;
  }
}

class PupilReader {
  sawPupilData = false;
  readonly #parser = new SaxesParser();
  readonly #open: { name: string; value: Nested; text: string }[] = [];
  #elements = 0;

  constructor(onPupil: (pupil: Nested) => void) {
    this.#parser.on('doctype', () => {
      throw new FileFault('The file declares a document type of its own, which a Common Transfer File does not. It was not read.');
    });
    this.#parser.on('error', (error) => {
      throw new FileFault(`The XML is broken: ${error.message}. Pupils before this place were read. Export the file again.`);
    });
    this.#parser.on('opentag', ({ name }) => {
      if (name === 'CTFpupilData') this.sawPupilData = true;
      if (this.#open.length === 0 && name !== 'Pupil') return;
      if (this.#open.length >= deepest || ++this.#elements > pupilAtMostElements) {
        throw new FileFault(`Pupil near line ${this.#parser.line} holds more than a pupil can. The file was not read further.`);
      }
      this.#open.push({ name, value: {}, text: '' });
    });
    const gather = (text: string) => {
      const top = this.#open.at(-1);
      if (top && top.text.length < 1000) top.text += text;
    };
    this.#parser.on('text', gather);
    this.#parser.on('cdata', gather);
    this.#parser.on('closetag', () => {
      const closed = this.#open.pop();
      if (!closed) return;
      const parent = this.#open.at(-1);
      if (!parent) {
        this.#elements = 0;
        onPupil(closed.value);
        return;
      }
      const value = Object.keys(closed.value).length > 0 ? closed.value : closed.text.trim();
      const before = Object.hasOwn(parent.value, closed.name) ? parent.value[closed.name] : undefined;
      parent.value[closed.name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
    });
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  end(): void {
    this.#parser.close();
  }
}
