import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { readCrime } from '../review/index.ts';
import { noteSubject } from '../subjects/index.ts';
import type { PackServices } from './make-pack.ts';
import type { EvidenceContent } from './pack-content.ts';
import { readPackFile, sealedData, sealedPage } from './pack-file.ts';
import { isSealTrue, type Seal, type Sealer, sha256Of } from './seal.ts';

type Context = Parameters<typeof readEvidencePack.run>[0];

export interface EvidencePack {
  id: number;
  content: EvidenceContent;
  sha256: string;
  /** Where the pack's page belongs. */
  crimeId: number;
  wearing: number;
  /** Why it may not leave, or null where nothing stands against it. */
  objection: string | null;
}

export interface LeavingPack extends EvidencePack {
  /** The file, as it leaves. */
  file: string;
}

async function packOf(context: Context, services: PackServices, id: number): Promise<LeavingPack> {
  const row = await context.tx
    .selectFrom('supervision.evidence_packs as p')
    .innerJoin('supervision.crime_versions as v', 'v.id', 'p.crime_version_id')
    .select(['p.id', 'p.content', 'p.sha256', 'p.page', 'p.seal', 'p.wearing_id', 'p.crime_version_id', 'v.crime_id'])
    .where('p.id', '=', id)
    .executeTakeFirst();
  if (!row) throw new NotFoundError('There is no such evidence pack.');
  await noteSubject(context, { wearing: row.wearing_id });
  const content = JSON.parse(row.content) as EvidenceContent;
  const pack = { id, content, sha256: row.sha256, crimeId: row.crime_id, wearing: row.wearing_id };
  const standing = { ...pack, crimeVersion: row.crime_version_id };
  const objection = objectionToSeal(services.sealer, row) ?? (await objectionToVerdict(context, services, standing));
  return { ...pack, objection, file: row.seal === '' ? '' : sealedPage(row.page, JSON.parse(row.seal) as Seal) };
}

/** Is what is stored what was put together here? The key is not in the database, so that nobody can change both. */
function objectionToSeal(sealer: Sealer, { content, page, seal }: { content: string; page: string; seal: string }): string | null {
  if (seal === '') return 'It was put together by an earlier version and has no seal. Put a new pack together.';
  const own = JSON.parse(seal) as Seal;
  if (own.key !== sealer.key) return 'It was sealed with a key that is not the one of this data folder. Put a new pack together.';
  return isSealTrue(own) && own.content === sha256Of(content) && own.page === sha256Of(page)
    ? null
    : 'What is stored is not what was put together. Tell the administrator.';
}

/** Does the verdict still stand as it was reviewed? What was cleared once may be disputed, or be out of date, later. */
async function objectionToVerdict(
  { tx, actor, access }: Context,
  services: PackServices,
  { content, crimeId, crimeVersion, wearing }: Omit<EvidencePack, 'objection'> & { crimeVersion: number },
): Promise<string | null> {
  const page = await readCrime.run({ tx, actor, access, note: () => undefined, tell: () => undefined }, services, { id: crimeId });
  if (page.crime.id !== crimeVersion)
    return 'The crime has been recorded anew since. Review the verdict on its new version, and put a new pack together.';
  const now = page.verdicts.find((verdict) => verdict.wearing === wearing);
  if (now?.verdict !== content.findings.verdict || now.strength !== content.findings.strength)
    return 'The verdict has changed since. Review the new one, and put a new pack together.';
  const reviews = await tx
    .selectFrom('supervision.reviews')
    .select(['reviewer', 'decision', 'run_id'])
    .where('crime_version_id', '=', crimeVersion)
    .where('wearing_id', '=', wearing)
    .where('run_id', '>=', content.run.id)
    .where('taken_back_at', 'is', null)
    .execute();
  if (reviews.some(({ decision }) => decision !== 'agree')) return 'A reviewer has decided against the verdict since.';
  const reviewers = new Set(reviews.filter(({ run_id }) => run_id === content.run.id).map(({ reviewer }) => reviewer));
  return reviewers.size < (services.secondReview ? 2 : 1) ? 'A second person has to review the verdict now.' : null;
}

export const readEvidencePack: Action<PackServices, { id: number }, EvidencePack> = {
  name: 'evidence.read',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id }) {
    context.note({ kind: 'evidence', id });
    const { file: _file, ...pack } = await packOf(context, services, id);
    context.note({ kind: 'crime', id: pack.crimeId }, { wearing: pack.wearing, evidence: id });
    return pack;
  },
};

/** As a page to print, as data, as data that is signed by a standard, or as a witness statement with the page as its exhibit. */
export type PackFormat = 'html' | 'json' | 'jws' | 'docx';

/** What its files are called, without what comes after the dot. */
export const fileNameOf = ({ crime, wearer }: EvidenceContent): string =>
  `evidence-${crime.force}-${crime.reference}-${wearer.reference}`.replace(/[^\w-]+/g, '-');

/**
 * The pack as it leaves, with whatever format it leaves in on record.
 * @throws InvalidError when the verdict does not stand as it was reviewed, or the pack is not what was put together
 */
export const exportEvidencePack: Action<PackServices, { id: number; format: PackFormat }, LeavingPack> = {
  name: 'evidence.export',
  room: 'supervision',
  purpose: 'crime-matching',
  async run(context, services, { id, format }) {
    context.note({ kind: 'evidence', id });
    const pack = await packOf(context, services, id);
    context.note({ kind: 'crime', id: pack.crimeId }, { wearing: pack.wearing, evidence: id, format, sha256: pack.sha256 });
    if (pack.objection) throw new InvalidError(`This pack cannot leave. ${pack.objection}`);
    // A statement has the page as an exhibit.
    if (format === 'html' || format === 'docx') return pack;
    if (format === 'jws') return { ...pack, file: await services.sealer.sign(pack.content) };
    const { seal } = readPackFile(pack.file);
    return { ...pack, file: sealedData(pack.content, seal as Seal) };
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
