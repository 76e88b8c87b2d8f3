import { once } from 'node:events';
import { Town, writeAgencies, writeTown } from '@waymark/town';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { checkOutside } from './commands/check-outside.ts';
import { type PackCheck, packCheckInWords } from './commands/check-pack.ts';
import type { Arguments, Message } from './commands/commands.ts';
import { linkFiles } from './commands/link-files.ts';
import { CommandError, repair, runCommand } from './commands/run-command.ts';
import { writePeople } from './commands/write-people.ts';
import { ConfigError, readConfig } from './config.ts';
import { roles } from './platform/access.ts';

/** `waymark`: what can be done from the command line. Results go to stdout, progress and words to stderr. */

const program = new Command('waymark').description('Positions and crimes in, verdicts out.').version('0.1.0').showHelpAfterError();

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('Give a whole number.');
  return number;
}

function decimal(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('Give a number, such as 0 or 4.3.');
  return number;
}

class Progress {
  #bar: SingleBar | null = null;

  show({ done, all, unit }: Extract<Message, { kind: 'progress' }>): void {
    if (!process.stderr.isTTY || all === 0) return;
    if (!this.#bar) {
      this.#bar = new SingleBar({
        stream: process.stderr,
        format: `{bar} {percentage}% {value}/{total} ${unit}, {eta_formatted} left`,
        hideCursor: true,
      });
      this.#bar.start(all, done);
    }
    this.#bar.update(done);
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = null;
  }
}

interface CommonOptions {
  data?: string;
  json?: boolean;
}

async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Runs a command, shows its progress, and gives its result. */
async function run<T>(name: string, options: CommonOptions, args: Arguments, onItem?: (value: unknown) => Promise<void>): Promise<T> {
  const config = readConfig({ ...process.env, ...(options.data ? { WAYMARK_DATA: options.data } : {}) });
  const progress = new Progress();
  let result: unknown;
  try {
    await runCommand(name, config, args, async (message) => {
      if (message.kind === 'progress') progress.show(message);
      else if (message.kind === 'item') await onItem?.(message.value);
      else if (message.kind === 'result') result = message.value;
    });
  } finally {
    progress.end();
  }
  return result as T;
}

const withData = (command: Command) =>
  command
    .option('--data <dir>', 'folder of the embedded stores (default: data, or WAYMARK_DATA)')
    .option('--json', 'print the result as JSON');

const imports = program.command('import').description('read files of fixes or crimes');

interface FixesResult {
  read: number;
  accepted: number;
  duplicates: number;
  quarantined: number;
  registered: number;
  notUnderstood: { what: string; count: number }[];
  problems: { line: number; message: string; value: string }[];
}

withData(
  imports
    .command('fixes')
    .argument('<file>', 'CSV, NDJSON or GPX, also gzipped')
    .description('read fixes; those that belong to no wearing are quarantined with the reason')
    .option('--columns <map>', 'CSV columns, such as tag=vehicle_id,at=timestamp,lat=latitude,lon=longitude')
    .option('--timezone <zone>', 'zone of times without an offset, such as UTC or Europe/London')
    .option('--tag <serial>', 'tag of a GPX file')
    .option('--register', 'make a fictional subject, order and wearing for each tag not yet known'),
).action(async (file: string, options) => {
  const result = await run<FixesResult>('import-fixes', options, {
    file: resolvePath(file),
    columns: options.columns,
    timezone: options.timezone,
    tag: options.tag,
    register: options.register,
  });
  if (options.json) return print(`${JSON.stringify(result)}\n`);
  await print(
    `${result.read} read: ${result.accepted} accepted, ${result.duplicates} known already, ${result.quarantined} quarantined` +
      `${result.registered ? `; ${result.registered} fictional wearers registered` : ''}\n`,
  );
  for (const problem of result.problems) console.error(`line ${problem.line}: ${problem.message} ${problem.value}`);
  for (const { what, count } of result.notUnderstood) console.error(`not understood, ${count} times: ${what}`);
  if (result.read === 0) process.exitCode = 2;
  if (result.quarantined > 0) console.error('See why with: waymark quarantine');
});

