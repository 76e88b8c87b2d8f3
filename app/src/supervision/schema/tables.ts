import { type Area, type JammingSign, type Place, type PresenceParameters, tagTroubles, type WeeklyHours } from '@waymark/presence';
import type { Generated } from 'kysely';
import type { Json, Narrowed } from '../../platform/columns.ts';
import type { PackContent } from './breach-pack-content.ts';
import type { GeneratedTables } from './generated-tables.ts';
import type { ProposedConditions } from './proposed-conditions.ts';
import type { StoredVerdict } from './stored-verdict.ts';

export const zoneKinds = ['exclusion', 'inclusion', 'curfew'] as const;
export type ZoneKind = (typeof zoneKinds)[number];

export const zoneAlertKinds = ['exclusion entered', 'inclusion left', 'curfew missed', 'curfew late', 'curfew ended early'] as const;
export type ZoneAlertKind = (typeof zoneAlertKinds)[number];
/** What a wearer did, or what a tag tells of itself. */
export const alertKinds = [...zoneAlertKinds, ...tagTroubles, 'near protected person'] as const;
export type AlertKind = (typeof alertKinds)[number];
export type AlertState = 'raised' | 'seen' | 'in hand' | 'closed' | 'retracted';

/** What somebody has yet to decide about. */
export const openAlertStates = ['raised', 'seen', 'in hand'] as const satisfies readonly AlertState[];

/** How an alert ended, as a person judged it. */
export const alertOutcomes = ['breach', 'reasonable excuse', 'authorised', 'equipment', 'false'] as const;
export type AlertOutcome = (typeof alertOutcomes)[number];

/** How exclusions that are cleared together stand; `opened`: one was doubted, and each is reviewed by itself. */
export type ClearingState = 'open' | 'cleared' | 'opened' | 'test missed' | 'stopped' | 'taken back';
/** What somebody saw in fixes, without the verdict. */
export type ClearingAnswer = 'not there' | 'may have been there' | 'cannot tell';

/** A wearing as a run has it on record. `clockS` by how many seconds more than others the tag's own clock may be out; only where learnt. */
export interface RecordedWearing {
  id: number;
  from: string;
  to: string | null;
  clockS?: number;
}

/** What a run judges, as several servers read it: crime versions and wearings by number, with when each was worn, ms since 1970. */
export interface RunPlan {
  crimes: number[];
  wearings: [id: number, from: number, to: number | null, clockS?: number][];
  parameters: PresenceParameters;
  timeZone: string;
  receiptUpto: number;
  /** How long its parts are. */
  crimesPerPart: number;
}

/** What an alert about a zone rests on. Metres; the farthest fix is the one farthest from the edge, on the wrong side. */
export interface ZoneFacts {
  fixes: number;
  farthestM: number;
  farthestAt: number;
  accuracyM: number;
  signalLost: boolean;
  /** Seconds on the wrong side, without the time in which nothing was heard. */
  seenS: number;
}

/** What an alert about a tag rests on: the lowest battery from 0 to 1, and of an impossible jump how far and how fast. */
export interface TagFacts {
  fixes: number;
  battery: number | null;
  sign: JammingSign | null;
  jumpM: number | null;
  jumpS: number | null;
}

/** What an alert about nearness rests on. Metres; no place of the protected person. */
export interface NearFacts {
  protection: number;
  radiusM: number;
  pairs: number;
  closestM: number;
  closestAt: number;
  accuracyM: number;
}

export type AlertFacts = ZoneFacts | TagFacts | NearFacts;

