import type { Place } from '@waymark/presence';
import type { Generated } from 'kysely';
import type { Json } from '../platform/database.ts';

/** The supervision schema, as Kysely sees it. */
declare module '../platform/database.ts' {
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
      created_at: Generated<Date>;
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
