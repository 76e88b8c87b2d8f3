// Written by `npm run tables` from what the migrations make. What a column holds more exactly stands where its tables are declared.
import type { Generated } from 'kysely';
import type { Day, Json } from '../../platform/columns.ts';

export interface GeneratedTables {
  'support.agreements': {
    id: Generated<number>;
    source_id: number;
    title: string;
    purpose: string;
    lawful_basis: string;
    fields: Json<unknown>;
    starts_on: Day;
    ends_on: Day;
    retention_months: number;
    by_name: string;
    created_at: Generated<Date>;
    ended_at: Date | null;
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
    decision: string | null;
    reason: string | null;
    decided_by: string | null;
    decided_at: Date | null;
  };
  'support.allocation_runs': {
    id: Generated<number>;
    at: Generated<Date>;
    by_name: string;
    instrument: string;
    candidates: number;
    services: Json<unknown>;
    need_met: number;
    first_come: number;
    need_rank: number;
    status: string;
    took_ms: number;
  };
  'support.challenges': {
    id: Generated<number>;
    fact_id: number;
    reason: string;
    by_name: string;
    at: Generated<Date>;
    outcome: string | null;
    outcome_reason: string | null;
    outcome_by: string | null;
    outcome_at: Date | null;
  };
  'support.characteristics': {
    record_id: number;
    kind: string;
    value: string;
  };
  'support.erased_keys': {
    source_id: number;
    key_hash: string;
    at: Generated<Date>;
  };
  'support.erasures': {
    id: Generated<number>;
    person_id: number;
    reason: string;
    by_name: string;
    at: Generated<Date>;
    done_at: Date | null;
    by_id: Generated<string>;
    agreed_by: string | null;
    agreed_at: Date | null;
    withdrawn_by: string | null;
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
  'support.feeds': {
    id: Generated<number>;
    source_id: number;
    kind: string;
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
  'support.goals': {
    id: Generated<number>;
    package_id: number;
    goal: string;
    outcome: string | null;
    outcome_note: string | null;
    outcome_by: string | null;
    outcome_at: Date | null;
    by_name: string;
    created_at: Generated<Date>;
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
  'support.linkage_models': {
    id: Generated<number>;
    model: Json<unknown>;
    records: number;
    at: Generated<Date>;
  };
  'support.linkage_state': {
    only: Generated<boolean>;
    run: number;
    doubts: Generated<Json<unknown>>;
  };
  'support.linked_pairs': {
    left_record: number;
    right_record: number;
    bits: number;
  };
  'support.looks': {
    person_id: number;
    actor: string;
    at: Date;
    seen: Json<unknown>;
    before_at: Date | null;
    before_seen: Json<unknown> | null;
  };
  'support.need_decisions': {
    id: Generated<number>;
    person_id: number;
    record_id: number | null;
    decision: string;
    reason: string;
    triggers: Json<unknown>;
    look_again_on: Day | null;
    by_name: string;
    at: Generated<Date>;
    taken_back_at: Date | null;
    taken_back_by: string | null;
  };
  'support.notes': {
    id: Generated<number>;
    person_id: number;
    record_id: number | null;
    note: string;
    seen_by: string;
    by_id: string;
    by_name: string;
    at: Generated<Date>;
    taken_back_at: Date | null;
  };
  'support.notices': {
    id: Generated<number>;
    person_id: number;
    record_id: number | null;
    told_on: Day | null;
    told_whom: string | null;
    how: string | null;
    delay_until: Day | null;
    delay_reason: string | null;
    approved_by: string | null;
    by_name: string;
    at: Generated<Date>;
  };
  'support.own_access': {
    account_key: string;
    person_id: number;
    record_id: number | null;
    since: Generated<Date>;
  };
  'support.own_cases': {
    id: Generated<number>;
    person_id: number;
    record_id: number | null;
    kind: string;
    about: string;
    said: string;
    opened_at: Generated<Date>;
    due_on: Day;
    owner_name: string | null;
    reply: string | null;
    replied_by: string | null;
    replied_at: Date | null;
  };
  'support.own_invitations': {
    code_hash: string;
    person_id: number;
    record_id: number | null;
    by_name: string;
    at: Generated<Date>;
    expires_at: Date;
    used_at: Date | null;
  };
  'support.packages': {
    id: Generated<number>;
    person_id: number;
    record_id: number | null;
    proposal_id: number | null;
    service_id: number | null;
    state: string;
    basis: string | null;
    answer_note: string | null;
    answered_by: string | null;
    answered_at: Date | null;
    closing_note: string | null;
    closed_by: string | null;
    closed_at: Date | null;
    by_name: string;
    created_at: Generated<Date>;
    waiting_since: Date | null;
  };
  'support.pair_decisions': {
    id: Generated<number>;
    left_record: number;
    right_record: number;
    decision: string;
    reason: string;
    by_name: string;
    at: Generated<Date>;
    undone_at: Date | null;
    undone_by: string | null;
  };
  'support.person_events': {
    id: Generated<number>;
    person_id: number;
    at: Generated<Date>;
    kind: string;
    detail: Json<unknown>;
  };
  'support.person_summaries': {
    person_id: number;
    name: string;
    born: Day | null;
    records: number;
    sources: Json<unknown>;
    as_of: Day;
    instrument: string;
    age: number | null;
    stages: Json<unknown>;
    low: number | null;
    high: number | null;
    band: string | null;
    levels: Json<unknown>;
    computed_at: Generated<Date>;
    triggers: Generated<Json<unknown>>;
    triggered_on: Day | null;
    district: string | null;
  };
  'support.persons': {
    id: number;
    created_at: Generated<Date>;
    ended_at: Date | null;
    merged_into: number | null;
  };
  'support.reach': {
    id: Generated<number>;
    person_id: number;
    record_id: number | null;
    areas: Json<unknown>;
    by_name: string;
    at: Generated<Date>;
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
    counts: Json<unknown>;
    dropped: Json<unknown>;
    problems: Json<unknown>;
    finished_at: Date | null;
  };
  'support.records': {
    id: Generated<number>;
    source_id: number;
    key: string;
    import_id: number;
    row_number: number;
    identity: Json<unknown>;
    person_id: number | null;
    settled: Generated<boolean>;
    received_at: Generated<Date>;
    seen_on: Generated<Day>;
  };
  'support.review_pairs': {
    id: Generated<number>;
    left_record: number;
    right_record: number;
    bits: number;
    why: string;
    steps: Json<unknown>;
    found_at: Generated<Date>;
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
  'support.services': {
    id: Generated<number>;
    name: string;
    kind: string;
    provider: string;
    places: number;
    age_from: number;
    age_to: number;
    area: string | null;
    serves: Json<unknown>;
    by_name: string;
    created_at: Generated<Date>;
    ended_at: Date | null;
  };
  'support.sessions': {
    id: Generated<number>;
    package_id: number;
    held_on: Day;
    attended: string;
    note: Generated<string>;
    by_name: string;
    created_at: Generated<Date>;
  };
  'support.sources': {
    id: Generated<number>;
    name: string;
    agency: string;
    created_at: Generated<Date>;
  };
  'support.steps': {
    id: Generated<number>;
    goal_id: number;
    step: string;
    actor: string;
    due_on: Day | null;
    done_at: Date | null;
    done_by: string | null;
    by_name: string;
    created_at: Generated<Date>;
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
  'support.waiting': {
    person_id: number;
    since: Generated<Date>;
    record_id: number | null;
    left_at: Date | null;
  };
  'support.withdrawals': {
    id: Generated<number>;
    person_id: number;
    record_id: number | null;
    at: Generated<Date>;
    ended_at: Date | null;
  };
}
