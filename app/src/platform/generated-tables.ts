// Written by `npm run tables` from what the migrations make. What a column holds more exactly stands where its tables are declared.
import type { Generated } from 'kysely';
import type { Json } from './columns.ts';

export interface GeneratedTables {
  'oversight.audit_entries': {
    seq: number;
    at: Date;
    actor: string;
    actor_name: string;
    role: string;
    purpose: string;
    action: string;
    about_kind: string | null;
    about_id: string | null;
    outcome: string;
    policy: string | null;
    detail: Json<unknown>;
    previous_hash: string;
    hash: string;
  };
  'oversight.audit_head': {
    only: Generated<boolean>;
    seq: number;
    hash: string;
  };
  'platform.api_tokens': {
    id: Generated<number>;
    name: string;
    role: string;
    hash: string;
    created_at: Generated<Date>;
    revoked_at: Date | null;
    scopes: string | null;
    expires_at: Date | null;
  };
  'platform.installation': {
    only: Generated<boolean>;
    id: string;
    at: Generated<Date>;
  };
  'platform.leases': {
    name: string;
    role: string;
    holder: string | null;
    since: Generated<Date>;
    upto: Generated<number>;
  };
  'platform.migration_hashes': {
    name: string;
    sha256: string;
    at: Generated<Date>;
  };
  'platform.request_counts': {
    asker: string;
    count: number;
    ends_at: Date;
  };
  'platform.servers': {
    id: string;
    name: string;
    roles: string;
    version: string;
    started_at: Generated<Date>;
    seen_at: Generated<Date>;
  };
  'platform.sessions': {
    id: string;
    data: Json<unknown>;
    expires_at: Date;
  };
  'platform.sign_ins': {
    session_id: string;
    subject: string;
    provider_session: string | null;
    refresh_token: string | null;
    id_token: string | null;
    at: Generated<Date>;
    asked_at: Generated<Date>;
  };
  'platform.staff': {
    actor: string;
    name: string;
    role: string;
    seen_at: Generated<Date>;
  };
}
