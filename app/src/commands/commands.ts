import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, resolve } from 'node:path';
import { defaultParameters } from '@waymark/presence';
import { askForAuditCheck } from '../oversight/index.ts';
import { agreeToRetention, noteRetentionPreview, previewRetention, runRetention } from '../oversight/retention/index.ts';
import type { Actor, Purpose } from '../platform/access.ts';
import { InvalidError } from '../platform/action.ts';
import { issueApiToken } from '../platform/api-tokens.ts';
import { verifyAudit } from '../platform/audit.ts';
import { keepHead, keptHeads, readHeads } from '../platform/audit-head.ts';
import {
  computeDueVerdicts,
  declareGateway,
  importCrimes,
  importFixes,
  issueTagCredential,
  knowsEvidencePack,
  listQuarantineAtConsole,
  readRun,
  releaseQuarantineAtConsole,
  repeatRun,
  Sealer,
  selectVerdicts,
  streamVerdicts,
} from '../supervision/index.ts';
import {
  areProfilesOld,
  computeProfiles,
  declareAgreement,
  importRecords,
  isLinkingDue,
  linkRecords,
  listSources,
  mappingNames,
  mappingOfName,
  proposeAllocation,
  readMapping,
  readPerson,
  sharedFields,
  simulateInstrument,
  todayOf,
} from '../support/index.ts';
import type { Waymark } from '../waymark.ts';
import { checkPack, type PackCheck } from './check-pack.ts';

/** What a command says while it runs. `item` is one element of a printed array. */
export type Message =
  | { kind: 'progress'; done: number; all: number; unit: string }
  | { kind: 'item'; value: unknown }
  | { kind: 'result'; value: unknown }
  | { kind: 'failed'; message: string };

export type Emit = (message: Message) => void | Promise<void>;
export type Arguments = Record<string, unknown>;

/** Something that the command line can ask for, in its own process or in the server that holds the data folder. */
export type Command = (waymark: Waymark, args: Arguments, emit: Emit) => Promise<void>;

/** The person at the machine's own console. */
export function consoleActor(purpose: Purpose): Actor {
  let name = 'console';
  try {
    name = userInfo().username;
  } catch {
    // A user without an entry in the password file has no name.
  }
  return { id: `console:${name}`, name: `${name} at the console`, role: 'operator', purpose };
}

