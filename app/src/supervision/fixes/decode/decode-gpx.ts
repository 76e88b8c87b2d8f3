import { SaxesParser } from 'saxes';
import { type Decoded, numberOf, type RawFix, rawFix, shorten } from './raw-fix.ts';
import { readTime } from './read-time.ts';

/** Files may give the namespace any prefix, or none. */
const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/**
 * GPX 1.1 track points as they stream past. The tag is given by the caller, as GPX has none. Accuracy is taken from
 * `hdop` times five metres, the usual range error of a civil receiver.
 */
export class GpxDecoder {
  readonly #parser = new SaxesParser();
  readonly #tag: string;
  #point: RawFix | null = null;
  #text = '';
  #into: Decoded = { fixes: [], unreadable: [] };
  #broken = false;

  constructor(tag: string, zone?: string) {
    this.#tag = tag;
    this.#parser.on('opentag', ({ name: prefixed, attributes }) => {
      const name = localName(prefixed);
      this.#text = '';
      if (name !== 'trkpt' && name !== 'wpt') return;
      this.#point = rawFix(this.#tag, Number.NaN, numberOf(attributes.lon), numberOf(attributes.lat));
      this.#point.method = 0;
    });
    this.#parser.on('text', (text) => {
      if (this.#text.length < 200) this.#text += text;
    });
    this.#parser.on('closetag', ({ name: prefixed }) => {
      const name = localName(prefixed);
      if (!this.#point) return;
      if (name === 'time') this.#point.at = readTime(this.#text, zone);
      else if (name === 'hdop') this.#point.accuracyM = numberOf(this.#text) * 5;
      else if (name === 'speed') this.#point.speedMps = numberOf(this.#text);
      else if (name === 'course') this.#point.headingDeg = numberOf(this.#text);
      else if (name === 'trkpt' || name === 'wpt') {
        this.#into.fixes.push(this.#point);
        this.#point = null;
      }
    });
    this.#parser.on('error', (error) => {
      if (this.#broken) return;
      this.#broken = true;
      this.#into.unreadable.push({
        line: this.#parser.line,
        field: 'file',
        value: shorten(error.message),
        message: 'The XML is broken here; points before this place were read. Export the file again.',
      });
    });
  }

  /** Reads a piece of the file; gives the points that are complete. */
  write(text: string): Decoded {
    if (!this.#broken) this.#parser.write(text);
    return this.#take();
  }

  end(): Decoded {
    if (!this.#broken) this.#parser.close();
    return this.#take();
  }

  #take(): Decoded {
    const taken = this.#into;
    this.#into = { fixes: [], unreadable: [] };
    return taken;
  }
}
