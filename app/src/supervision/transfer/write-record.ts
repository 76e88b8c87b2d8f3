import { coreNamespace, recordElement, recordNamespace, recordShape, type Shape } from './record-shape.ts';
import type { TrackingRecord } from './tracking-record.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot hold
const unwritable = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;
const escaped = (text: string) =>
  text.toWellFormed().replace(unwritable, '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#13;');

/** The record as a file, a part at a time: it has as many lines as there are positions. */
export function* writeRecord(record: TrackingRecord, head: { made: Date; marking: string }): Generator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<${recordElement} xmlns:ot="${recordNamespace}" xmlns:nc="${coreNamespace}">\n`;
  yield `<nc:DocumentCreationDate>${head.made.toISOString()}</nc:DocumentCreationDate>\n<nc:DocumentDescriptionText>${escaped(head.marking)}</nc:DocumentDescriptionText>\n`;
  for (const [field, [element, holds]] of Object.entries(recordShape)) {
    const value = record[field as keyof TrackingRecord] as unknown;
    const own = Array.isArray(holds) ? (value as object[]) : [value as object];
    const of = (Array.isArray(holds) ? holds[0] : holds) as Shape;
    for (const one of own) yield `${written(element, of, one)}\n`;
  }
  yield `</${recordElement}>\n`;
}

function written(element: string, of: Shape, value: object): string {
  const inner = Object.entries(of).map(([field, [name, holds]]) => {
    const own = (value as Record<string, unknown>)[field];
    if (Array.isArray(holds)) return (own as object[]).map((one) => written(name, holds[0] as Shape, one)).join('');
    if (own === null || own === undefined) return '';
    const text =
      holds === 'time' || holds === 'time?' ? new Date(own as number).toISOString() : holds === 'json' ? JSON.stringify(own) : String(own);
    return `<${name}>${escaped(text)}</${name}>`;
  });
  return `<${element}>${inner.join('')}</${element}>`;
}