interface CrimesResult {
  rows: number;
  accepted: number;
  refused: number;
  counts: { new: number; changed: number; unchanged: number };
  problems: { row: number; field: string; value: string; code: string; message: string; action: string; severity: string }[];
}

withData(
  imports
    .command('crimes')
    .argument('<file>', 'UK crime-matching batch, CSV with a header, or GeoJSON')
    .description('read crimes; bad rows are listed with what to mend')
    .option('--strict', 'refuse windows longer than 12 hours'),
).action(async (file: string, options) => {
  const result = await run<CrimesResult>('import-crimes', options, { file: resolvePath(file), strict: options.strict });
  if (options.json) await print(`${JSON.stringify(result)}\n`);
  else {
    await print(
      `${result.rows} rows: ${result.counts.new} new, ${result.counts.changed} changed, ${result.counts.unchanged} the same, ${result.refused} refused\n`,
    );
    for (const p of result.problems)
      console.error(`${p.row ? `row ${p.row}` : 'file'}, ${p.field} "${p.value}": ${p.message} ${p.action} [${p.code}]`);
  }
  if (result.accepted === 0 && result.problems.some((p) => p.severity === 'error')) process.exitCode = 2;
});

interface RecordsResult {
  again: boolean;
  counts: { rows: number; added: number; changed: number; unchanged: number; refused: number; facts: number };
  dropped: Record<string, number>;
  problems: { row: number; column: string; value: string; message: string; refused: boolean }[];
}

withData(
  imports
    .command('records')
    .argument('<file>', 'CSV, Excel, JSON, Common Transfer File or FHIR bundle')
    .description("read an agency's records under its agreement in force; bad rows are listed with what to mend")
    .requiredOption('--source <name>', 'the source on the register that the file comes from')
    .requiredOption('--mapping <file>', 'a mapping file (YAML), or the name of one that comes along')
    .option('--register', 'put a trial agreement for the source on the register, for fictional records'),
).action(async (file: string, options) => {
  const mapping = /[./]/.test(options.mapping) ? resolvePath(options.mapping) : options.mapping;
  const args = { file: resolvePath(file), source: options.source, mapping, register: options.register };
  const result = await run<RecordsResult>('import-records', options, args);
  if (options.json) return print(`${JSON.stringify(result)}\n`);
  const { counts, dropped, problems } = result;
  await print(
    `${result.again ? 'This very file had been read before. ' : ''}${counts.rows} rows: ${counts.added} new, ${counts.changed} changed, ${counts.unchanged} the same, ${counts.refused} refused; ${counts.facts} statements\n`,
  );
  for (const [field, count] of Object.entries(dropped))
    console.error(`${field}: ${count} values dropped, for the agreement does not allow them`);
  for (const { row, column, value, message } of problems) console.error(`${row ? `row ${row}` : 'file'}, ${column} "${value}": ${message}`);
  if (counts.added + counts.changed + counts.unchanged === 0) process.exitCode = 2;
});

interface LinkedPeople {
  records: number;
  persons: number;
  changed: number;
  review: number;
  doubts: string[];
  tookMs: number;
}

/** Without files: the records in the data folder. */
async function linkPeople(options: CommonOptions): Promise<void> {
  const result = await run<LinkedPeople | null>('link-people', options, {});
  if (options.json) return print(`${JSON.stringify(result)}\n`);
  if (!result) return print('Nothing has come in or changed since the last time.\n');
  await print(
    `${result.records} records are ${result.persons} people; ${result.changed} records have a new person; ${result.review} pairs wait for review. ${(result.tookMs / 1000).toFixed(1)} s\n`,
  );
  if (result.doubts.length > 0) console.error(`These records teach too little, and careful defaults are used: ${result.doubts.join('; ')}`);
}

