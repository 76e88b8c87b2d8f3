import { workInThread } from '../../platform/work-in-thread.ts';
import type { ImportProblem } from '../schema/tables.ts';
import { parseCrimes } from './parse-crimes.ts';
import type { CrimeFileOptions, ParsedCrime, ParsedCrimes } from './parsed-crime.ts';

/** What the thread hands over: first what the file is, then its crimes. */
export type CrimesPart =
  | {
      head: Pick<ParsedCrimes, 'format' | 'rows' | 'headings' | 'keptBy'> & {
        refused: number;
        problems: ImportProblem[];
        problemsInAll: number;
      };
    }
  | { crimes: ParsedCrime[] };

/** Crimes that are stored in one transaction. */
const crimesTogether = 100;
/** Most problems of a file that are kept. */
const problemsKept = 10_000;

interface Task {
  bytes: Uint8Array;
  options: CrimeFileOptions;
}

function* parts({ bytes, options }: Task): Generator<CrimesPart> {
  const { format, rows, crimes, problems, headings = [], keptBy = null } = parseCrimes(bytes, options);
  const refused = new Set(problems.filter((p) => p.severity === 'error' && p.row > 0).map((p) => p.row)).size;
  // What was refused comes before what is only remarkable.
  const worst = [...problems].sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'));
  yield { head: { format, rows, refused, problems: worst.slice(0, problemsKept), problemsInAll: problems.length, headings, keptBy } };
  for (let i = 0; i < crimes.length; i += crimesTogether) yield { crimes: crimes.slice(i, i + crimesTogether) };
}

workInThread(parts);
