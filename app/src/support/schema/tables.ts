import type { ColumnType, Generated } from 'kysely';
import type { Json } from '../../platform/database.ts';
import type { Identity } from '../facts/index.ts';

/** Days as `YYYY-MM-DD`. The database's own dates would take on a time of day and a zone. */
type Day = ColumnType<string | Date, string, string>;

export type PairDecision = 'same' | 'not the same' | 'cannot tell';

export type PackageState = 'offered' | 'accepted' | 'declined' | 'could not be asked' | 'closed';
export type LawfulAnswer = 'consent' | 'parental consent' | 'public task';
export type GoalOutcome = 'achieved' | 'partly' | 'not';
export type StepActor = 'the person' | 'the worker' | 'the service';
export type Attendance = 'attended' | 'missed' | 'called off';

/** What a named person decides about a proposed place. */
export type OfferDecision = 'offer' | 'do not offer' | 'look again later';

/** Who may read a note beside its author. */
export type NoteReaders = 'the person and the team' | 'the team' | 'leads only';

/** Something lately stated that may be a reason to offer help soon. */
export interface Trigger {
  name: string;
  /** `YYYY-MM-DD` */
  on: string;
}

/** What somebody had before their eyes when they looked at a person: enough to tell later what has changed. */
export interface Seen {
  levels: Record<string, [low: number, high: number]>;
  score: [low: number, high: number] | null;
  /** Statements, with whether each was relied on. */
  facts: Record<string, boolean>;
}

/** A service as a run of the allocation took it, and what one more place would have brought. */
export interface ServiceInRun {
  id: number;
  name: string;
  places: number;
  proposed: number;
  /** People whom it could serve, who are proposed for nothing. */
  waiting?: number;
  onePlaceMore: number;
}

export interface ImportCounts {
  rows: number;
  added: number;
  changed: number;
  unchanged: number;
  refused: number;
  facts: number;
  /** Statements that the agency no longer makes: they count no more. */
  ended?: number;
  /** People of earlier deliveries who are not in this one. */
  missing?: number;
  /** What was sent and no mapping asks for, by kind; nothing of it is kept. */
  unread?: Record<string, number>;
  /** Problems in all; of many only some are listed. */
  problems?: number;
}

/** A part of what speaks for or against two records being of one person. */
export interface EvidenceStep {
  comparison: string;
  level: string | null;
  bits: number;
}

/** Tables whose rows belong to a person and follow one record of theirs: into a merge, out of it again, and to another record. */
export const anchoredTables = [
  'notices',
  'packages',
  'need_decisions',
  'reach',
  'notes',
  'tasks',
  'withdrawals',
  'own_access',
  'own_cases',
  'own_invitations',
] as const;

/** Something of a file that could not be used. `refused`: the row did not go in; else only the value was left out. */
export interface RowProblem {
  row: number;
  column: string;
  value: string;
  message: string;
  refused: boolean;
}