export const severities = ['high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

export const channels = ['e-mail', 'webhook', 'text message'] as const;
export type Channel = (typeof channels)[number];

/** Where a tag is in its life while nobody wears it. */
export const tagStates = ['in stock', 'removed', 'faulty', 'lost'] as const;
export type TagState = (typeof tagStates)[number];

/** What a test of reviewers shows in place of the verdict that was found: everything of a verdict but whose it is. */
export type ShownVerdict = Omit<StoredVerdict, 'run' | 'crime' | 'wearing'>;

/** What columns hold more exactly than the database says. */
interface Exactly {
  'supervision.subjects': {
    fictional: boolean;
  };
  'supervision.tags': {
    state: Generated<TagState>;
  };
  'supervision.case_holders': {
    part: 'responsible' | 'cover' | 'may see';
  };
  'supervision.requests': {
    kind: 'work' | 'health' | 'family' | 'funeral' | 'faith' | 'other hours' | 'other';
    decision: 'agreed' | 'refused' | 'withdrawn' | null;
  };
  'supervision.appointments': {
    kind: 'fit a tag' | 'check a tag' | 'take a tag off' | 'attend' | 'other';
    state: Generated<'planned' | 'kept' | 'missed' | 'missed with good reason' | 'called off'>;
  };
  'supervision.tag_steps': {
    step: 'registered' | 'fitted' | TagState;
  };
  'supervision.imports': {
    counts: Json<Record<string, number>>;
    problems: Json<ImportProblem[]>;
  };
  'supervision.crime_versions': {
    place: Json<Place>;
    changed: Json<string[]>;
  };
  'supervision.review_tests': {
    shown: Json<ShownVerdict>;
  };
  'supervision.shared_runs': {
    plan: Json<RunPlan>;
  };
  'supervision.runs': {
    wearings: Json<RecordedWearing[]>;
  };
  'supervision.reviews': {
    decision: 'agree' | 'disagree' | 'cannot tell';
  };
  'supervision.evaluations': {
    protocol: Json<Protocol>;
    teams: Json<number[]>;
  };
  'supervision.crime_columns': {
    columns: Json<Record<string, CrimeField | 'none'>>;
  };
  'supervision.mail_messages': {
    state: 'read' | 'not read';
    files: Json<MailedFile[]>;
    answer_state: 'none' | 'waiting' | 'sent' | 'given up';
  };
  'supervision.release_proposals': {
    conditions: Json<ProposedConditions>;
  };
  'supervision.place_searches': {
    decision: 'agreed' | 'refused' | null;
  };
  'supervision.clearing_batches': {
    state: Generated<ClearingState>;
  };
  'supervision.clearing_verdicts': {
    answer: ClearingAnswer | null;
  };
  'supervision.zone_versions': {
    kind: ZoneKind;
    area: Json<Area>;
    hours: Json<WeeklyHours[]>;
  };
  'supervision.alerts': {
    kind: AlertKind;
    severity: Severity;
    state: AlertState;
    facts: Json<AlertFacts>;
    outcome: AlertOutcome | null;
  };
  'supervision.alert_versions': {
    change: 'raised' | 'amended' | 'retracted' | 'raised again';
    kind: AlertKind;
    facts: Json<AlertFacts>;
  };
  'supervision.alert_steps': {
    step: 'seen' | 'taken in hand' | 'rang' | 'handed over' | 'closed' | 'reopened' | 'corrected';
    outcome: AlertOutcome | null;
  };
  'supervision.delivery_rules': {
    severities: Json<Severity[]>;
    channel: Channel;
  };
  'supervision.deliveries': {
    state: 'waiting' | 'sent' | 'not needed' | 'given up';
  };
  'supervision.change_hooks': { topics: Json<string[]> };
  'supervision.change_messages': { state: Generated<'waiting' | 'sent' | 'not needed' | 'given up'> };
  'supervision.identity_versions': {
    was: Json<Record<'name' | 'bornOn' | 'alsoKnownAs' | 'pnc' | 'crn' | 'noms' | 'languages' | 'atTheDoor', string>>;
  };
  'supervision.reminder_choices': {
    channel: 'e-mail' | 'text message' | 'push message';
    kinds: Json<('charge' | 'hours' | 'appointment' | 'answer')[]>;
  };
  'supervision.reminders': {
    channel: 'e-mail' | 'text message' | 'push message';
    state: Generated<'waiting' | 'sent' | 'not needed' | 'given up'>;
  };
  'supervision.breach_packs': {
    content: Json<PackContent>;
    decision: 'released' | 'sent back' | null;
  };
  'supervision.evidence_packs': {
    /** Canonical JSON, so that its fingerprint can be taken again. */
    content: string;
    /** The page as it was written, without its seal; empty in packs of before there were seals. */
    page: Generated<string>;
  };
}

declare module '../../platform/database.ts' {
  interface Tables extends Narrowed<GeneratedTables, Exactly> {}
}

declare module '../../platform/changes.ts' {
  interface Topics {
    /** Who may send positions, and whose they are: tags, their secrets, gateways, wearings, protected persons. */
    'supervision.senders': true;
    /** What wearings are watched for: zones, hours, absences, who is protected. Their ids. */
    'supervision.rules': true;
    /** From what on alerts of some kinds are raised. */
    'supervision.thresholds': true;
    /** Wearings whose positions were removed. Their ids. */
    'supervision.erased': true;
    /** Whose cases are, and who may see them. The subjects; none named: all. */
    'supervision.cases': true;
  }
}

/** What is fixed of an evaluation before it begins. Days such as 2027-01-15; shares from 0 to 1. */
export interface Protocol {
  title: string;
  question: string;
  /** What is tried, in words. */
  tried: string;
  design: 'waiting list' | 'stepped';
  outcome: 'breach' | 'alert';
  startsOn: string;
  /** The day after its last. */
  endsOn: string;
  periodDays: number;
  periods: number;
  expected: { without: number; with: number; people: number; teams: number; icc: number };
  power: number;
  /** SHA-256 of the analysis, and of the seed of the lot. */
  script: string;
  lot: string;
}

/** What a column of a crimes file may hold. */
export type CrimeField =
  | 'reference'
  | 'type'
  | 'from'
  | 'from_time'
  | 'to'
  | 'to_time'
  | 'latitude'
  | 'longitude'
  | 'easting'
  | 'northing'
  | 'uncertainty_m'
  | 'text'
  | 'force';

/** A file that came by e-mail, and what became of it. */
export interface MailedFile {
  name: string;
  /** Number of its import; null where it was not read. */
  import: number | null;
  accepted: number;
  refused: number;
  problem: string;
}

/** One thing to mend in a file: where, what, and how. */
export interface ImportProblem {
  row: number;
  field: string;
  value: string;
  code: string;
  message: string;
  action: string;
  severity: 'error' | 'warning';
}
