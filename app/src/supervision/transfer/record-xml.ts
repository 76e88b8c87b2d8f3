import { SaxesParser } from 'saxes';
import { Type } from 'typebox';
import Value from 'typebox/value';
import { InvalidError } from '../../platform/action.ts';
import { breather } from '../../platform/breathe.ts';
import type { TrackingRecord } from './tracking-record.ts';

/**
 * One description of the file, from which it is written and read: an element for each field. Names of the National Information Exchange
 * Model's core are used where it has them (`nc:`); what it has no name for has one of ours (`ot:`). The schemas of the Offender Tracking
 * Record Transfer Service Specification (2016) could not be had, so conformance with them is not claimed.
 */
type Held = 'text' | 'time' | 'time?' | 'day' | 'day?' | 'number' | 'number?' | 'text?' | 'json';
type Shape = { [field: string]: readonly [element: string, holds: Held | Shape | readonly [Shape]] };

const step: Shape = {
  step: ['ot:StepText', 'text'],
  outcome: ['ot:OutcomeText', 'text?'],
  note: ['nc:CommentText', 'text'],
  by: ['ot:RecordedByText', 'text'],
  at: ['nc:ActivityDateTime', 'time'],
};
const shape: Shape = {
  person: [
    'nc:Person',
    {
      reference: ['ot:SubjectID', 'text'],
      name: ['nc:PersonFullName', 'text'],
      bornOn: ['nc:PersonBirthDate', 'day?'],
      alsoKnownAs: ['nc:PersonAlternateName', 'text'],
      pnc: ['ot:PoliceNationalComputerID', 'text'],
      crn: ['ot:CaseReferenceID', 'text'],
      noms: ['ot:PrisonID', 'text'],
      languages: ['nc:LanguageName', 'text'],
      atTheDoor: ['ot:VisitCautionText', 'text'],
    },
  ],
  contacts: [
    'nc:ContactInformation',
    [
      {
        who: ['nc:ContactInformationDescriptionText', 'text'],
        name: ['nc:ContactName', 'text'],
        phone: ['nc:TelephoneNumberFullID', 'text'],
        note: ['nc:CommentText', 'text'],
        by: ['ot:RecordedByText', 'text'],
        since: ['nc:StartDate', 'time'],
        ended: ['nc:EndDate', 'time?'],
      },
    ],
  ],
  addresses: [
    'nc:Address',
    [
      {
        kind: ['nc:AddressCategoryText', 'text'],
        address: ['nc:AddressFullText', 'text'],
        from: ['nc:StartDate', 'day'],
        to: ['nc:EndDate', 'day?'],
        by: ['ot:RecordedByText', 'text'],
      },
    ],
  ],
  orders: [
    'ot:SupervisionOrder',
    [
      {
        id: ['ot:RecordNumber', 'number'],
        kind: ['nc:ActivityCategoryText', 'text'],
        authority: ['nc:OrganizationName', 'text'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time?'],
        conditions: ['ot:ConditionText', 'text'],
        officer: ['ot:ResponsibleOfficerName', 'text'],
        officerPhone: ['nc:TelephoneNumberFullID', 'text'],
        team: ['nc:OrganizationUnitName', 'text'],
        version: ['ot:VersionNumber', 'number'],
        versions: [
          'ot:EarlierVersion',
          [
            {
              version: ['ot:VersionNumber', 'number'],
              authority: ['nc:OrganizationName', 'text'],
              to: ['nc:EndDate', 'time?'],
              conditions: ['ot:ConditionText', 'text'],
              reason: ['nc:ActivityReasonText', 'text'],
              by: ['ot:RecordedByText', 'text'],
              at: ['nc:ActivityDateTime', 'time'],
            },
          ],
        ],
      },
    ],
  ],
  devices: ['ot:TrackingDevice', [{ serial: ['nc:ItemSerialIdentification', 'text'], model: ['nc:ItemModelName', 'text'] }]],
  wearings: [
    'ot:DeviceAssignment',
    [
      {
        id: ['ot:RecordNumber', 'number'],
        order: ['ot:OrderReference', 'number'],
        serial: ['nc:ItemSerialIdentification', 'text'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time?'],
      },
    ],
  ],
  zones: [
    'ot:Zone',
    [
      {
        id: ['ot:RecordNumber', 'number'],
        orders: [
          'ot:ZoneAssignment',
          [
            {
              order: ['ot:OrderReference', 'number'],
              added: ['nc:StartDate', 'time'],
              removed: ['nc:EndDate', 'time?'],
              reason: ['nc:ActivityReasonText', 'text?'],
            },
          ],
        ],
        versions: [
          'ot:ZoneVersion',
          [
            {
              id: ['ot:RecordNumber', 'number'],
              version: ['ot:VersionNumber', 'number'],
              name: ['nc:LocationName', 'text'],
              kind: ['nc:LocationCategoryText', 'text'],
              area: ['ot:AreaText', 'json'],
              hours: ['ot:HoursText', 'json'],
              from: ['nc:StartDate', 'time'],
              to: ['nc:EndDate', 'time?'],
              reason: ['nc:ActivityReasonText', 'text'],
              by: ['ot:RecordedByText', 'text'],
              recorded: ['nc:ActivityDateTime', 'time'],
            },
          ],
        ],
      },
    ],
  ],
  absences: [
    'ot:AuthorisedAbsence',
    [
      {
        order: ['ot:OrderReference', 'number'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time'],
        reason: ['nc:ActivityReasonText', 'text'],
        by: ['ot:RecordedByText', 'text'],
        recorded: ['nc:ActivityDateTime', 'time'],
      },
    ],
  ],
  alerts: [
    'ot:Alert',
    [
      {
        wearing: ['ot:AssignmentReference', 'number'],
        zoneVersion: ['ot:ZoneVersionReference', 'number?'],
        kind: ['nc:ActivityCategoryText', 'text'],
        severity: ['ot:SeverityText', 'text'],
        state: ['ot:StateText', 'text'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time?'],
        outcome: ['ot:OutcomeText', 'text?'],
        facts: ['ot:BasisText', 'json'],
        steps: ['ot:AlertStep', [step]],
      },
    ],
  ],
  fixes: [
    'ot:Position',
    [
      {
        wearing: ['ot:AssignmentReference', 'number'],
        at: ['nc:ActivityDateTime', 'time'],
        receivedAt: ['ot:ReceivedDateTime', 'time'],
        lat: ['nc:GeographicCoordinateLatitude', 'number'],
        lon: ['nc:GeographicCoordinateLongitude', 'number'],
        accuracyM: ['ot:AccuracyMeters', 'number?'],
        speedMps: ['ot:SpeedMetersPerSecond', 'number?'],
        headingDeg: ['ot:HeadingDegrees', 'number?'],
        method: ['ot:MethodCode', 'number'],
        battery: ['ot:BatteryShare', 'number?'],
        seq: ['ot:SequenceNumber', 'number?'],
        events: ['ot:EventText', 'text?'],
      },
    ],
  ],
};

const root = 'ot:OffenderTrackingRecord';
export const recordNamespace = 'urn:waymark:offender-tracking-record:1';
const coreNamespace = 'http://release.niem.gov/niem/niem-core/5.0/';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot hold
const unwritable = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;
const escaped = (text: string) =>
  text.toWellFormed().replace(unwritable, '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#13;');

/** The record as a file, a part at a time: it has as many lines as there are positions. */
export function* writeRecord(record: TrackingRecord, head: { made: Date; marking: string }): Generator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns:ot="${recordNamespace}" xmlns:nc="${coreNamespace}">\n`;
  yield `<nc:DocumentCreationDate>${head.made.toISOString()}</nc:DocumentCreationDate>\n<nc:DocumentDescriptionText>${escaped(head.marking)}</nc:DocumentDescriptionText>\n`;
  for (const [field, [element, holds]] of Object.entries(shape)) {
    const value = record[field as keyof TrackingRecord] as unknown;
    const own = Array.isArray(holds) ? (value as object[]) : [value as object];
    const of = (Array.isArray(holds) ? holds[0] : holds) as Shape;
    for (const one of own) yield `${written(element, of, one)}\n`;
  }
  yield `</${root}>\n`;
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
  for (const [field, [, holds]] of Object.entries(shape)) if (Array.isArray(holds)) record[field] = [];
  const fields = new Map(Object.entries(shape).map(([field, [name, holds]]) => [name, { field, holds }]));
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
    if (open.length === 0 && name !== root) throw new InvalidError('This is no tracking record: its outermost element is another.', 'file');
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
