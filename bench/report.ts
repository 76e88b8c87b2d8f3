import { cpus, totalmem } from 'node:os';

/** One promise with what was measured. */
export interface Bar {
  name: string;
  figure: number;
  limit: number;
  /** `least`: at least the limit; `most`: at most; `more`: above it. */
  sense: 'least' | 'most' | 'more';
  unit: string;
}

export interface Report {
  bench: string;
  table: Record<string, string | number>[];
  bars: Bar[];
  notes: string[];
  details?: Record<string, unknown>;
}

export function met({ figure, limit, sense }: Bar): boolean {
  if (Number.isNaN(figure)) return false;
  return sense === 'least' ? figure >= limit : sense === 'more' ? figure > limit : figure <= limit;
}

/** Progress on stderr, over one line where it is a terminal. */
export function say(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`);
}

export function machine(): Record<string, unknown> {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Prints the table and every bar with its figure; gives the exit code. */
export function print(report: Report, json: boolean, seed: number): number {
  const failed = report.bars.some((bar) => !met(bar));
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ ...report, bars: report.bars.map((bar) => ({ ...bar, met: met(bar) })), machine: machine(), seed })}\n`,
    );
    return failed ? 1 : 0;
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  const { cpu, cores, memoryGb, node, platform } = machine();
  console.log(`${report.bench}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}, seed ${seed}`);
  console.table(report.table);
  for (const note of report.notes) console.log(note);
  for (const bar of report.bars) {
    const sign = bar.sense === 'least' ? '≥' : bar.sense === 'more' ? '>' : '≤';
    const round = (value: number) => Number(value.toPrecision(4));
    console.log(`${met(bar) ? 'met   ' : 'MISSED'}  ${bar.name}: ${round(bar.figure)} ${bar.unit} (bar ${sign} ${round(bar.limit)})`);
  }
  return failed ? 1 : 0;
}
