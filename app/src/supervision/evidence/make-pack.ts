import { createHash } from 'node:crypto';
import type { PresenceParameters } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fix-store.ts';
import { type CrimePage, type CrimeVerdict, type ReadCrimeServices, readCrime } from '../review/read-crime.ts';
import { readRun } from '../verdicts/read-verdicts.ts';
import type { EvidenceContent, PackedFix, PackInputs } from './pack-content.ts';
import { reckoningFingerprint, workOut } from './work-out.ts';

/** Hours beside the window whose fixes a pack may hold: the fewest that bear the verdict out. */
const margins = [1, 2, 6, 24, 72];
/** Chances worked out from the pack's fixes and from the whole track may differ by so much. */
const slack = 0.01;
const hourMs = 3_600_000;

/**
 * Puts together what bears out one reviewed verdict on one wearer: the fixes around the window, what follows from them, who
 * reviewed it and why. Nobody else is in it, and no more of the wearer's days than the verdict needs.
 */
export const makeEvidencePack: Action<ReadCrimeServices, { crimeId: number; wearingId: number }, { id: number }> = {
  name: 'evidence.make',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { crimeId, wearingId }) {
    const { tx, actor, note } = context;
    note({ kind: 'crime', id: crimeId }, { wearing: wearingId });
    const page = await readCrime.run(context, services, { id: crimeId });
    const verdict = page.verdicts.find(({ wearing }) => wearing === wearingId);
    if (!verdict) throw new NotFoundError('There is no verdict on this wearer for this crime.');
    if (!verdict.review.cleared)
      throw new InvalidError('This verdict has not been reviewed and agreed. Nothing leaves before that.', 'pack');
    const content = await contentOf(context, services, page, verdict);
    const text = canonicalJson(content);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const { id } = await tx
      .insertInto('supervision.evidence_packs')
      .values({
        crime_version_id: page.crime.id,
        wearing_id: wearingId,
        content: text,
        sha256,
        made_by: actor.id,
        made_by_name: actor.name,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    note({ kind: 'crime', id: crimeId }, { wearing: wearingId, evidence: id, sha256 });
    return { id };
  },
};

type Context = Parameters<typeof makeEvidencePack.run>[0];

async function contentOf(context: Context, services: ReadCrimeServices, page: CrimePage, verdict: CrimeVerdict): Promise<EvidenceContent> {
  const { tx, actor } = context;
  const { crime } = page;
  const { run } = await readRun.run(context, null, { id: page.run ?? 0 });
  const parameters = run.parameters as PresenceParameters;
  const worn = run.wearings.find(({ id }) => id === verdict.wearing);
  const order = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
    .select(['o.kind', 'o.authority'])
    .where('w.id', '=', verdict.wearing)
    .executeTakeFirst();
  if (!worn || !order) throw new NotFoundError('There is no such wearing.');
  const about = { crime: { from: crime.from_at.toISOString(), to: crime.to_at.toISOString(), place: crime.place }, wearing: worn };
  const inputs = await inputsThatBearOut(services, about, run.receipt_upto, parameters, verdict);
  context.note({ kind: 'crime', id: crime.crime_id }, { wearing: verdict.wearing });
  return {
    format: 'waymark-evidence-1',
    made: { by: actor.name, at: new Date().toISOString() },
    timeZone: services.timeZone,
    crime: { force: crime.force, reference: crime.reference, version: crime.version, type: page.typeName },
    wearer: { name: verdict.name, reference: verdict.subject, tag: verdict.tag },
    order,
    inputs,
    findings: workOut(inputs, parameters),
    run: {
      id: run.id,
      at: run.at.toISOString(),
      by: run.by_name,
      model: run.model_version,
      code: run.code_version,
      parameters,
      inputsHash: run.inputs_hash,
      outputHash: run.output_hash,
      probability: verdict.probability,
      habit: verdict.habit,
      coincidence: page.coincidence,
    },
    reviews: verdict.review.visible.map(({ reviewer_name, at, decision, reason }) => ({
      by: reviewer_name,
      at: at.toISOString(),
      decision,
      reason,
    })),
    reckoning: reckoningFingerprint(),
    audit: await auditOf(tx, crime.crime_id, run.id, verdict.wearing),
  };
}

/**
 * The fixes of the fewest hours around the window from which alone the recorded verdict follows.
 * @throws InvalidError when it does not follow from three days on either side
 */
async function inputsThatBearOut(
  services: ReadCrimeServices,
  about: Pick<PackInputs, 'crime'> & { wearing: { from: string; to: string | null } },
  receiptUpto: number,
  parameters: PresenceParameters,
  verdict: CrimeVerdict,
): Promise<PackInputs> {
  const [from, to] = [Date.parse(about.crime.from), Date.parse(about.crime.to)];
  const all = await fixesAround(services.fixes, verdict.wearing, { from, to, marginHours: margins.at(-1) as number }, receiptUpto);
  for (const marginHours of margins) {
    const inputs: PackInputs = {
      crime: about.crime,
      wearing: { from: about.wearing.from, to: about.wearing.to },
      fixes: all.filter(([at]) => at >= from - marginHours * hourMs && at <= to + marginHours * hourMs),
      marginHours,
    };
    if (bearsOut(inputs, parameters, verdict)) return inputs;
  }
  throw new InvalidError(
    'The verdict does not follow from the fixes of three days on either side of the window. Have the verdicts worked out anew, and review it again.',
    'pack',
  );
}

/** One wearer's fixes of some hours around a window. */
export async function fixesAround(
  fixes: FixStore,
  wearing: number,
  { from, to, marginHours }: { from: number; to: number; marginHours: number },
  receiptUpto?: number,
): Promise<PackedFix[]> {
  const { count, columns } = await fixes.track(wearing, from - marginHours * hourMs, to + marginHours * hourMs, receiptUpto);
  return Array.from({ length: count }, (_, i): PackedFix => {
    const accuracyM = columns.accuracyM[i] as number;
    return [
      columns.at[i] as number,
      columns.receivedAt[i] as number,
      columns.lon[i] as number,
      columns.lat[i] as number,
      Number.isNaN(accuracyM) ? null : accuracyM,
    ];
  });
}

function bearsOut(inputs: PackInputs, parameters: PresenceParameters, verdict: CrimeVerdict): boolean {
  const found = workOut(inputs, parameters);
  const alike = (a: number | null, b: number | null) => (a === null || b === null ? a === b : Math.abs(a - b) <= slack);
  return (
    found.verdict === verdict.verdict &&
    found.strength === verdict.strength &&
    found.fixes === verdict.fixes &&
    alike(found.probability.window, verdict.probability.window) &&
    alike(found.probability.moment, verdict.probability.moment) &&
    found.reasons.length === verdict.reasons.length
  );
}

/** What happened with this crime, this wearer and this run, as the audit has it: the database shows these entries and no others. */
async function auditOf(tx: Tx, crime: number, run: number, wearing: number): Promise<EvidenceContent['audit']> {
  const { rows } = await sql<Omit<EvidenceContent['audit'][number], 'at'> & { at: Date }>`
    SELECT seq::int AS seq, at, actor_name AS name, role, action, outcome, hash FROM oversight.audit_entries
      WHERE (about_kind = 'crime' AND about_id = ${String(crime)} AND coalesce(detail ->> 'wearing', ${String(wearing)}) = ${String(wearing)})
        OR (about_kind = 'run' AND about_id = ${String(run)} AND action = 'verdict.compute') ORDER BY seq`.execute(tx);
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

export interface EvidencePack {
  id: number;
  content: EvidenceContent;
  sha256: string;
  /** Where the pack's page belongs. */
  crimeId: number;
  wearing: number;
  /** Is it still, byte for byte, what was put together? */
  isIntact: boolean;
}

async function packOf(tx: Tx, id: number): Promise<EvidencePack> {
  const row = await tx
    .selectFrom('supervision.evidence_packs as p')
    .innerJoin('supervision.crime_versions as v', 'v.id', 'p.crime_version_id')
    .select(['p.id', 'p.content', 'p.sha256', 'p.wearing_id', 'v.crime_id'])
    .where('p.id', '=', id)
    .executeTakeFirst();
  if (!row) throw new NotFoundError('There is no such evidence pack.');
  const isIntact = createHash('sha256').update(row.content).digest('hex') === row.sha256;
  const content = JSON.parse(row.content) as EvidenceContent;
  return { id, content, sha256: row.sha256, crimeId: row.crime_id, wearing: row.wearing_id, isIntact };
}

export const readEvidencePack: Action<null, { id: number }, EvidencePack> = {
  name: 'evidence.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { id }) {
    note({ kind: 'evidence', id });
    const pack = await packOf(tx, id);
    note({ kind: 'crime', id: pack.crimeId }, { wearing: pack.wearing, evidence: id });
    return pack;
  },
};

/** The pack as it leaves, with whatever format it leaves in on record. */
export const exportEvidencePack: Action<null, { id: number; format: string }, EvidencePack> = {
  name: 'evidence.export',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { id, format }) {
    note({ kind: 'evidence', id });
    const pack = await packOf(tx, id);
    note({ kind: 'crime', id: pack.crimeId }, { wearing: pack.wearing, evidence: id, format, sha256: pack.sha256 });
    if (!pack.isIntact) throw new InvalidError('What is stored is not what was put together. It cannot leave. Tell the administrator.');
    return pack;
  },
};

/** Was a pack of this fingerprint put together here? */
export const knowsEvidencePack: Action<null, { sha256: string }, { isKnown: boolean }> = {
  name: 'evidence.check',
  room: 'supervision',
  purpose: 'crime-matching',
  async run({ tx, note }, _services, { sha256 }) {
    const row = await tx.selectFrom('supervision.evidence_packs').select('id').where('sha256', '=', sha256).executeTakeFirst();
    note(row ? { kind: 'evidence', id: row.id } : null, { sha256 });
    return { isKnown: row !== undefined };
  },
};
