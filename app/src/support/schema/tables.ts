import type { Generated } from 'kysely';
import type { Day, Json, Narrowed } from '../../platform/columns.ts';
import type { Identity } from '../facts/index.ts';
import type { GeneratedTables } from './generated-tables.ts';

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

/** What columns hold more exactly than the database says. */
interface Exactly {
  'support.agreements': {
    fields: Json<string[]>;
  };
  'support.record_imports': {
    counts: Json<ImportCounts>;
    dropped: Json<Record<string, number>>;
    problems: Json<RowProblem[]>;
  };
  'support.records': {
    identity: Json<Identity>;
    /** The last day on which the agency sent it. */
    seen_on: Generated<Day>;
  };
  'support.person_events': {
    kind: 'merged' | 'split' | 'gained' | 'lost' | 'ended';
    detail: Json<Record<string, unknown>>;
  };
  'support.pair_decisions': {
    decision: PairDecision;
  };
  'support.review_pairs': {
    steps: Json<EvidenceStep[]>;
  };
  'support.person_summaries': {
    sources: Json<string[]>;
    stages: Json<string[]>;
    levels: Json<Record<string, [low: number, high: number]>>;
    triggers: Json<Trigger[]>;
  };
  'support.challenges': {
    outcome: 'upheld' | 'not upheld' | null;
  };
  'support.services': {
    serves: Json<Record<string, number>>;
  };
  'support.allocation_runs': {
    services: Json<ServiceInRun[]>;
  };
  'support.allocation_proposals': {
    decision: OfferDecision | null;
  };
  'support.notices': {
    told_whom: 'the person' | 'a parent or carer' | null;
  };
  'support.packages': {
    state: PackageState;
    basis: LawfulAnswer | null;
  };
  'support.goals': {
    outcome: GoalOutcome | null;
  };
  'support.steps': {
    actor: StepActor;
  };
  'support.sessions': {
    attended: Attendance;
    note: string;
  };
  'support.feeds': {
    kind: 'folder' | 'database';
  };
  'support.need_decisions': {
    decision: OfferDecision;
    /** What had lately happened when it was decided: something new opens the question again. */
    triggers: Json<Trigger[]>;
  };
  'support.looks': {
    seen: Json<Seen>;
    before_seen: Json<Seen> | null;
  };
  'support.reach': {
    areas: Json<string[]>;
  };
  'support.notes': {
    seen_by: NoteReaders;
  };
  'support.erasures': {
    by_id: string;
    agreed_by: Generated<string | null>;
    agreed_at: Generated<Date | null>;
    withdrawn_by: Generated<string | null>;
  };
  'support.linkage_state': {
    only: boolean;
    doubts: Json<string[]>;
  };
}

declare module '../../platform/database.ts' {
  interface Tables extends Narrowed<GeneratedTables, Exactly> {}
}