declare module '../../platform/database.ts' {
  interface Tables {
    'support.sources': { id: Generated<number>; name: string; agency: string; created_at: Generated<Date> };
    'support.agreements': {
      id: Generated<number>;
      source_id: number;
      title: string;
      purpose: string;
      lawful_basis: string;
      fields: Json<string[]>;
      starts_on: Day;
      ends_on: Day;
      retention_months: number;
      by_name: string;
      created_at: Generated<Date>;
      ended_at: Date | null;
    };
    'support.record_imports': {
      id: Generated<number>;
      source_id: number;
      agreement_id: number;
      mapping: string;
      mapping_hash: string;
      file_name: string;
      sha256: string;
      at: Generated<Date>;
      by_name: string;
      counts: Json<ImportCounts>;
      dropped: Json<Record<string, number>>;
      problems: Json<RowProblem[]>;
      finished_at: Date | null;
    };
    'support.persons': { id: number; created_at: Generated<Date>; ended_at: Date | null; merged_into: number | null };
    'support.records': {
      id: Generated<number>;
      source_id: number;
      key: string;
      import_id: number;
      row_number: number;
      identity: Json<Identity>;
      person_id: number | null;
      settled: Generated<boolean>;
      /** The last day on which the agency sent it. */
      seen_on: Generated<Day>;
      received_at: Generated<Date>;
    };
    'support.facts': {
      id: Generated<number>;
      record_id: number;
      import_id: number;
      kind: string;
      value: string;
      on_date: Day;
      expires_on: Day;
      challenged_at: Date | null;
    };
    'support.former_facts': {
      id: Generated<number>;
      record_id: number;
      kind: string;
      value: string;
      on_date: Day;
      said_in: number;
      last_said_before: number;
      ended_at: Generated<Date>;
    };
    'support.characteristics': { record_id: number; kind: string; value: string };
    'support.person_events': {
      id: Generated<number>;
      person_id: number;
      at: Generated<Date>;
      kind: 'merged' | 'split' | 'gained' | 'lost' | 'ended';
      detail: Json<Record<string, unknown>>;
    };
    'support.pair_decisions': {
      id: Generated<number>;
      left_record: number;
      right_record: number;
      decision: PairDecision;
      reason: string;
      by_name: string;
      at: Generated<Date>;
      undone_at: Date | null;
      undone_by: string | null;
    };
    'support.review_pairs': {
      id: Generated<number>;
      left_record: number;
      right_record: number;
      bits: number;
      why: string;
      steps: Json<EvidenceStep[]>;
      found_at: Generated<Date>;
    };
    'support.person_summaries': {
      person_id: number;
      name: string;
      born: Day | null;
      records: number;
      sources: Json<string[]>;
      as_of: Day;
      instrument: string;
      age: number | null;
      stages: Json<string[]>;
      low: number | null;
      high: number | null;
      band: string | null;
      levels: Json<Record<string, [low: number, high: number]>>;
      triggers: Json<Trigger[]>;
      triggered_on: Day | null;
      district: string | null;
      computed_at: Generated<Date>;
    };
    'support.challenges': {
      id: Generated<number>;
      fact_id: number;
      reason: string;
      by_name: string;
      at: Generated<Date>;
      outcome: 'upheld' | 'not upheld' | null;
      outcome_reason: string | null;
      outcome_by: string | null;
      outcome_at: Date | null;
    };
    'support.services': {
      id: Generated<number>;
      name: string;
      kind: string;
      provider: string;
      places: number;
      age_from: number;
      age_to: number;
      area: string | null;
      serves: Json<Record<string, number>>;
      by_name: string;
      created_at: Generated<Date>;
      ended_at: Date | null;
    };
    'support.allocation_runs': {
      id: Generated<number>;
      at: Generated<Date>;
      by_name: string;
      instrument: string;
      candidates: number;
      services: Json<ServiceInRun[]>;
      need_met: number;
      first_come: number;
      need_rank: number;
      status: string;
      took_ms: number;
    };
    'support.allocation_proposals': {
      id: Generated<number>;
      run_id: number;
      person_id: number;
      service_id: number;
      need_met: number;
      waiting_weeks: number;
      next_person: number | null;
      next_need_met: number | null;
      decision: OfferDecision | null;
      reason: string | null;
      decided_by: string | null;
      decided_at: Date | null;
    };
    'support.waiting': { person_id: number; record_id: number | null; since: Generated<Date>; left_at: Date | null };
    'support.notices': {
      id: Generated<number>;
      person_id: number;
      record_id: number | null;
      told_on: Day | null;
      told_whom: 'the person' | 'a parent or carer' | null;
      how: string | null;
      delay_until: Day | null;
      delay_reason: string | null;
      approved_by: string | null;
      by_name: string;
      at: Generated<Date>;
    };
    'support.packages': {
      id: Generated<number>;
      person_id: number;
      record_id: number | null;
      proposal_id: number | null;
      service_id: number | null;
      state: PackageState;
      basis: LawfulAnswer | null;
      answer_note: string | null;
      answered_by: string | null;
      answered_at: Date | null;
      closing_note: string | null;
      closed_by: string | null;
      closed_at: Date | null;
      waiting_since: Date | null;
      by_name: string;
      created_at: Generated<Date>;
    };
    'support.goals': {
      id: Generated<number>;
      package_id: number;
      goal: string;
      outcome: GoalOutcome | null;
      outcome_note: string | null;
      outcome_by: string | null;
      outcome_at: Date | null;
      by_name: string;
      created_at: Generated<Date>;
    };
    'support.steps': {
      id: Generated<number>;
      goal_id: number;
      step: string;
      actor: StepActor;
      due_on: Day | null;
      done_at: Date | null;
      done_by: string | null;
      by_name: string;
      created_at: Generated<Date>;
    };
    'support.sessions': {
      id: Generated<number>;
      package_id: number;
      held_on: Day;
      attended: Attendance;
      note: string;
      by_name: string;
      created_at: Generated<Date>;
    };
    'support.feeds': {
      id: Generated<number>;
      source_id: number;
      kind: 'folder' | 'database';
      database_name: string | null;
      mapping: string;
      at_time: string;
      weekday: number | null;
      by_name: string;
      created_at: Generated<Date>;
      ended_at: Date | null;
      last_run_at: Date | null;
      running_since: Date | null;
      last_import: number | null;
      last_problem: string | null;
    };
    'support.need_decisions': {
      id: Generated<number>;
      person_id: number;
      record_id: number | null;
      decision: OfferDecision;
      reason: string;
      /** What had lately happened when it was decided: something new opens the question again. */
      triggers: Json<Trigger[]>;
      look_again_on: Day | null;
      by_name: string;
      at: Generated<Date>;
      taken_back_at: Date | null;
      taken_back_by: string | null;
    };
    'support.looks': {
      person_id: number;
      actor: string;
      at: Date;
      seen: Json<Seen>;
      before_at: Date | null;
      before_seen: Json<Seen> | null;
    };
    'support.reach': {
      id: Generated<number>;
      person_id: number;
      record_id: number | null;
      areas: Json<string[]>;
      by_name: string;
      at: Generated<Date>;
    };
    'support.reviews': {
      id: Generated<number>;
      package_id: number;
      held_on: Day;
      said: string;
      next_on: Day | null;
      by_name: string;
      created_at: Generated<Date>;
    };
    'support.notes': {
      id: Generated<number>;
      person_id: number;
      record_id: number | null;
      note: string;
      seen_by: NoteReaders;
      by_id: string;
      by_name: string;
      at: Generated<Date>;
      taken_back_at: Date | null;
    };
    'support.tasks': {
      id: Generated<number>;
      person_id: number;
      record_id: number | null;
      task: string;
      due_on: Day;
      for_name: string;
      by_name: string;
      created_at: Generated<Date>;
      done_at: Date | null;
      done_by: string | null;
    };
    'support.withdrawals': {
      id: Generated<number>;
      person_id: number;
      record_id: number | null;
      at: Generated<Date>;
      ended_at: Date | null;
    };
    'support.holds': {
      id: Generated<number>;
      person_id: number;
      reason: string;
      until: Day;
      by_name: string;
      at: Generated<Date>;
      ended_at: Date | null;
    };
    'support.erasures': {
      id: Generated<number>;
      person_id: number;
      reason: string;
      by_name: string;
      at: Generated<Date>;
      done_at: Date | null;
      by_id: string;
      agreed_by: Generated<string | null>;
      agreed_at: Generated<Date | null>;
      withdrawn_by: Generated<string | null>;
    };
    'support.erased_keys': { source_id: number; key_hash: string; at: Generated<Date> };
    'support.linkage_state': { only: boolean; run: number; doubts: Json<string[]> };
    'support.linked_pairs': { left_record: number; right_record: number; bits: number };
    'support.linkage_models': { id: Generated<number>; model: Json<unknown>; records: number; at: Generated<Date> };
  }
}