withData(
  program
    .command('profile')
    .argument('<person>', 'number of the person', whole)
    .description("a person's needs and strengths, with what they rest on"),
).action(async (person: number, options) => {
  const view = await run<{
    name: string;
    age: number | null;
    profile: {
      reason?: string;
      score?: { low: number; high: number };
      band?: string | null;
      factors?: { name: string; applies: boolean; low: number; high: number }[];
    };
  }>('profile', options, { person });
  if (options.json) return print(`${JSON.stringify(view)}\n`);
  const { profile } = view;
  const range = ({ low, high }: { low: number; high: number }) => (low === high ? String(low) : `${low} to ${high}`);
  await print(`${view.name}, ${view.age === null ? 'age not known' : `${view.age} years old`}\n`);
  if (!profile.factors || !profile.score) return print(`No profile: ${profile.reason}\n`);
  await print(`support need ${range(profile.score)}${profile.band ? `, ${profile.band}` : ''}\n`);
  for (const factor of profile.factors) if (factor.applies) await print(`${range(factor).padStart(8)}  ${factor.name}\n`);
});

withData(
  program
    .command('retention')
    .description('remove what is past its date or was decided to be erased; says how many rows of what went')
    .option('--preview', 'say what would go, and remove nothing')
    .option('--agree', 'agree to a removal that is larger than usual; it takes another person too'),
).action(async (options) => {
  const args = { preview: options.preview === true, agree: options.agree === true };
  const result = await run<{
    support?: Record<string, number>;
    supervision?: Record<string, number>;
    wouldGo?: Record<string, number>;
    why?: string[];
    asked?: { why: string[]; wouldGo: Record<string, number>; agreed: { name: string }[] } | null;
  }>('retention', options, args);
  if (result.asked) process.exitCode = 5;
  if (options.json) return print(`${JSON.stringify(result)}\n`);
  const list = (tables: Record<string, number>) =>
    Object.entries(tables)
      .map(([table, count]) => `${table}\t${count}\n`)
      .join('');
  const planned = result.asked ?? (result.wouldGo ? { wouldGo: result.wouldGo, why: result.why ?? [], agreed: [] } : null);
  if (planned) {
    for (const why of planned.why) console.error(why);
    await print(list(planned.wouldGo) || 'Nothing is past its date.\n');
    if (result.asked)
      console.error(
        `Nothing was removed. Two people must agree, on the page Retention or with --agree; so far: ${planned.agreed.map(({ name }) => name).join(', ') || 'nobody'}.`,
      );
    return;
  }
  await print(list({ ...result.support, ...result.supervision }) || 'Nothing was past its date.\n');
});

interface Simulated {
  from: string;
  to: string;
  people: number;
  isSample: boolean;
  changed: { count: number; share: number };
  higher: number;
  lower: number;
  factors: { name: string; standing: string; higher: number; lower: number; wider: number; narrower: number }[];
}

withData(
  program
    .command('simulate')
    .argument('<file>', 'an instrument (YAML) with a change in it')
    .description('what another instrument would do to the people on record; nothing is stored'),
).action(async (file: string, options) => {
  const found = await run<Simulated>('simulate', options, { file: resolvePath(file) });
  if (options.json) return print(`${JSON.stringify(found)}\n`);
  await print(
    `from ${found.from} to ${found.to}: ${found.changed.count} of ${found.people} people${found.isSample ? ' in a sample' : ''} would have another level or score; ${found.higher} a higher sure score, ${found.lower} a lower one\n`,
  );
  for (const { name, standing, higher, lower, wider, narrower } of found.factors)
    await print(
      `${name}${standing === 'in both' ? '' : ` (${standing})`}: ${higher} higher, ${lower} lower, ${wider} less sure, ${narrower} surer\n`,
    );
});

withData(program.command('allocate').description('propose who is offered which free place of the services; people decide')).action(
  async (options) => {
    const result = await run<{
      placements: { person: number; service: number; needMet: number }[];
      candidates: number;
      needMet: number;
      firstCome: number;
      needRank: number;
      status: string;
    }>('allocate', options, {});
    if (options.json) return print(`${JSON.stringify(result)}\n`);
    await print(
      `${result.placements.length} places proposed to ${result.candidates} people: ${result.needMet} levels of need met (first come ${result.firstCome}, need rank ${result.needRank}); ${result.status}\n`,
    );
    for (const { person, service, needMet } of result.placements) await print(`person ${person}\tservice ${service}\t${needMet}\n`);
  },
);

