import { SaxesParser } from 'saxes';
import { Type } from 'typebox';
import Value from 'typebox/value';
import { InvalidError } from '../../platform/action.ts';
import { breather } from '../../platform/breathe.ts';
import { coreNamespace, type Held, recordElement, recordNamespace, recordShape, type Shape } from './record-shape.ts';
import type { TrackingRecord } from './tracking-record.ts';

interface Node {
  name: string;
  text: string;
  children: Node[];
}

const deepest = 8;

/**
 * Reads a file piece by piece: each part of the record is taken as soon as it ends, and nothing of the XML is kept.
 *
 * @throws InvalidError saying what is wrong and where
 */
export async function readRecord(pieces: AsyncIterable<string> | Iterable<string>): Promise<TrackingRecord> {
  const record: Record<string, unknown> = {};
  for (const [field, [, holds]] of Object.entries(recordShape)) if (Array.isArray(holds)) record[field] = [];
  const fields = new Map(Object.entries(recordShape).map(([field, [name, holds]]) => [name, { field, holds }]));
  const parser = parserOf((part) => {
    const found = fields.get(part.name);
    if (!found) return;
    const { field, holds } = found;
    if (Array.isArray(holds)) {
      const own = record[field] as object[];
      own.push(fieldsOf(holds[0] as Shape, part, `${part.name} ${own.length + 1}`));
    } else if (record[field] !== undefined) throw new InvalidError(`The record has several elements ${part.name}, and needs one.`, 'file');
    else record[field] = fieldsOf(holds as Shape, part, part.name);
  });
  const breathe = breather();
  for await (const piece of pieces) {
    parser.write(piece);
    await breathe();
  }
  parser.close();
  for (const [name, { field }] of fields)
    if (record[field] === undefined) throw new InvalidError(`The record has no element ${name}, and needs one.`, 'file');
  const whole = record as unknown as TrackingRecord;
  checkForms(whole);
  checkReferences(whole);
  return whole;
}

/** @param take is given each child of the outermost element, whole */
function parserOf(take: (part: Node) => void): SaxesParser<{ xmlns: true }> {
  const parser = new SaxesParser({ xmlns: true });
  const open: Node[] = [];
  // Whatever prefixes another system gives them.
  const prefixes: Record<string, string> = { [recordNamespace]: 'ot', [coreNamespace]: 'nc' };
  parser.on('error', (error) => {
    throw new InvalidError(`The file is no whole XML: ${error.message}`, 'file');
  });
  parser.on('doctype', () => {
    throw new InvalidError('The file defines entities of its own, which are not read.', 'file');
  });
  parser.on('opentag', ({ local, uri }) => {
    const name = `${prefixes[uri] ?? '?'}:${local}`;
    if (open.length === 0 && name !== recordElement)
      throw new InvalidError('This is no tracking record: its outermost element is another.', 'file');
    if (open.length >= deepest) throw new InvalidError('The file is nested deeper than a tracking record.', 'file');
    const node = { name, text: '', children: [] };
    if (open.length > 1) open.at(-1)?.children.push(node);
    open.push(node);
  });
  const put = (more: string) => {
    const own = open.at(-1);
    if (own && open.length > 1) own.text += more;
  };
  parser.on('text', put);
  parser.on('cdata', put);
  parser.on('closetag', () => {
    const own = open.pop();
    if (own && open.length === 1) take(own);
  });
  return parser;
}

const Ring = Type.Array(Type.Tuple([Type.Number(), Type.Number()]));
const AreaForm = Type.Union([
  Type.Object({ kind: Type.Literal('circle'), lon: Type.Number(), lat: Type.Number(), radiusM: Type.Number() }),
  Type.Object({ kind: Type.Literal('polygon'), rings: Type.Array(Ring) }),
  Type.Object({ kind: Type.Literal('polygons'), polygons: Type.Array(Type.Array(Ring)) }),
]);
const HoursForm = Type.Array(
  Type.Object({ days: Type.Array(Type.Integer({ minimum: 1, maximum: 7 })), from: Type.String(), to: Type.String() }),
);

