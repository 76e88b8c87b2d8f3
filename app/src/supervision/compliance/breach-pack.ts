import { createHash } from 'node:crypto';
import { defaultParameters, defaultWatch } from '@waymark/presence';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import type { Tx } from '../../platform/database.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { explainAlert, kindInWords } from '../alerts/index.ts';
import type { ConditionKept, PackContent } from '../schema/breach-pack-content.ts';
import { noteSubject } from '../subjects/index.ts';
import { complianceOfWearing } from './read-compliance.ts';

export interface Pack {
  id: number;
  wearing_id: number;
  subject_id: number;
  from_at: Date;
  to_at: Date;
  content: PackContent;
  sha256: string;
  note: string;
  made_by: string;
  made_by_name: string;
  made_at: Date;
  decision: 'released' | 'sent back' | null;
  reason: string | null;
  reviewed_by_name: string | null;
  reviewed_at: Date | null;
}

const caveats = [
  `A fix has an error. A person counts as inside or outside only when two fixes in a row, or more, lie there and give it a probability of at least ${100 * defaultWatch.together} % together.`,
  'Time without signal, or too near the edge of a zone to tell, is unknown: it is neither kept nor broken. Signal is lost inside buildings and under ground without any doing of the person.',
  'An alert is a reason to ask. Its outcome is what a named person found, with their reason.',
  'Fixes that arrive late can change an alert. What is said here rests on what had been received when the pack was made.',
  'The person can see what is held, and can challenge it.',
];

/** Puts together how an order was kept over a period. It is kept as it is, and can leave only when somebody else has reviewed it. */
export const makePack: Action<
  { fixes: FixStore; timeZone: string },
  { wearingId: number; from: number; to: number; note: string },
  { id: number }
