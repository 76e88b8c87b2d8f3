// Written by `npm run tables` from what the migrations make. What a column holds more exactly stands where its tables are declared.
import type { Generated } from 'kysely';
import type { Day, Json, Numeric } from '../../platform/columns.ts';

export interface GeneratedTables {
  'oversight.cost_figures': {
    id: Generated<number>;
    key: string;
    low: Numeric;
    high: Numeric;
    price_year: number;
    source: string;
    by_name: string;
    at: Generated<Date>;
  };
  'oversight.price_indices': {
    id: Generated<number>;
    year: number;
    index: Numeric;
    source: string;
    by_name: string;
    at: Generated<Date>;
  };
  'oversight.retention_asks': {
    id: Generated<number>;
    at: Generated<Date>;
    day: Day;
    why: Json<unknown>;
    would_go: Json<unknown>;
    agreed: Generated<Json<unknown>>;
    ended_at: Date | null;
    ended_how: string | null;
  };
  'oversight.sample_checks': {
    seq: number;
    outcome: string;
    note: string;
    by_actor: string;
    by_name: string;
    at: Generated<Date>;
    id: Generated<number>;
  };
  'oversight.transparency_records': {
    id: Generated<number>;
    at: Generated<Date>;
    by_name: string;
    configuration: Json<unknown>;
    fingerprint: string;
    statement: Json<unknown>;
    records: Json<unknown>;
    sha256: string;
    seal_rule: Generated<number>;
  };
}