/** What stands in a field as JSON or as a number has the form of it. */
function checkForms({ zones, fixes }: TrackingRecord): void {
  for (const { versions } of zones)
    for (const { name, area, hours } of versions)
      if (!Value.Check(AreaForm, area) || !Value.Check(HoursForm, hours))
        throw new InvalidError(`The zone “${name.slice(0, 60)}” has an area or hours in another form.`, 'file');
  const [wrong] = fixes.filter(({ method }) => !Number.isInteger(method) || method < 0 || method > 255);
  if (wrong) throw new InvalidError(`A position has the method ${wrong.method}, which is no whole number from 0 to 255.`, 'file');
}

function fieldsOf(of: Shape, node: Node, where: string): Record<string, unknown> {
  const byName = new Map<string, Node[]>();
  for (const child of node.children) {
    const own = byName.get(child.name);
    if (own) own.push(child);
    else byName.set(child.name, [child]);
  }
  const value: Record<string, unknown> = {};
  for (const [field, [name, holds]] of Object.entries(of)) {
    const own = byName.get(name) ?? [];
    if (Array.isArray(holds)) value[field] = own.map((one, i) => fieldsOf(holds[0] as Shape, one, `${name} ${i + 1}`));
    else value[field] = leafOf(holds as Held, own[0]?.text ?? null, `${name} of ${where}`);
  }
  return value;
}

function leafOf(holds: Held, text: string | null, where: string): unknown {
  const wrong = (what: string) => new InvalidError(`${where}: “${(text ?? '').slice(0, 60)}” is ${what}.`, 'file');
  if (text === null) {
    if (holds.endsWith('?')) return null;
    // What is empty is left out by some writers.
    if (holds === 'text') return '';
    throw new InvalidError(`${where} is missing.`, 'file');
  }
  switch (holds) {
    case 'time':
    case 'time?': {
      const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
      if (Number.isNaN(at)) throw wrong('no time such as 2026-09-07T10:00:00Z');
      return at;
    }
    case 'day':
    case 'day?':
      if (!/^\d{4}-\d\d-\d\d$/.test(text)) throw wrong('no day such as 2026-09-07');
      return text;
    case 'number':
    case 'number?': {
      const number = Number(text);
      if (text.trim() === '' || !Number.isFinite(number)) throw wrong('no number');
      return number;
    }
    case 'json':
      try {
        return JSON.parse(text) as unknown;
      } catch {
        throw wrong('no JSON');
      }
    default:
      return text;
  }
}

/** Whatever names another part of the record names one that is there. */
function checkReferences(record: TrackingRecord): void {
  const has = (ids: readonly (number | string)[], id: number | string, what: string) => {
    if (!ids.includes(id)) throw new InvalidError(`The record speaks of ${what} ${id}, which is not in it.`, 'file');
  };
  const once = (ids: readonly (number | string)[], what: string) => {
    const seen = new Set<number | string>();
    const twice = ids.find((id) => seen.size === seen.add(id).size);
    if (twice !== undefined) throw new InvalidError(`The record has ${what} ${twice} twice.`, 'file');
  };
  const orders = record.orders.map(({ id }) => id);
  once(orders, 'order');
  once(
    record.wearings.map(({ id }) => id),
    'device assignment',
  );
  once(
    record.zones.flatMap(({ versions: own }) => own.map(({ id }) => id)),
    'zone version',
  );
  for (const { id, orders: own, versions: held } of record.zones)
    if (own.length === 0 || held.length === 0) throw new InvalidError(`Zone ${id} of the record has no order or no version.`, 'file');
  const wearings = new Set(record.wearings.map(({ id }) => id));
  const versions = record.zones.flatMap(({ versions: own }) => own.map(({ id }) => id));
  for (const { order, serial } of record.wearings) {
    has(orders, order, 'order');
    has(
      record.devices.map((own) => own.serial),
      serial,
      'device',
    );
  }
  for (const { order } of [...record.absences, ...record.zones.flatMap(({ orders: own }) => own)]) has(orders, order, 'order');
  for (const { wearing, zoneVersion } of record.alerts) {
    has([...wearings], wearing, 'device assignment');
    if (zoneVersion !== null) has(versions, zoneVersion, 'zone version');
  }
  for (const { wearing } of record.fixes) if (!wearings.has(wearing)) has([], wearing, 'device assignment');
}
