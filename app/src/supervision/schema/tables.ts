import { type Area, type JammingSign, type Place, tagTroubles, type WeeklyHours } from '@waymark/presence';
import type { Generated } from 'kysely';
import type { Json } from '../../platform/database.ts';
import type { PackContent } from './breach-pack-content.ts';
import type { StoredVerdict } from './stored-verdict.ts';

export const zoneKinds = ['exclusion', 'inclusion', 'curfew'] as const;
export type ZoneKind = (typeof zoneKinds)[number];

export const zoneAlertKinds = ['exclusion entered', 'inclusion left', 'curfew missed', 'curfew late', 'curfew ended early'] as const;
export type ZoneAlertKind = (typeof zoneAlertKinds)[number];
/** What a wearer did, or what a tag tells of itself. */
export const alertKinds = [...zoneAlertKinds, ...tagTroubles, 'near protected person'] as const;
export type AlertKind = (typeof alertKinds)[number];
export type AlertState = 'raised' | 'seen' | 'in hand' | 'closed' | 'retracted';

/** How an alert ended, as a person judged it. */
export const alertOutcomes = ['breach', 'reasonable excuse', 'authorised', 'equipment', 'false'] as const;
export type AlertOutcome = (typeof alertOutcomes)[number];

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

/** The supervision schema, as Kysely sees it. */
declare module '../../platform/database.ts' {
  interface Tables {
    'supervision.subjects': { id: Generated<number>; reference: string; name: string; fictional: boolean; created_at: Generated<Date> };
    'supervision.orders': {
      id: Generated<number>;
      subject_id: number;
      kind: string;
      authority: string;
      starts_at: Date;
      ends_at: Date | null;
      created_at: Generated<Date>;
    };
    'supervision.tags': {
      id: Generated<number>;
      serial: string;
      model: Generated<string>;
      credential_hash: string | null;
      state: Generated<TagState>;
      created_at: Generated<Date>;
    };
    'supervision.tag_steps': {
      id: Generated<number>;
      tag_id: number;
      step: 'registered' | 'fitted' | TagState;
      wearing_id: number | null;
      note: string;
      by_name: string;
      at: Generated<Date>;
    };
    'supervision.wearings': {
      id: Generated<number>;
      tag_id: number;
      order_id: number;
      subject_id: number;
      starts_at: Date;
      ends_at: Date | null;
    };
    'supervision.gateways': {
      id: Generated<number>;
      name: string;
      credential_hash: string;
      created_at: Generated<Date>;
      revoked_at: Date | null;
    };
    'supervision.intake_state': { only: Generated<boolean>; last_receipt: number };
    'supervision.imports': {
      id: Generated<number>;
      kind: string;
      file_name: string;
      sha256: string;
      at: Generated<Date>;
      by_name: string;
      counts: Json<Record<string, number>>;
      problems: Json<ImportProblem[]>;
    };
    'supervision.crimes': { id: Generated<number>; force: string; reference: string; version: number };
    'supervision.crime_versions': {
      id: Generated<number>;
      crime_id: number;
      version: number;
      type: string;
      from_at: Date;
      to_at: Date;
      place: Json<Place>;
      text: string;
      batch: string | null;
      import_id: number | null;
      changed: Json<string[]>;
      recorded_at: Generated<Date>;
      made_up: Generated<boolean>;
    };
    'supervision.review_tests': {
      id: Generated<number>;
      crime_version_id: number;
      wearing_id: number;
      shown: Json<ShownVerdict>;
      away_m: number;
      asked_by: string;
      made_at: Generated<Date>;
      ended_at: Date | null;
    };
    'supervision.runs': {
      id: number;
      at: Generated<Date>;
      by_name: string;
      model_version: string;
      code_version: string;
      parameters: Json<unknown>;
      time_zone: string;
      receipt_upto: number;
      wearings: Json<{ id: number; from: string; to: string | null }[]>;
      inputs_hash: string;
      output_hash: string;
      crimes: number;
      verdicts: number;
      fixes: number;
      took_ms: number;
    };
    'supervision.run_crimes': {
      run_id: number;
      crime_version_id: number;
      coincidence: number | null;
      present: number;
      excluded: number;
      unknown: number;
    };
    'supervision.reviews': {
      id: Generated<number>;
      crime_version_id: number;
      wearing_id: number;
      run_id: number;
      verdict: string;
      decision: 'agree' | 'disagree' | 'cannot tell';
      reason: string;
      reviewer: string;
      reviewer_name: string;
      at: Generated<Date>;
    };
    'supervision.zones': { id: Generated<number>; shared: Generated<boolean>; created_at: Generated<Date> };
    'supervision.zone_orders': {
      id: Generated<number>;
      zone_id: number;
      order_id: number;
      added_at: Generated<Date>;
      removed_at: Date | null;
      removed_reason: string | null;
    };
    'supervision.zone_versions': {
      id: Generated<number>;
      zone_id: number;
      version: number;
      name: string;
      kind: ZoneKind;
      area: Json<Area>;
      hours: Json<WeeklyHours[]>;
      effective_at: Date;
      superseded_at: Date | null;
      reason: string;
      by_name: string;
      recorded_at: Generated<Date>;
    };
    'supervision.absences': {
      id: Generated<number>;
      order_id: number;
      from_at: Date;
      to_at: Date;
      reason: string;
      by_name: string;
      recorded_at: Generated<Date>;
    };
    'supervision.alerts': {
      id: Generated<number>;
      wearing_id: number;
      zone_version_id: number | null;
      kind: AlertKind;
      severity: Severity;
      state: AlertState;
      version: number;
      from_at: Date;
      to_at: Date | null;
      confirmed_at: Date;
      raised_at: Generated<Date>;
      facts: Json<AlertFacts>;
      assigned_to: string | null;
      outcome: AlertOutcome | null;
    };
    'supervision.alert_versions': {
      alert_id: number;
      version: number;
      change: 'raised' | 'amended' | 'retracted' | 'raised again';
      kind: AlertKind;
      from_at: Date;
      to_at: Date | null;
      facts: Json<AlertFacts>;
      at: Generated<Date>;
    };
    'supervision.alert_steps': {
      id: Generated<number>;
      alert_id: number;
      step: 'seen' | 'taken in hand' | 'handed over' | 'closed' | 'reopened' | 'corrected';
      outcome: AlertOutcome | null;
      note: string;
      by_actor: string;
      by_name: string;
      at: Generated<Date>;
    };
    'supervision.delivery_rules': {
      id: Generated<number>;
      name: string;
      severities: Json<Severity[]>;
      channel: Channel;
      target: string;
      secret: string;
      unseen_after_s: number;
      quiet_from: string | null;
      quiet_to: string | null;
      by_name: string;
      created_at: Generated<Date>;
      ended_at: Date | null;
    };
    'supervision.deliveries': {
      id: Generated<number>;
      rule_id: number;
      alert_id: number | null;
      alert_version: number;
      state: 'waiting' | 'sent' | 'not needed' | 'given up';
      attempts: number;
      due_at: Date;
      problem: string | null;
      created_at: Generated<Date>;
      settled_at: Date | null;
    };
    'supervision.breach_packs': {
      id: Generated<number>;
      wearing_id: number;
      from_at: Date;
      to_at: Date;
      content: Json<PackContent>;
      sha256: string;
      note: string;
      made_by: string;
      made_by_name: string;
      made_at: Generated<Date>;
      decision: 'released' | 'sent back' | null;
      reason: string | null;
      reviewed_by: string | null;
      reviewed_by_name: string | null;
      reviewed_at: Date | null;
    };
    'supervision.evidence_packs': {
      id: Generated<number>;
      crime_version_id: number;
      wearing_id: number;
      /** Canonical JSON, so that its fingerprint can be taken again. */
      content: string;
      sha256: string;
      /** The page as it was written, without its seal; empty in packs of before there were seals. */
      page: Generated<string>;
      seal: Generated<string>;
      made_by: string;
      made_by_name: string;
      made_at: Generated<Date>;
    };
    'supervision.protections': {
      id: Generated<number>;
      order_id: number;
      name: string;
      tag_id: number;
      radius_m: number;
      starts_at: Date;
      ends_at: Date | null;
      by_name: string;
      created_at: Generated<Date>;
    };
    'supervision.watch_again': { wearing_id: number };
    'supervision.watch_state': { only: Generated<boolean>; evaluated_receipt: number };
  }
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