program
  .command('link')
  .argument('[file...]', 'CSV or Parquet; several files are several sources. Without any: the records of the data folder')
  .option('--data <dir>', 'folder of the embedded stores, where no file is given')
  .description('find the records that are the same person')
  .option('--model <file>', 'a linkage model in JSON (default: guessed from the columns)')
  .option('--id <column>', 'the column with the id of each record (default: guessed, or numbered)')
  .option('--truth <column>', 'a column that tells the person of each record: not used for linking, and compared with the result')
  .option('--threshold <bits>', 'link from this match weight (default: what the model says, mostly 0: more likely than not)', decimal)
  .option('--out <file>', 'write the person of each record as CSV')
  .option('--save-model <file>', 'write the model with what was learnt')
  .option('--block-at-most <records>', 'records allowed in one block of a blocking rule', whole)
  .option('--json', 'print the result as JSON')
  .action(async (files: string[], options) => {
    if (files.length === 0) return linkPeople(options);
    const progress = new Progress();
    let step = '';
    const result = await linkFiles(
      {
        files: files.map(resolvePath),
        model: options.model ? resolvePath(options.model) : undefined,
        id: options.id,
        truth: options.truth,
        thresholdBits: options.threshold,
        out: options.out ? resolvePath(options.out) : undefined,
        saveModel: options.saveModel ? resolvePath(options.saveModel) : undefined,
        blockAtMost: options.blockAtMost,
      },
      (unit, done, all) => {
        if (unit !== step) progress.end();
        step = unit;
        progress.show({ kind: 'progress', done, all, unit });
      },
    ).finally(() => progress.end());
    if (options.json) return print(`${JSON.stringify(result)}\n`);
    if (result.columns) console.error(`columns: ${result.columns.map(({ column, kind }) => `${column} as ${kind}`).join(', ')}`);
    for (const warning of result.training?.warnings ?? []) console.error(warning);
    for (const cluster of result.clusters)
      await print(`${cluster.map(({ id, source }) => (source ? `${source}:${id}` : id)).join('\t')}\n`);
    console.error(
      `${result.records} records are ${result.persons} persons; ${result.clusters.length} have several records. ${result.review.length} pairs are for a person to decide.`,
    );
    const { pairs, best } = result;
    if (pairs && best) await print(`${JSON.stringify({ pairs, best, clusters: result.clustersAgainstTruth })}\n`);
  });

const verdicts = withData(
  program.command('verdicts').description('work out the verdicts that are due').option('--crime <reference>', 'print only this crime'),
).action(async (options) => {
  let first = true;
  if (options.json) await print('[');
  const result = await run<{ runId: number; crimes: number; verdicts: number; tookMs: number } | null>(
    'verdicts',
    options,
    { list: options.json === true, crime: options.crime },
    async (verdict) => {
      await print(`${first ? '' : ',\n'}${JSON.stringify(verdict)}`);
      first = false;
    },
  );
  if (options.json) await print(']\n');
  else if (result)
    await print(`run ${result.runId}: ${result.crimes} crimes, ${result.verdicts} verdicts in ${(result.tookMs / 1000).toFixed(1)} s\n`);
  else await print('Nothing is due.\n');
});
verdicts
  .command('rerun')
  .argument('<run>', 'number of a recorded run', whole)
  .description('work a run out again from what it read then, and compare byte for byte')
  .action(async (runId: number) => {
    const options = verdicts.opts();
    const result = await run<{ inputs: { same: boolean }; output: { same: boolean; recorded: string; now: string }; verdicts: number }>(
      'rerun',
      options,
      { run: runId },
    );
    const same = result.inputs.same && result.output.same;
    if (options.json) await print(`${JSON.stringify(result)}\n`);
    else
      await print(
        `${same ? 'The same' : 'DIFFERENT'}: ${result.verdicts} verdicts, ${result.output.recorded} then, ${result.output.now} now\n`,
      );
    if (!same) process.exitCode = 3;
  });

const evidence = program.command('evidence').description('evidence packs');
withData(
  evidence
    .command('rerun')
    .argument('<file>', 'an evidence pack as it was downloaded')
    .option('--key <file>', 'the public key of whoever sealed it, as they publish it; without it the data folder’s own')
    .description('work an evidence pack out again from what stands in it, compare byte for byte, and check its seal'),
).action(async (file: string, options) => {
  const key = options.key ? resolvePath(options.key) : undefined;
  const result = await run<PackCheck>('evidence-rerun', options, { file: resolvePath(file), key });
  if (options.json) await print(`${JSON.stringify(result)}\n`);
  else await print(packCheckInWords(result));
  // Whoever scripts this may tell apart: it does not hold, or it does and nobody here vouches for its key.
  if (result.findings !== 'the same' || result.seal !== 'whole') process.exitCode = 3;
  else if (!result.isVouchedFor) process.exitCode = 4;
});