/** At most some ten messages a second, and the last one. */
function progress(emit: Emit, unit: string): (done: number, all: number) => void {
  let last = 0;
  return (done, all) => {
    const now = Date.now();
    if (now - last < 100 && done < all) return;
    last = now;
    void emit({ kind: 'progress', done, all, unit });
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function existing(path: unknown): string {
  const file = resolve(String(path));
  try {
    if (statSync(file).isFile()) return file;
  } catch {
    throw new InvalidError(`There is no file ${file}.`, 'file');
  }
  throw new InvalidError(`${file} is not a file.`, 'file');
}

const importFixesCommand: Command = async (waymark, args, emit) => {
  // Wearers whom nobody declared are made up: so is everybody in a folder that begins with them.
  if (args.register === true && waymark.fixes.lastReceipt === 0) waymark.folder.markTrial();
  const result = await importFixes(
    waymark.performer,
    waymark.intake,
    consoleActor('ingest'),
    {
      path: existing(args.file),
      columns: text(args.columns),
      timeZone: text(args.timezone),
      tag: text(args.tag),
      register: args.register === true,
    },
    progress(emit, 'bytes'),
  );
  await emit({ kind: 'result', value: result });
};

const importCrimesCommand: Command = async (waymark, args, emit) => {
  const file = existing(args.file);
  const result = await importCrimes(waymark.performer, consoleActor('crime-matching'), waymark, {
    fileName: basename(file),
    bytes: readFileSync(file),
    strict: args.strict === true,
  });
  await emit({ kind: 'result', value: result });
};

const verdictsCommand: Command = async (waymark, args, emit) => {
  const actor = consoleActor('crime-matching');
  const services = { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: waymark.timeZone };
  const run = await computeDueVerdicts(waymark.performer, services, actor, { onProgress: progress(emit, 'crimes') });
  if (args.list === true) {
    const selection = await waymark.performer.perform(actor, selectVerdicts, services, { reference: text(args.crime) });
    for await (const batch of streamVerdicts(services, selection, defaultParameters.radiusM)) {
      for (const verdict of batch) await emit({ kind: 'item', value: verdict });
    }
  }
  await emit({ kind: 'result', value: run });
};

const rerunCommand: Command = async (waymark, args, emit) => {
  const services = { fixes: waymark.fixes, verdicts: waymark.verdicts, timeZone: waymark.timeZone };
  const recorded = await waymark.performer.perform(consoleActor('crime-matching'), readRun, null, { id: Number(args.run) || 0 });
  await emit({ kind: 'result', value: await repeatRun(services, recorded, progress(emit, 'crimes')) });
};

/** Works an evidence pack out again from the file, and looks whether it was put together here. */
const evidenceRerunCommand: Command = async (waymark, args, emit) => {
  const key = text(args.key) ? existing(args.key) : null;
  const checked = checkPack(existing(args.file), Sealer.keyOf(waymark.folder), key);
  const known = await waymark.performer.perform(consoleActor('crime-matching'), knowsEvidencePack, null, { sha256: checked.sha256 });
  await emit({ kind: 'result', value: { ...checked, ...known } satisfies PackCheck });
};

const quarantineCommand: Command = async (waymark, args, emit) => {
  const actor = consoleActor('ingest');
  const filter = { reason: text(args.reason), tag: text(args.tag) };
  if (args.release === true) {
    const result = await waymark.performer.perform(
      actor,
      releaseQuarantineAtConsole,
      { fixes: waymark.fixes, intake: waymark.intake },
      filter,
    );
    return emit({ kind: 'result', value: result });
  }
  const limit = Math.max(1, Math.min(100_000, Number(args.limit) || 50));
  await emit({
    kind: 'result',
    value: await waymark.performer.perform(actor, listQuarantineAtConsole, { fixes: waymark.fixes }, { ...filter, limit, offset: 0 }),
  });
};

const auditVerifyCommand: Command = async (waymark, args, emit) => {
  await waymark.performer.perform(consoleActor('oversight'), askForAuditCheck, null, null);
  const given = text(args.head) ? headsIn(existing(args.head)) : [];
  await emit({ kind: 'result', value: await verifyAudit(waymark.database.db, [...keptHeads(waymark.folder), ...given]) });
};

function headsIn(file: string) {
  try {
    return readHeads(readFileSync(file, 'utf8'));
  } catch {
    throw new InvalidError(`${file} holds no signed end. It is what “waymark audit head” printed, one to a line.`, 'head');
  }
}

/** Signs where the record ends now, for whoever keeps it elsewhere. */
const auditHeadCommand: Command = async (waymark, _args, emit) => {
  await waymark.performer.perform(consoleActor('oversight'), askForAuditCheck, null, null);
  await emit({ kind: 'result', value: await keepHead(waymark.database.db, waymark.folder) });
};

const credentialCommand: Command = async (waymark, args, emit) => {
  const actor = consoleActor('administration');
  const { performer } = waymark;
  const value =
    args.kind === 'gateway'
      ? await performer.perform(actor, declareGateway, null, { name: String(args.name) })
      : args.kind === 'tag'
        ? await performer.perform(actor, issueTagCredential, null, { serial: String(args.name) })
        : await performer.perform(actor, issueApiToken, null, { name: String(args.name), role: String(args.role ?? '') });
  await waymark.intake.reload();
  await emit({ kind: 'result', value });
};

/** A mapping by the name of one that comes along, or from a file. */
function mappingFrom(given: unknown) {
  const name = text(given);
  if (!name) throw new InvalidError(`Name the mapping: a file, or one of ${mappingNames().join(', ')}.`, 'mapping');
  return mappingOfName(name) ?? readMapping(readFileSync(existing(name), 'utf8'));
}

const importRecordsCommand: Command = async (waymark, args, emit) => {
  const actor = consoleActor('record-linkage');
  const source = text(args.source);
  if (!source) throw new InvalidError('Name the source that the file comes from.', 'source');
  const mapping = mappingFrom(args.mapping);
  const path = existing(args.file);
  if (args.register === true) {
    const today = todayOf(waymark);
    const known = await waymark.performer.perform(actor, listSources, null, { today });
    if (known.length === 0 && waymark.fixes.lastReceipt === 0) waymark.folder.markTrial();
    if (known.some(({ name }) => name === source))
      throw new InvalidError(
        `The source "${source}" is on the register already. Leave --register out: its own agreement counts.`,
        'source',
      );
    const day = (years: number) => `${Number(today.slice(0, 4)) + years}${today.slice(4)}`.replace('-02-29', '-02-28');
    await waymark.performer.perform(actor, declareAgreement, null, {
      source,
      agency: source,
      title: 'Trial with fictional records',
      purpose: 'To try things out with fictional people',
      lawfulBasis: 'consent',
      fields: [...sharedFields],
      startsOn: day(0),
      endsOn: day(1),
      retentionMonths: 12,
      today,
    });
  }
  const tell = progress(emit, 'rows');
  const result = await importRecords(waymark.performer, actor, { path, source, mapping, timeZone: waymark.timeZone }, (rows) =>
    tell(rows, 0),
  );
  await emit({ kind: 'result', value: result });
};

const linkPeopleCommand: Command = async (waymark, _args, emit) => {
  const { performer, database } = waymark;
  const linked = (await isLinkingDue(database.db))
    ? await linkRecords(
        performer,
        consoleActor('record-linkage'),
        (step, done, all) => void emit({ kind: 'progress', done, all, unit: step }),
      )
    : null;
  const profiled =
    linked || (await areProfilesOld(database.db, waymark)) ? await computeProfiles(performer, consoleActor('support'), waymark) : 0;
  await emit({ kind: 'result', value: linked && { ...linked, profiled } });
};

const profileCommand: Command = async (waymark, args, emit) => {
  const today = todayOf(waymark);
  const person = await waymark.performer.perform(consoleActor('support'), readPerson, null, { id: Number(args.person) || 0, today });
  await emit({ kind: 'result', value: person });
};

/** What another instrument would do to the people on record. */
const simulateCommand: Command = async (waymark, args, emit) => {
  const draft = readFileSync(existing(args.file), 'utf8');
  const value = await simulateInstrument(waymark.performer, consoleActor('support'), draft, waymark, progress(emit, 'people'));
  await emit({ kind: 'result', value });
};

/** Removes what is past its date or was decided to be erased, now. */
const retentionCommand: Command = async (waymark, args, emit) => {
  if (args.preview === true) {
    const preview = await previewRetention(waymark);
    await waymark.performer.perform(consoleActor('retention'), noteRetentionPreview, null, preview);
    return emit({ kind: 'result', value: preview });
  }
  const { id } = consoleActor('retention');
  let run = await runRetention(waymark, 'operator', id);
  if (run.asked && args.agree === true) {
    await waymark.performer.perform(consoleActor('oversight'), agreeToRetention, null, { id: run.asked.id });
    run = await runRetention(waymark, 'operator', id);
  }
  await emit({ kind: 'result', value: run });
};

const allocateCommand: Command = async (waymark, _args, emit) => {
  await emit({ kind: 'result', value: await proposeAllocation(waymark.performer, consoleActor('support'), waymark) });
};

export const commands: Record<string, Command> = {
  allocate: allocateCommand,
  'import-records': importRecordsCommand,
  'link-people': linkPeopleCommand,
  profile: profileCommand,
  simulate: simulateCommand,
  retention: retentionCommand,
  'import-fixes': importFixesCommand,
  'import-crimes': importCrimesCommand,
  verdicts: verdictsCommand,
  rerun: rerunCommand,
  'evidence-rerun': evidenceRerunCommand,
  quarantine: quarantineCommand,
  'audit-head': auditHeadCommand,
  'audit-verify': auditVerifyCommand,
  credential: credentialCommand,
};
