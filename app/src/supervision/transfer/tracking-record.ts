import type { Area, WeeklyHours } from '@waymark/presence';

/**
 * Everything of one person under supervision that goes with them to another system: who they are, orders, tags, rules, alerts with how they were
 * decided, and positions. Times in ms since 1970, days such as 1994-03-27, numbers null where nothing was reported. Numbers with # are of this
 * record alone. Whom an order protects is another person, and not in it.
 */
export interface TrackingRecord {
  person: {
    reference: string;
    name: string;
    bornOn: string | null;
    alsoKnownAs: string;
    pnc: string;
    crn: string;
    noms: string;
    languages: string;
    atTheDoor: string;
  };
  contacts: { who: string; name: string; phone: string; note: string; by: string; since: number; ended: number | null }[];
  addresses: { kind: string; address: string; from: string; to: string | null; by: string }[];
  orders: {
    id: number;
    kind: string;
    authority: string;
    from: number;
    to: number | null;
    conditions: string;
    officer: string;
    officerPhone: string;
    team: string;
    version: number;
    versions: { version: number; authority: string; to: number | null; conditions: string; reason: string; by: string; at: number }[];
  }[];
  devices: { serial: string; model: string }[];
  wearings: { id: number; order: number; serial: string; from: number; to: number | null }[];
  zones: {
    id: number;
    orders: { order: number; added: number; removed: number | null; reason: string | null }[];
    versions: {
      id: number;
      version: number;
      name: string;
      kind: string;
      area: Area;
      hours: WeeklyHours[];
      from: number;
      to: number | null;
      reason: string;
      by: string;
      recorded: number;
    }[];
  }[];
  absences: { order: number; from: number; to: number; reason: string; by: string; recorded: number }[];
  alerts: {
    wearing: number;
    zoneVersion: number | null;
    kind: string;
    severity: string;
    state: string;
    from: number;
    to: number | null;
    outcome: string | null;
    facts: unknown;
    steps: { step: string; outcome: string | null; note: string; by: string; at: number }[];
  }[];
  fixes: TransferredFix[];
}

export interface TransferredFix {
  wearing: number;
  at: number;
  receivedAt: number;
  lon: number;
  lat: number;
  accuracyM: number | null;
  speedMps: number | null;
  headingDeg: number | null;
  method: number;
  battery: number | null;
  seq: number | null;
  events: string | null;
}
