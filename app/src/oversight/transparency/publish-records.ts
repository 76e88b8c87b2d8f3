import { createHash } from 'node:crypto';
import type { Generated } from 'kysely';
import { type Action, InvalidError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import type { Json, Narrowed } from '../../platform/columns.ts';
import { type Database, type Tx, withPurpose } from '../../platform/database.ts';
import { isDay, todayOf } from '../../platform/days.ts';
import type { overseeReviews } from '../../supervision/index.ts';
import { shareOf } from '../../support/index.ts';
import type { Waymark } from '../../waymark.ts';
import type { GeneratedTables } from '../schema/generated-tables.ts';
import { algorithmicTransparency } from './algorithmic-transparency.ts';
import { equalityAssessment } from './equality-assessment.ts';
import { impactAssessment } from './impact-assessment.ts';
import type { RecordSource, ReviewFigures, TransparencyRecord } from './record.ts';
import { recordOfProcessing } from './record-of-processing.ts';
import {
  type Difference,
  differencesOf,
  fingerprintOf,
  type RunningConfiguration,
  readRunningConfiguration,
} from './running-configuration.ts';
import { type Statement, statementFields } from './statement.ts';

declare module '../../platform/database.ts' {
  interface Tables
    extends Narrowed<
      Pick<GeneratedTables, 'oversight.transparency_records'>,
      {
        'oversight.transparency_records': {
          configuration: Json<RunningConfiguration>;
          statement: Json<Statement>;
          records: Json<TransparencyRecord[]>;
          /** 1: over records and fingerprint alone; 2: over all that is shown. */
          seal_rule: Generated<number>;
        };
      }
    > {}
}

/** What was published, and whether it still tells how Waymark runs. */
export interface Published {
  id: number;
  at: Date;
  fingerprint: string;
  sha256: string;
  statement: Statement;
  records: TransparencyRecord[];
  /** Why it is out of date; empty while it is not. */
  outOfDate: string[];
  differences: Difference[];
}

export function writeRecords(source: RecordSource): TransparencyRecord[] {
  return [algorithmicTransparency(source), impactAssessment(source), equalityAssessment(source), recordOfProcessing(source)];
}

interface Sealed {
  at: Date;
  configuration: RunningConfiguration;
  statement: Statement;
  records: TransparencyRecord[];
}

/** SHA-256 over all that is shown, with when it was published and the configuration that it was written from. */
function sealOf({ at, configuration, statement, records }: Sealed): string {
  return createHash('sha256')
    .update(canonicalJson({ at: at.toISOString(), configuration, statement, records }))
    .digest('hex');
}

/** By the rule under which it was published. */
function isSealed(row: Sealed & { fingerprint: string; sha256: string; seal_rule: number }): boolean {
  if (row.seal_rule >= 2) return sealOf(row) === row.sha256;
  const { records, fingerprint } = row;
  return createHash('sha256').update(canonicalJson({ records, fingerprint })).digest('hex') === row.sha256;
}

async function latest(tx: Tx, configuration: RunningConfiguration, today: string): Promise<Published | null> {
  const row = await tx.selectFrom('oversight.transparency_records').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirst();
  if (!row) return null;
  const differences = differencesOf(row.configuration, configuration);
  const outOfDate = [
    ...(differences.length > 0
      ? [`${differences.length} ${differences.length === 1 ? 'setting has' : 'settings have'} changed since`]
      : []),
    ...(row.statement.reviewOn < today ? [`it was to be looked at again by ${row.statement.reviewOn}`] : []),
    ...(isSealed(row) && fingerprintOf(row.configuration) === row.fingerprint ? [] : ['what is stored is not what was published']),
  ];
  const { id, at, fingerprint, sha256, statement, records } = row;
  return { id, at, fingerprint, sha256, statement, records, outOfDate, differences };
}

/** What anybody may read. It holds no personal data, so no purpose of a role and no entry in the audit belong to it. */
export async function readPublished(waymark: Waymark): Promise<Published | null> {
  const configuration = await readRunningConfiguration(waymark);
  const db: Database = waymark.database.db;
  return withPurpose(db, 'oversight', 'transparency', (tx) => latest(tx, configuration, todayOf(waymark)));
}

export interface Draft {
  configuration: RunningConfiguration;
  fingerprint: string;
  published: Published | null;
}

export const readTransparency: Action<{ configuration: RunningConfiguration; today: string }, null, Draft> = {
  name: 'transparency.read',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx }, { configuration, today }) {
    return { configuration, fingerprint: fingerprintOf(configuration), published: await latest(tx, configuration, today) };
  },
};

export interface Publication {
  configuration: RunningConfiguration;
  figures: ReviewFigures;
  statement: Statement;
  today: string;
}

/** A named person publishes the four records as the configuration is now, with what only people can say. */
export const publishRecords: Action<null, Publication, { id: number }> = {
  name: 'transparency.publish',
  room: 'oversight',
  purpose: 'oversight',
  async run({ tx, actor, note }, _services, { configuration, figures, statement, today }) {
    for (const { key, label, long } of statementFields) {
      if (statement[key].trim().length < (long ? 20 : 3)) {
        throw new InvalidError(long ? `“${label}” needs a sentence or two.` : `Fill in “${label}”.`, key);
      }
    }
    const { reviewOn } = statement;
    const nextYear = `${Number(today.slice(0, 4)) + 1}${today.slice(4)}`;
    if (!isDay(reviewOn) || reviewOn <= today || reviewOn > nextYear)
      throw new InvalidError('Give the day by which it is looked at again: after today, and within a year.', 'reviewOn');
    const fingerprint = fingerprintOf(configuration);
    const records = writeRecords({ configuration, statement, figures });
    const at = new Date();
    const sha256 = sealOf({ at, configuration, statement, records });
    const { id } = await tx
      .insertInto('oversight.transparency_records')
      .values({
        at,
        by_name: actor.name,
        configuration: JSON.stringify(configuration),
        fingerprint,
        statement: JSON.stringify(statement),
        records: JSON.stringify(records),
        sha256,
        seal_rule: 2,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'transparency record', id }, { fingerprint, sha256 });
    return { id };
  },
};

/** Counts for the record, from the reviews of verdicts. */
export function figuresOf(reviews: Awaited<ReturnType<typeof overseeReviews.run>>): ReviewFigures {
  const total = reviews.counts.reduce((sum, { reviews: own }) => sum + own, 0);
  const against = reviews.counts.reduce((sum, { disagree }) => sum + disagree, 0);
  return { reviews: total, against: shareOf(against, total), twice: shareOf(reviews.twice.alike, reviews.twice.of) };
}