> = {
  name: 'pack.make',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note: audit }, services, { wearingId, from, to, note }) {
    if (Number.isNaN(from)) throw new InvalidError('Enter the first day, such as 2026-09-07.', 'from');
    if (Number.isNaN(to)) throw new InvalidError('Enter the last day, such as 2026-09-13.', 'to');
    if (note.trim().length < 3) throw new InvalidError('Say in a sentence what the pack is for.', 'note');
    const content = await contentOf(tx, services.fixes, wearingId, from, Math.min(to, Date.now()), services.timeZone);
    const text = JSON.stringify(content);
    const sha256 = createHash('sha256').update(canonicalJson(content)).digest('hex');
    const { id } = await tx
      .insertInto('supervision.breach_packs')
      .values({
        wearing_id: wearingId,
        from_at: new Date(content.period.from),
        to_at: new Date(content.period.to),
        content: text,
        sha256,
        note: note.trim().slice(0, 1000),
        made_by: actor.id,
        made_by_name: actor.name,
        decision: null,
        reason: null,
        reviewed_by: null,
        reviewed_by_name: null,
        reviewed_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    audit({ kind: 'breach pack', id }, { wearing: wearingId, sha256 });
    return { id };
  },
};

async function contentOf(tx: Tx, fixes: FixStore, wearingId: number, from: number, to: number, timeZone: string): Promise<PackContent> {
  const row = await tx
    .selectFrom('supervision.wearings as w')
    .innerJoin('supervision.subjects as s', 's.id', 'w.subject_id')
    .innerJoin('supervision.orders as o', 'o.id', 'w.order_id')
    .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
    .select([
      'w.starts_at',
      'w.ends_at',
      's.name',
      's.reference',
      't.serial',
      'o.kind',
      'o.authority',
      'o.starts_at as order_from',
      'o.ends_at as order_to',
    ])
    .where('w.id', '=', wearingId)
    .executeTakeFirst();
  if (!row) throw new NotFoundError('There is no such wearing.');
  const period = { from: Math.max(from, row.starts_at.getTime()), to: Math.min(to, row.ends_at?.getTime() ?? Infinity) };
  if (!(period.from < period.to)) throw new InvalidError('This tag was not worn in that period. Choose days on which it was.', 'from');
  if (period.to - period.from > 370 * 86_400_000) throw new InvalidError('A pack covers a year at most. Choose a shorter period.', 'to');
  const coarse = (await fixes.coarsenedUpto([wearingId], period.from)).atHome.get(wearingId) ?? Number.NEGATIVE_INFINITY;
  if (coarse >= period.from)
    throw new InvalidError(
      'Positions of that time say “at home” and no more, so how conditions were kept cannot be worked out from them. Choose a later first day.',
      'from',
    );
  const weeks = await complianceOfWearing(tx, fixes, wearingId, period, timeZone);
  const conditions = conditionsOver(weeks.flatMap(({ zones }) => zones));
  const { count, columns } = await fixes.query(
    `SELECT count(*)::INTEGER AS n, coalesce(median(accuracy_m), 'nan')::DOUBLE AS accuracy, coalesce(max(receipt), 0)::DOUBLE AS receipt
     FROM fixes WHERE wearing = ? AND at_ms BETWEEN ? AND ?`,
    { n: 'i32', accuracy: 'f64', receipt: 'f64' },
    { values: [wearingId, Math.round(period.from), Math.round(period.to)], from: period.from },
  );
  const accuracy = count > 0 ? (columns.accuracy[0] as number) : Number.NaN;
  const { all, closed } = await alertsOf(tx, wearingId, period);
  const iso = (at: Date | number) => new Date(at).toISOString();
  return {
    subject: { name: row.name, reference: row.reference },
    order: { kind: row.kind, authority: row.authority, from: iso(row.order_from), to: row.order_to ? iso(row.order_to) : null },
    wearing: { tag: row.serial, from: iso(row.starts_at), to: row.ends_at ? iso(row.ends_at) : null },
    period: { from: iso(period.from), to: iso(period.to) },
    fixes: {
      count: columns.n[0] ?? 0,
      medianAccuracyM: Number.isNaN(accuracy) ? null : Math.round(accuracy),
      receipts: columns.receipt[0] ?? 0,
    },
    conditions,
    alerts: all
      .filter(({ state }) => state !== 'retracted')
      .map(({ id, kind, version, from_at, to_at, facts, outcome, zone }) => ({
        id,
        what: kindInWords(kind),
        explanation: explainAlert({ kind, from: from_at, to: to_at, facts, zone, now: new Date(period.to) }),
        zone,
        from: iso(from_at),
        to: to_at ? iso(to_at) : null,
        outcome,
        by: outcome ? (closed.get(id)?.by_name ?? null) : null,
        reason: outcome ? (closed.get(id)?.note ?? null) : null,
        versions: version,
      })),
    takenBack: all.filter(({ state }) => state === 'retracted').length,
    open: all.filter(({ state }) => state === 'raised' || state === 'seen' || state === 'in hand').length,
    caveats: [
      ...caveats,
      `Every position is taken to be uncertain by ${defaultParameters.accuracyFloorM} m at least, whatever accuracy the tag reports.`,
    ],
  };
}

/** Alerts of a wearing that a period touches, and how those that were closed were closed. */
async function alertsOf(tx: Tx, wearingId: number, period: { from: number; to: number }) {
  const all = await tx
    .selectFrom('supervision.alerts as a')
    .leftJoin('supervision.zone_versions as v', 'v.id', 'a.zone_version_id')
    .select(['a.id', 'a.kind', 'a.state', 'a.version', 'a.from_at', 'a.to_at', 'a.facts', 'a.outcome', 'v.name as zone'])
    .where('a.wearing_id', '=', wearingId)
    .where('a.from_at', '<', new Date(period.to))
    .where((eb) => eb.or([eb('a.to_at', 'is', null), eb('a.to_at', '>=', new Date(period.from))]))
    .orderBy('a.from_at')
    .orderBy('a.id')
    .execute();
  const steps = await tx
    .selectFrom('supervision.alert_steps')
    .select(['alert_id', 'note', 'by_name'])
    .where('step', '=', 'closed')
    .where('alert_id', 'in', all.length > 0 ? all.map(({ id }) => id) : [-1])
    .orderBy('id')
    .execute();
  const closed = new Map(steps.map((step) => [step.alert_id, step]));
  return { all, closed };
}

/** Each condition in each version, over all weeks. */
function conditionsOver(zones: readonly ConditionKept[]): ConditionKept[] {
  const conditions = new Map<number, ConditionKept>();
  for (const own of zones) {
    const sum = conditions.get(own.zoneVersion) ?? { ...own, keptMs: 0, brokenMs: 0, unknownMs: 0 };
    sum.keptMs += own.keptMs;
    sum.brokenMs += own.brokenMs;
    sum.unknownMs += own.unknownMs;
    conditions.set(own.zoneVersion, sum);
  }
  return [...conditions.values()];
}

async function packOf(tx: Tx, id: number): Promise<Pack & { intact: boolean }> {
  const pack = await tx
    .selectFrom('supervision.breach_packs as p')
    .innerJoin('supervision.wearings as w', 'w.id', 'p.wearing_id')
    .selectAll('p')
    .select('w.subject_id')
    .where('p.id', '=', id)
    .executeTakeFirst();
  if (!pack) throw new NotFoundError('There is no such pack.');
  return { ...pack, intact: createHash('sha256').update(canonicalJson(pack.content)).digest('hex') === pack.sha256 };
}

/** One pack, and whether it still says what it said when it was made. */
export const readPack: Action<null, { id: number }, { pack: Pack & { intact: boolean }; isMine: boolean }> = {
  name: 'pack.read',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { id }) {
    note({ kind: 'breach pack', id });
    const pack = await packOf(tx, id);
    await noteSubject({ tx, actor, access, note }, { wearing: pack.wearing_id });
    return { pack, isMine: pack.made_by === actor.id };
  },
};

