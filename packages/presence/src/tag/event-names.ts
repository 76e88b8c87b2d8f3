/** What a tag can report by an event, each an episode of its own while it is reported again and again. */
export const eventTroubles = ['strap cut', 'case opened', 'jamming suspected'] as const;
export type EventTrouble = (typeof eventTroubles)[number];

/** What a reported event means to whoever watches a tag. */
export type ReportedTrouble = EventTrouble | 'battery low';

/**
 * Names under which tags and gateways report trouble, letters and digits only, small letters: every spelling of a name is one
 * name. Traccar's alarms are among them.
 */
const troubles: Record<string, ReportedTrouble> = {
  strapcut: 'strap cut',
  strapopen: 'strap cut',
  strapopened: 'strap cut',
  straptamper: 'strap cut',
  straptampering: 'strap cut',
  strapremoved: 'strap cut',
  strapbroken: 'strap cut',
  tamper: 'strap cut',
  tampered: 'strap cut',
  tampering: 'strap cut',
  removing: 'strap cut',
  removed: 'strap cut',
  caseopen: 'case opened',
  caseopened: 'case opened',
  casetamper: 'case opened',
  casetampering: 'case opened',
  batterylow: 'battery low',
  lowbattery: 'battery low',
  lowpower: 'battery low',
  jamming: 'jamming suspected',
  jammed: 'jamming suspected',
  gnssjamming: 'jamming suspected',
  gpsjamming: 'jamming suspected',
  spoofing: 'jamming suspected',
  spoofed: 'jamming suspected',
  gpsantennacut: 'jamming suspected',
};

/** Names that are understood and raise nothing. */
const harmless: ReadonlySet<string> = new Set(
  (
    'charging charged charger chargerconnected chargerdisconnected poweron poweroff powercut powerrestored sos general vibration movement ' +
    'lowspeed overspeed falldown fault door lock unlock geofence geofenceenter geofenceexit accident tow idle highrpm hardacceleration ' +
    'hardbraking hardcornering lanechange fatiguedriving temperature parking bonnet footbrake fuelleak batterycritical strapclosed caseclosed'
  ).split(' '),
);

const squash = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

/** What a name means; null for one that means no trouble, undefined for one that is not known. */
export function meaningOfEvent(name: string): ReportedTrouble | null | undefined {
  const key = squash(name);
  // An own property only: "constructor" is no event.
  if (Object.hasOwn(troubles, key)) return troubles[key];
  return harmless.has(key) ? null : undefined;
}

/** One name without spaces, as it is stored. A known name keeps its own spelling. */
const stored = (name: string): string => name.trim().replace(/\s+/g, '-');

/**
 * Names of events in any usual spelling: a list, or one text in which commas, semicolons, bars or spaces stand between them; an
 * element may be an object that bears its name as `type`, `name` or `event`.
 *
 * @returns the names in order, without spaces, each once; and those of them that are not known
 */
export function readEventNames(value: unknown): { names: string[]; unknown: string[] } {
  const names: string[] = [];
  for (const one of Array.isArray(value) ? value.flat(3) : [value]) {
    if (one === null || one === undefined || one === false || one === '') continue;
    const text = typeof one === 'object' ? nameIn(one as Record<string, unknown>) : String(one);
    for (const part of text.split(/[,;|\n]/)) {
      if (part.trim() === '') continue;
      const words = part.trim().split(/\s+/);
      // "strap cut" is one name; "strap-cut charging" are two.
      const isSeveral = words.length > 1 && meaningOfEvent(part) === undefined && words.some((word) => meaningOfEvent(word) !== undefined);
      for (const name of isSeveral ? words : [stored(part)]) if (!names.includes(name)) names.push(name);
    }
  }
  return { names, unknown: names.filter((name) => meaningOfEvent(name) === undefined) };
}

function nameIn(event: Record<string, unknown>): string {
  for (const key of ['type', 'name', 'event', 'alarm']) if (typeof event[key] === 'string') return event[key];
  return JSON.stringify(event) ?? '';
}

const none: ReadonlySet<ReportedTrouble> = new Set();

/** The troubles among stored names, which stand apart by spaces. */
export function troublesIn(events: string | null): ReadonlySet<ReportedTrouble> {
  if (!events) return none;
  const found = new Set<ReportedTrouble>();
  for (const name of events.split(' ')) {
    const meaning = meaningOfEvent(name);
    if (meaning) found.add(meaning);
  }
  return found;
}
