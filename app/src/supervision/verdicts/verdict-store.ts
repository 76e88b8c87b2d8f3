import { type ColumnType, type Connection, Engine } from '@waymark/engine';
import { nothingClose, reasonBit, ruledOutShape, type SweepPart, unknownProbability, verdictCode, verdictShape } from '@waymark/presence';

/** A stored verdict. `crime` is a crime version, `wearing` a wearing, both by id. */
export interface StoredVerdict {
  run: number;
  crime: number;
  wearing: number;
  verdict: number;
  reasons: number;
  pMoment: number | null;
  pWindow: number | null;
  coverage: number;
  fixes: number;
  fixesWithin: number;
  closestM: number | null;
  closestAfterMs: number | null;
  gapS: number;
  habitWeeks: number;
  habitVisits: number;
}

const weighedShape = { run: 'i32', ...verdictShape } as const satisfies Record<string, ColumnType>;
const farShape = { run: 'i32', ...ruledOutShape } as const satisfies Record<string, ColumnType>;

/**
 * Raised with the layout of the columns. Rows of an earlier layout stay where they are; a raised model version has them
 * worked out anew.
 */
const layout = 3;
const weighed = `weighed_${layout}`;
const ruledOut = `ruled_out_${layout}`;
/** Both kinds of rows as one. */
const verdicts = `verdicts_${layout}`;

/** One way of packing for all columns: to have the engine try every way on every column costs more than it saves. */
const packed = 'NOT NULL USING COMPRESSION bitpacking';
const layOut = [
  `CREATE TABLE IF NOT EXISTS ${weighed} (
     run INTEGER ${packed}, crime INTEGER ${packed}, wearing INTEGER ${packed}, verdict UTINYINT ${packed}, reasons USMALLINT ${packed},
     p_moment_ppm INTEGER ${packed}, p_window_ppm INTEGER ${packed}, coverage USMALLINT ${packed}, fixes INTEGER ${packed},
     fixes_within INTEGER ${packed}, closest_dm INTEGER ${packed}, closest_after_ms INTEGER ${packed}, gap_s INTEGER ${packed},
     habit_weeks UTINYINT ${packed}, habit_visits USMALLINT ${packed})`,
  `CREATE TABLE IF NOT EXISTS ${ruledOut} (
     run INTEGER ${packed}, crime INTEGER ${packed}, wearing INTEGER ${packed}, coverage USMALLINT ${packed}, fixes INTEGER ${packed},
     closest_dm INTEGER ${packed}, closest_after_ms INTEGER ${packed})`,
  `CREATE OR REPLACE VIEW ${verdicts} AS
     SELECT * FROM ${weighed}
     UNION ALL BY NAME
     SELECT *, ${verdictCode.impossible} AS verdict, ${reasonBit.outOfReach} AS reasons, 0 AS p_moment_ppm, 0 AS p_window_ppm,
       0 AS fixes_within, 0 AS gap_s, 0 AS habit_weeks, 0 AS habit_visits FROM ${ruledOut}`,
];

const columns = `run, crime, wearing, verdict, reasons, nullif(p_moment_ppm, ${unknownProbability}) / 1e6 AS "pMoment", nullif(p_window_ppm, ${unknownProbability}) / 1e6 AS "pWindow", coverage / 10000.0 AS coverage, fixes,
  fixes_within AS "fixesWithin", nullif(closest_dm, ${nothingClose}) / 10.0 AS "closestM", nullif(closest_after_ms, ${nothingClose}) AS "closestAfterMs", gap_s AS "gapS",
  habit_weeks AS "habitWeeks", habit_visits / 1000.0 AS "habitVisits"`;

/**
 * Verdicts of every run, excluded and unknown as much as present: a columnar file, for one run of a large fleet is tens of
 * millions of rows. Runs are recorded in the records database; rows of a run that is not recorded there count for nothing.
 */
export class VerdictStore {
  readonly #engine: Engine;
  readonly #reader: Connection;

  private constructor(engine: Engine, reader: Connection) {
    this.#engine = engine;
    this.#reader = reader;
  }

  static async open(path: string, memoryMb: number): Promise<VerdictStore> {
    const engine = await Engine.open(path, { memoryMb, checkpointMb: 512 });
    const reader = await engine.connect();
    for (const statement of layOut) await reader.run(statement);
    return new VerdictStore(engine, reader);
  }

  /**
   * Writes the rows of a run, all of them or, if `work` fails, none; what an earlier attempt under the same number left
   * behind is removed. `crime` and `wearing` are already ids.
   */
  async write<T>(run: number, work: (append: (part: SweepPart) => Promise<void>) => Promise<T>): Promise<T> {
    const writer = await this.#engine.connect();
    const ofRun = (rows: number) => new Int32Array(rows).fill(run);
    try {
      return await writer.transaction(async () => {
        for (const table of [weighed, ruledOut]) await writer.run(`DELETE FROM ${table} WHERE run = ?`, [run]);
        return work(async (part) => {
          const { rows, columns } = part.weighed;
          await writer.append(weighed, weighedShape, { run: ofRun(rows), ...columns }, rows);
          const far = part.ruledOut;
          await writer.append(ruledOut, farShape, { run: ofRun(far.rows), ...far.columns }, far.rows);
        });
      });
    } finally {
      writer.close();
    }
  }

  /** All verdicts of one run on one crime version. */
  async ofCrime(run: number, crime: number): Promise<StoredVerdict[]> {
    return this.#reader.rows(
      `SELECT ${columns} FROM ${verdicts} WHERE run = ? AND crime = ? ORDER BY verdict, p_window_ppm DESC, wearing`,
      [run, crime],
    );
  }

  /** How many verdicts a run has of each kind, per crime version. */
  async countByCrime(run: number): Promise<{ crime: number; present: number; excluded: number; unknown: number }[]> {
    return this.#reader.rows(
      `SELECT crime, count(*) FILTER (verdict = 0) AS present, count(*) FILTER (verdict IN (1, 2)) AS excluded,
         count(*) FILTER (verdict = 3) AS unknown FROM ${verdicts} WHERE run = ? GROUP BY crime`,
      [run],
    );
  }

  /** Verdicts of the given (run, crime) pairs, in batches, in order of crime and wearing. */
  async *stream(pairs: { run: number; crime: number }[]): AsyncGenerator<StoredVerdict[]> {
    for (let i = 0; i < pairs.length; i += 200) {
      const part = pairs.slice(i, i + 200);
      const list = part.map(({ run, crime }) => `(${Math.trunc(run)}, ${Math.trunc(crime)})`).join(',');
      yield await this.#reader.rows<StoredVerdict>(
        `SELECT ${columns} FROM ${verdicts} SEMI JOIN (VALUES ${list}) AS wanted(run, crime) USING (run, crime) ORDER BY crime, wearing`,
      );
    }
  }

  close(): void {
    this.#reader.close();
    this.#engine.close();
  }
}
