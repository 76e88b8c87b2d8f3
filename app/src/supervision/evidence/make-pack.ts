import type { PresenceParameters } from '@waymark/presence';
import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import type { Tx } from '../../platform/database.ts';
import { type CrimePage, type CrimeVerdict, caveats, crimeOf, type ReadCrimeServices, refuseMadeUp } from '../review/index.ts';
import { noteSubject } from '../subjects/index.ts';
import { fixesAround, nearestBeyond, type PackInputs, readRun, reckoningFingerprint, workOut } from '../verdicts/index.ts';
import { type EvidenceContent, packFormat } from './pack-content.ts';
import { renderPack } from './render-pack.ts';
import type { Sealer } from './seal.ts';

/** Hours beside the window whose fixes a pack may hold: the fewest that bear the verdict out. */
const margins = [1, 2, 6, 24, 72];
/** Chances worked out from the pack's fixes and from the whole track may differ by so much: how they are rounded when stored. */
const slack = 0.001;
const hourMs = 3_600_000;

/** What packs are put together from, and sealed with. */
export type PackServices = ReadCrimeServices & { sealer: Sealer };

/**
 * Puts together what bears out one reviewed verdict on one wearer: the fixes around the window, what follows from them, who
 * reviewed it and why. Nobody else is in it, and no more of the wearer's days than the verdict needs.
 */
export const makeEvidencePack: Action<PackServices, { crimeId: number; wearingId: number }, { id: number }> = {
  name: 'evidence.make',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { crimeId, wearingId }) {
    const { tx, actor, note } = context;
    note({ kind: 'crime', id: crimeId }, { wearing: wearingId });
    await noteSubject(context, { wearing: wearingId });
    const page = await crimeOf(context, services, crimeId);
    const verdict = page.verdicts.find(({ wearing }) => wearing === wearingId);
    if (!verdict) throw new NotFoundError('There is no verdict on this wearer for this crime.');
    if (!verdict.review.cleared)
      throw new InvalidError('This verdict has not been reviewed and agreed. Nothing leaves before that.', 'pack');
    refuseMadeUp(page);
    const content = await contentOf(context, services, page, verdict);
    const text = canonicalJson(content);
    // The page is written now and kept: whoever gets it later gets the same one. It is written from what is in the file.
    const written = renderPack(JSON.parse(text) as EvidenceContent);
    const seal = services.sealer.seal(text, written);
    const sha256 = seal.content;
    const { id } = await tx
      .insertInto('supervision.evidence_packs')
      .values({
        crime_version_id: page.crime.id,
        wearing_id: wearingId,
        content: text,
        sha256,
        page: written,
        seal: canonicalJson(seal),
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
    format: packFormat,
    caveats: [...caveats],
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
  about: Pick<PackInputs, 'crime' | 'wearing'>,
  receiptUpto: number,
  parameters: PresenceParameters,
  verdict: CrimeVerdict,
): Promise<PackInputs> {
  const [from, to] = [Date.parse(about.crime.from), Date.parse(about.crime.to)];
  const { clockS } = about.wearing;
  const worn = { from: about.wearing.from, to: about.wearing.to, ...(clockS ? { clockS } : {}) };
  const marginHours = margins.at(-1) as number;
  const all = await fixesAround(services.fixes, verdict.wearing, { from, to, marginHours }, receiptUpto);
  const { first, last } = await nearestBeyond(services.fixes, verdict.wearing, { from, to, marginHours }, receiptUpto);
  for (const marginHours of margins) {
    const [begin, end] = [from - marginHours * hourMs, to + marginHours * hourMs];
    // Where a gap begins and ends is part of what is told of it, even if that is days away.
    const nearest = [all.findLast(([at]) => at < begin) ?? first, all.find(([at]) => at > end) ?? last];
    const inputs: PackInputs = {
      crime: about.crime,
      wearing: worn,
      fixes: [nearest[0], ...all.filter(([at]) => at >= begin && at <= end), nearest[1]].filter((fix) => fix !== undefined),
      marginHours,
    };
    if (bearsOut(inputs, parameters, verdict)) return inputs;
  }
  throw new InvalidError(
    'The verdict does not follow from the fixes of three days on either side of the window. Have the verdicts worked out anew, and review it again.',
    'pack',
  );
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
    alike(found.coverage, verdict.coverage) &&
    // What was reviewed is what is told, word by word.
    found.reasons.join('\n') === verdict.reasons.join('\n')
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