withData(
  program
    .command('quarantine')
    .description('show fixes that are nobody’s, or release those whose reason no longer holds')
    .option('--reason <reason>', 'only this reason')
    .option('--tag <serial>', 'only this tag')
    .option('--limit <n>', 'how many to show', whole, 50)
    .option('--release', 'try them again'),
).action(async (options) => {
  const args = { reason: options.reason, tag: options.tag, limit: options.limit, release: options.release };
  const result = await run<{
    released?: number;
    kept?: number;
    reasons?: { reason: string; count: number }[];
    rows?: { tag: string; at: number; reason: string }[];
  }>('quarantine', options, args);
  if (options.json) return print(`${JSON.stringify(result)}\n`);
  if (result.released !== undefined) return print(`${result.released} released, ${result.kept} kept\n`);
  for (const { reason, count } of result.reasons ?? []) await print(`${String(count).padStart(8)}  ${reason}\n`);
  for (const { tag, at, reason } of result.rows ?? [])
    await print(`${tag || '(none)'}  ${at === null ? '-' : new Date(at).toISOString()}  ${reason}\n`);
  if ((result.reasons ?? []).length === 0) await print('The quarantine is empty.\n');
});

program
  .command('check')
  .description('try every system that the configuration names: database, identity provider, broker, mail server')
  .option('--json', 'print the result as JSON')
  .action(async (options) => {
    const found = await checkOutside(readConfig());
    if (options.json) await print(`${JSON.stringify(found)}\n`);
    else if (found.length === 0) await print('The configuration names no system outside: everything is embedded.\n');
    else
      for (const { system, wrong } of found)
        await print(`${wrong === null ? 'well ' : 'WRONG'}  ${system}${wrong === null ? '' : `: ${wrong}`}\n`);
    if (found.some(({ wrong }) => wrong !== null)) process.exitCode = 6;
  });

program
  .command('repair')
  .description('go on with what is left where the end of a store is lost for good; a start says when that is so')
  .option('--data <dir>', 'folder of the embedded stores (default: data, or WAYMARK_DATA)')
  .option('--yes', 'say that what is lost is lost')
  .action(async (options) => {
    if (!options.yes)
      throw new CommandError(
        'Restore a backup with both halves first, where there is one. If what is lost is lost for good, say so with --yes; it is put on record.',
      );
    await print(`${await repair(readConfig({ ...process.env, ...(options.data ? { WAYMARK_DATA: options.data } : {}) }))}\n`);
  });

const audit = program.command('audit').description('the record of who looked at what');
withData(
  audit.command('head').description('sign where the record ends now; keep what it prints elsewhere, on paper or with somebody else'),
).action(async (options) => print(`${JSON.stringify(await run('audit-head', options, {}))}\n`));
withData(
  audit
    .command('verify')
    .description('check that no entry was changed or removed')
    .option('--head <file>', 'ends that were signed earlier and kept elsewhere, one to a line'),
).action(async (options) => {
  const head = options.head ? resolvePath(options.head) : undefined;
  const result = await run<{ entries: number; problems: { seq: number; what: string }[] }>('audit-verify', options, { head });
  if (options.json) await print(`${JSON.stringify(result)}\n`);
  else if (result.problems.length === 0) await print(`The record is whole: ${result.entries} entries.\n`);
  else for (const { seq, what } of result.problems) await print(`entry ${seq}: ${what}\n`);
  if (result.problems.length > 0) process.exitCode = 4;
});