/** A second person's look: releases the pack, or sends it back. Nobody reviews their own. */
export const reviewPack: Action<null, { id: number; decision: string; reason: string }, { decision: 'released' | 'sent back' }> = {
  name: 'pack.review',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { id, decision, reason }) {
    note({ kind: 'breach pack', id });
    await tx.selectFrom('supervision.breach_packs').select('id').where('id', '=', id).forUpdate().executeTakeFirst();
    const pack = await packOf(tx, id);
    await noteSubject({ tx, actor, access, note }, { wearing: pack.wearing_id });
    if (decision !== 'released' && decision !== 'sent back') throw new InvalidError('Choose whether it may leave.', 'decision');
    if (pack.made_by === actor.id) throw new InvalidError('Somebody else has to review a pack that you made.', 'decision');
    if (pack.decision) throw new InvalidError(`This pack was ${pack.decision} already by ${pack.reviewed_by_name}.`, 'decision');
    if (!pack.intact)
      throw new InvalidError('What is stored is not what was put together. Make the pack again and tell the administrator.', 'decision');
    if (reason.trim().length < 3) throw new InvalidError('Give your reason.', 'reason');
    note({ kind: 'breach pack', id }, { decision, sha256: pack.sha256 });
    if (decision === 'released' && pack.content.open > 0)
      throw new InvalidError(
        `${pack.content.open} of its alerts had no outcome when it was made. Close them, and make the pack again.`,
        'decision',
      );
    await tx
      .updateTable('supervision.breach_packs')
      .set({ decision, reason: reason.trim().slice(0, 1000), reviewed_by: actor.id, reviewed_by_name: actor.name, reviewed_at: new Date() })
      .where('id', '=', id)
      .execute();
    return { decision };
  },
};

/** The pack as it leaves. */
export const exportPack: Action<null, { id: number }, { pack: Pack }> = {
  name: 'pack.export',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, _services, { id }) {
    note({ kind: 'breach pack', id });
    const pack = await packOf(tx, id);
    await noteSubject({ tx, actor, access, note }, { wearing: pack.wearing_id });
    if (pack.decision !== 'released') throw new InvalidError('This pack has not been released by a second person. It cannot leave yet.');
    if (!pack.intact) throw new InvalidError('What is stored is not what was put together. It cannot leave.');
    return { pack };
  },
};
