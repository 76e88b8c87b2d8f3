// Written by `npm run tables` from what the migrations make. What a column holds more exactly stands where its tables are declared.
import type { Generated } from 'kysely';
import type { Day, Json } from '../../platform/columns.ts';

export interface GeneratedTables {
  'supervision.absences': {
    id: Generated<number>;
    order_id: number;
    from_at: Date;
    to_at: Date;
    reason: string;
    by_name: string;
    recorded_at: Generated<Date>;
  };
  'supervision.addresses': {
    id: Generated<number>;
    subject_id: number;
    kind: string;
    address: string;
    by_name: string;
    from_on: Day;
    to_on: Day | null;
  };
  'supervision.alert_steps': {
    id: Generated<number>;
    alert_id: number;
    step: string;
    outcome: string | null;
    note: string;
    by_actor: string;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.alert_thresholds': {
    id: Generated<number>;
    kind: string;
    model: string | null;
    least: number;
    evidence: Json<unknown>;
    reason: string;
    by_actor: string;
    by_name: string;
    from_at: Generated<Date>;
    to_at: Date | null;
    ended_by_name: Generated<string>;
    ended_because: Generated<string>;
  };
  'supervision.alert_versions': {
    alert_id: number;
    version: number;
    change: string;
    kind: string;
    from_at: Date;
    to_at: Date | null;
    facts: Json<unknown>;
    at: Generated<Date>;
  };
  'supervision.alerts': {
    id: Generated<number>;
    wearing_id: number;
    zone_version_id: number | null;
    kind: string;
    severity: string;
    state: string;
    version: number;
    from_at: Date;
    to_at: Date | null;
    confirmed_at: Date;
    raised_at: Generated<Date>;
    facts: Json<unknown>;
    assigned_to: string | null;
    outcome: string | null;
  };
  'supervision.appointments': {
    id: Generated<number>;
    subject_id: number;
    kind: string;
    starts_at: Date;
    ends_at: Date;
    place: string;
    note: Generated<string>;
    officer: string;
    officer_name: string;
    made_by: string;
    made_at: Generated<Date>;
    state: Generated<string>;
    said: Generated<string>;
    settled_by: string | null;
    settled_at: Date | null;
  };
  'supervision.breach_packs': {
    id: Generated<number>;
    wearing_id: number;
    from_at: Date;
    to_at: Date;
    content: Json<unknown>;
    sha256: string;
    note: string;
    made_by: string;
    made_by_name: string;
    made_at: Generated<Date>;
    decision: string | null;
    reason: string | null;
    reviewed_by: string | null;
    reviewed_by_name: string | null;
    reviewed_at: Date | null;
  };
  'supervision.case_holders': {
    subject_id: number;
    actor: string;
    name: string;
    part: string;
    to_on: Day | null;
    by_name: string;
    since: Generated<Date>;
  };
  'supervision.cases': {
    subject_id: number;
    team_id: number | null;
    is_restricted: Generated<boolean>;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.change_hooks': {
    id: Generated<number>;
    name: string;
    topics: Json<unknown>;
    target: string;
    secret: string;
    by_name: string;
    created_at: Generated<Date>;
    ended_at: Date | null;
  };
  'supervision.change_messages': {
    id: Generated<number>;
    hook_id: number;
    type: string;
    about_kind: string | null;
    about_id: number | null;
    detail: Json<unknown>;
    at: Generated<Date>;
    state: Generated<string>;
    attempts: Generated<number>;
    due_at: Generated<Date>;
    problem: string | null;
    settled_at: Date | null;
    receipt_id: string | null;
    receipt: string | null;
    receipt_at: Date | null;
  };
  'supervision.characteristics': {
    id: Generated<number>;
    subject_id: number;
    kind: string;
    value: string;
    source: string;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.clearing_batches': {
    id: Generated<number>;
    wearing_id: number | null;
    crime_id: number | null;
    ground: string;
    exclusions: number;
    looks: number;
    state: Generated<string>;
    begun_by: string;
    begun_by_name: string;
    begun_at: Generated<Date>;
    ended_at: Date | null;
  };
  'supervision.clearing_verdicts': {
    id: Generated<number>;
    batch_id: number;
    crime_version_id: number;
    wearing_id: number;
    run_id: number;
    look: number | null;
    is_test: Generated<boolean>;
    answer: string | null;
    reason: Generated<string>;
    answered_at: Date | null;
  };
  'supervision.cohort_colleagues': {
    cohort_id: number;
    actor: string;
    name: string;
    by_name: string;
    since: Generated<Date>;
  };
  'supervision.cohort_members': {
    id: Generated<number>;
    cohort_id: number;
    subject_id: number;
    because: string;
    added_by: string;
    added_by_name: string;
    added_at: Generated<Date>;
    left_at: Date | null;
    left_because: Generated<string>;
  };
  'supervision.cohorts': {
    id: Generated<number>;
    name: string;
    ground: string;
    reason: string;
    owner: string;
    owner_name: string;
    until: Day;
    made_at: Generated<Date>;
    ended_at: Date | null;
    ended_because: Generated<string>;
  };
  'supervision.contacts': {
    id: Generated<number>;
    subject_id: number;
    who: string;
    name: string;
    phone: string;
    note: Generated<string>;
    by_name: string;
    since: Generated<Date>;
    ended_at: Date | null;
  };
  'supervision.crime_columns': {
    id: Generated<number>;
    layout: string;
    columns: Json<unknown>;
    time_zone: string;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.crime_looks': {
    actor: string;
    at: Date;
    before: Date | null;
  };
  'supervision.crime_versions': {
    id: Generated<number>;
    crime_id: number;
    version: number;
    type: string;
    from_at: Date;
    to_at: Date;
    place: Json<unknown>;
    text: string;
    batch: string | null;
    import_id: number | null;
    changed: Json<unknown>;
    recorded_at: Generated<Date>;
    made_up: Generated<boolean>;
  };
  'supervision.crimes': {
    id: Generated<number>;
    force: string;
    reference: string;
    version: number;
  };
  'supervision.days_counted': {
    day: Day;
  };
  'supervision.days_kept': {
    id: Generated<number>;
    wearing_id: number;
    day: Day;
    kept_s: number;
    broken_s: number;
    unknown_s: number;
  };
  'supervision.deliveries': {
    id: Generated<number>;
    rule_id: number;
    alert_id: number | null;
    alert_version: number;
    state: string;
    attempts: number;
    due_at: Date;
    problem: string | null;
    created_at: Generated<Date>;
    settled_at: Date | null;
    receipt_id: string | null;
    receipt: string | null;
    receipt_at: Date | null;
  };
  'supervision.delivery_rules': {
    id: Generated<number>;
    name: string;
    severities: Json<unknown>;
    channel: string;
    target: string;
    secret: string;
    unseen_after_s: number;
    quiet_from: string | null;
    quiet_to: string | null;
    by_name: string;
    created_at: Generated<Date>;
    ended_at: Date | null;
  };
  'supervision.diary_feeds': {
    actor: string;
    name: string;
    secret_hash: string;
    until: Date;
  };
  'supervision.documents': {
    id: Generated<number>;
    subject_id: number;
    kind: string;
    title: string;
    media_type: string;
    bytes: Uint8Array;
    size: number;
    sha256: string;
    by_name: string;
    at: Generated<Date>;
    removed_at: Date | null;
    removed_by: string | null;
  };
  'supervision.erasures': {
    id: Generated<number>;
    subject_id: number;
    reason: string;
    by_name: string;
    at: Generated<Date>;
    done_at: Date | null;
    by_id: Generated<string>;
    agreed_by: string | null;
    agreed_at: Date | null;
    withdrawn_by: string | null;
  };
  'supervision.evaluation_members': {
    id: Generated<number>;
    evaluation_id: number;
    subject_id: number;
    joined_at: Generated<Date>;
    left_at: Date | null;
    team_id: number | null;
  };
  'supervision.evaluations': {
    id: Generated<number>;
    title: string;
    protocol: Json<unknown>;
    script: string;
    sha256: string;
    seed: string;
    registered_by: string;
    registered_by_name: string;
    registered_at: Generated<Date>;
    starts_on: Day;
    ends_on: Day;
    agreed_by: string | null;
    agreed_by_name: Generated<string>;
    agreed_at: Date | null;
    exported_at: Date | null;
    stopped_at: Date | null;
    stopped_because: Generated<string>;
    teams: Generated<Json<unknown>>;
  };
  'supervision.evidence_packs': {
    id: Generated<number>;
    crime_version_id: number;
    wearing_id: number;
    content: string;
    sha256: string;
    made_by: string;
    made_by_name: string;
    made_at: Generated<Date>;
    page: Generated<string>;
    seal: Generated<string>;
  };
  'supervision.evidence_stamps': {
    id: Generated<number>;
    pack_id: number;
    answer: Uint8Array;
    authority: string;
    stamped_at: Date;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.figure_schedules': {
    id: Generated<number>;
    every: string;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.gateways': {
    id: Generated<number>;
    name: string;
    credential_hash: string;
    created_at: Generated<Date>;
    revoked_at: Date | null;
  };
  'supervision.holds': {
    id: Generated<number>;
    subject_id: number;
    reason: string;
    until: Day;
    by_name: string;
    at: Generated<Date>;
    ended_at: Date | null;
  };
  'supervision.identity_versions': {
    id: Generated<number>;
    subject_id: number;
    was: Json<unknown>;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.imports': {
    id: Generated<number>;
    kind: string;
    file_name: string;
    sha256: string;
    at: Generated<Date>;
    by_name: string;
    counts: Json<unknown>;
    problems: Json<unknown>;
  };
  'supervision.intake_state': {
    only: Generated<boolean>;
    last_receipt: number;
  };
  'supervision.mail_messages': {
    id: Generated<number>;
    message_id: string;
    sender_id: number | null;
    address: string;
    subject: string;
    sent_at: Date | null;
    at: Generated<Date>;
    state: string;
    why: Generated<string>;
    files: Json<unknown>;
    answer: Generated<string>;
    answer_state: string;
    tries: Generated<number>;
    sha256: Generated<string>;
  };
  'supervision.mail_senders': {
    id: Generated<number>;
    address: string;
    who: string;
    time_zone: string;
    by_name: string;
    added_at: Generated<Date>;
    ended_at: Date | null;
  };
  'supervision.order_versions': {
    id: Generated<number>;
    order_id: number;
    version: number;
    authority: string;
    ends_at: Date | null;
    conditions: string;
    reason: string;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.orders': {
    id: Generated<number>;
    subject_id: number;
    kind: string;
    authority: string;
    starts_at: Date;
    ends_at: Date | null;
    created_at: Generated<Date>;
    officer_name: Generated<string>;
    officer_phone: Generated<string>;
    team: Generated<string>;
    conditions: Generated<string>;
    version: Generated<number>;
  };
  'supervision.outside_looks': {
    id: Generated<number>;
    subject_id: number;
    actor: string;
    name: string;
    reason: string;
    at: Generated<Date>;
    until: Date;
  };
  'supervision.own_access': {
    account_key: string;
    subject_id: number;
    since: Generated<Date>;
  };
  'supervision.own_cases': {
    id: Generated<number>;
    subject_id: number;
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
  'supervision.own_invitations': {
    code_hash: string;
    subject_id: number;
    by_name: string;
    at: Generated<Date>;
    expires_at: Date;
    used_at: Date | null;
  };
  'supervision.place_searches': {
    id: Generated<number>;
    lon: number;
    lat: number;
    radius_m: number;
    from_at: Date;
    to_at: Date;
    ground: string;
    reason: string;
    asked_by: string;
    asked_by_name: string;
    asked_at: Generated<Date>;
    decision: string | null;
    decided_by: string | null;
    decided_by_name: Generated<string>;
    decided_because: Generated<string>;
    decided_at: Date | null;
    looks: Generated<number>;
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
  'supervision.published_figures': {
    id: Generated<number>;
    from_on: Day;
    to_on: Day;
    content: Json<unknown>;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.release_proposals': {
    id: Generated<number>;
    reference: string;
    kind: string;
    release_on: Day;
    months: number;
    conditions: Json<unknown>;
    made_by: string;
    made_by_name: string;
    made_at: Generated<Date>;
    version: Generated<number>;
    withdrawn_at: Date | null;
    withdrawn_because: Generated<string>;
  };
  'supervision.reminder_choices': {
    subject_id: number;
    channel: string;
    target: string;
    kinds: Json<unknown>;
    is_discreet: boolean;
    language: string;
    quiet_from: string;
    quiet_to: string;
    code_hash: string | null;
    code_until: Date | null;
    code_tries: Generated<number>;
    codes_on: Day | null;
    codes_sent: Generated<number>;
    confirmed_at: Date | null;
    since: Generated<Date>;
  };
  'supervision.reminders': {
    id: Generated<number>;
    subject_id: number;
    kind: string;
    key: string;
    text: string;
    channel: string;
    target: string;
    due_at: Date;
    until: Date;
    state: Generated<string>;
    attempts: Generated<number>;
    problem: string | null;
    created_at: Generated<Date>;
    settled_at: Date | null;
    receipt_id: string | null;
    receipt: string | null;
    receipt_at: Date | null;
  };
  'supervision.requests': {
    id: Generated<number>;
    subject_id: number;
    kind: string;
    from_at: Date;
    to_at: Date | null;
    said: string;
    sent_at: Generated<Date>;
    due_at: Date;
    decision: string | null;
    reason: Generated<string>;
    decided_by: string | null;
    decided_at: Date | null;
  };
  'supervision.review_tests': {
    id: Generated<number>;
    crime_version_id: number;
    wearing_id: number;
    shown: Json<unknown>;
    away_m: number;
    asked_by: string;
    made_at: Generated<Date>;
    ended_at: Date | null;
  };
  'supervision.reviews': {
    id: Generated<number>;
    crime_version_id: number;
    wearing_id: number;
    run_id: number;
    verdict: string;
    decision: string;
    reason: string;
    reviewer: string;
    reviewer_name: string;
    at: Generated<Date>;
    batch_id: number | null;
    taken_back_at: Date | null;
    taken_back_because: Generated<string>;
  };
  'supervision.run_crimes': {
    run_id: number;
    crime_version_id: number;
    coincidence: number | null;
    present: number;
    excluded: number;
    unknown: number;
  };
  'supervision.run_shares': {
    run_id: number;
    number: number;
    first_wearing: number;
    last_wearing: number;
    holder: string | null;
    tries: Generated<number>;
    done: Generated<boolean>;
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
    wearings: Json<unknown>;
    inputs_hash: string;
    output_hash: string;
    crimes: number;
    verdicts: number;
    fixes: number;
    took_ms: number;
  };
  'supervision.shared_runs': {
    run_id: number;
    plan: Json<unknown>;
    reckoning: string;
    by_name: string;
    holder: string | null;
    planned_at: Generated<Date>;
  };
  'supervision.subjects': {
    id: Generated<number>;
    reference: string;
    name: string;
    fictional: Generated<boolean>;
    created_at: Generated<Date>;
    born_on: Day | null;
    also_known_as: Generated<string>;
    pnc: Generated<string>;
    crn: Generated<string>;
    noms: Generated<string>;
    languages: Generated<string>;
    at_the_door: Generated<string>;
  };
  'supervision.tag_steps': {
    id: Generated<number>;
    tag_id: number;
    step: string;
    wearing_id: number | null;
    note: string;
    by_name: string;
    at: Generated<Date>;
  };
  'supervision.tags': {
    id: Generated<number>;
    serial: string;
    model: Generated<string>;
    credential_hash: string | null;
    created_at: Generated<Date>;
    state: Generated<string>;
  };
  'supervision.team_members': {
    team_id: number;
    actor: string;
    name: string;
    since: Generated<Date>;
  };
  'supervision.teams': {
    id: Generated<number>;
    name: string;
    is_closed: Generated<boolean>;
    made_at: Generated<Date>;
  };
  'supervision.watch_again': {
    wearing_id: number;
  };
  'supervision.watch_state': {
    only: Generated<boolean>;
    evaluated_receipt: number;
  };
  'supervision.wearings': {
    id: Generated<number>;
    tag_id: number;
    order_id: number;
    subject_id: number;
    starts_at: Date;
    ends_at: Date | null;
    clock_error_s: number | null;
  };
  'supervision.zone_orders': {
    zone_id: number;
    order_id: number;
    added_at: Generated<Date>;
    removed_at: Date | null;
    removed_reason: string | null;
    id: Generated<number>;
  };
  'supervision.zone_versions': {
    id: Generated<number>;
    zone_id: number;
    version: number;
    name: string;
    kind: string;
    area: Json<unknown>;
    hours: Json<unknown>;
    effective_at: Date;
    superseded_at: Date | null;
    reason: string;
    by_name: string;
    recorded_at: Generated<Date>;
  };
  'supervision.zones': {
    id: Generated<number>;
    created_at: Generated<Date>;
    shared: Generated<boolean>;
  };
}