const credential = program.command('credential').description('make secrets for tags, gateways and programs; each is shown once');
for (const [kind, what] of [
  ['tag', 'serial number of the tag'],
  ['gateway', 'name of the gateway'],
  ['token', 'name of the program'],
] as const) {
  const command = withData(
    credential
      .command(kind)
      .argument('<name>', what)
      .description(`make a secret for a ${kind === 'token' ? 'program' : kind}`),
  );
  if (kind === 'token') command.requiredOption('--role <role>', roles.join(', '));
  command.action(async (name: string, options) => {
    const result = await run<{ secret?: string; token?: string }>('credential', options, { kind, name, role: options.role });
    await print(options.json ? `${JSON.stringify(result)}\n` : `${result.secret ?? result.token}\n`);
  });
}

program
  .command('town')
  .description('write a fictional town with ground truth, of any size')
  .option('--wearers <n>', 'how many wearers', whole, 60)
  .option('--days <n>', 'how many days', whole, 14)
  .option('--crimes <n>', 'how many crimes', whole, 60)
  .option('--seed <n>', 'the same seed gives the same town', whole, 7)
  .requiredOption('--out <dir>', 'folder to write to')
  .option('--json', 'print the result as JSON')
  .action(async (options) => {
    const town = new Town({ wearers: options.wearers, days: options.days, crimes: options.crimes, seed: options.seed });
    const progress = new Progress();
    const result = await writeTown(town, options.out, (done) =>
      progress.show({ kind: 'progress', done, all: options.wearers, unit: 'wearers' }),
    );
    progress.end();
    await print(
      options.json
        ? `${JSON.stringify(result)}\n`
        : `${result.fixes} fixes and ${result.crimes} crimes in ${options.out}: ${result.files.join(', ')}\n`,
    );
  });

program
  .command('people')
  .description('write made-up people as agencies hold them, with errors and the truth, as CSV')
  .option('--people <n>', 'about how many people; records are some two and a half times as many', whole, 1000)
  .option('--errors <factor>', 'multiplies every rate of error', decimal, 1)
  .option('--seed <n>', 'the same seed gives the same people', whole, 1)
  .requiredOption('--out <file>', 'file to write')
  .action(async (options) => {
    const records = await writePeople(resolvePath(options.out), options);
    await print(`${records} records of ${options.people} people in ${options.out}\n`);
  });

program
  .command('agencies')
  .description("write the files of a fictional town's five agencies, each in its own format, with the truth")
  .option('--people <n>', 'how many people live in the town', whole, 1000)
  .option('--errors <factor>', 'multiplies every rate of error', decimal, 1)
  .option('--seed <n>', 'the same seed gives the same files', whole, 1)
  .requiredOption('--out <dir>', 'folder to write to')
  .option('--json', 'print the result as JSON')
  .action(async (options) => {
    const { people, errors, seed } = options;
    const today = new Date().toISOString().slice(0, 10);
    const { files, records } = await writeAgencies(resolvePath(options.out), { people, errors, seed, today });
    if (options.json) return print(`${JSON.stringify({ files, records })}\n`);
    for (const { file, agency, mapping, records: rows } of files) await print(`${file}\t${agency}\tmapping ${mapping}\t${rows} records\n`);
  });

program
  .command('serve')
  .description('serve pages, API and ingest')
  .option('--data <dir>', 'folder of the embedded stores')
  .option('--port <n>', 'port to listen on', whole)
  .option('--host <address>', 'address to listen on (default 127.0.0.1)')
  .action(async (options) => {
    if (options.data) process.env.WAYMARK_DATA = options.data;
    if (options.port !== undefined) process.env.WAYMARK_PORT = String(options.port);
    if (options.host) process.env.WAYMARK_HOST = options.host;
    await import('./main.ts');
  });

/** npx runs in the folder of the package when called from a workspace; paths are meant from where the person is. */
function resolvePath(path: string): string {
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`;
}

/** Errors that say what is wrong and what to do: their words are enough. */
const expected = new Set([
  'InvalidError',
  'NotFoundError',
  'RefusedError',
  'UnsafeLoginError',
  'InputFileError',
  'LargeBlockError',
  'ModelError',
  'RecordIdError',
  'InstallationError',
  'MigrationError',
  'EngineDamagedError',
]);

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe went away: nothing more is wanted.
  if (error.code === 'EPIPE') process.exit(0);
});
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommandError || error instanceof ConfigError || (error instanceof Error && expected.has(error.name))) {
    console.error(error.message);
  } else console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exit(1);
}
