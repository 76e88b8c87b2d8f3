import type { Tx } from '../../platform/database.ts';
import { kindInWords } from '../alerts/explain-alert.ts';

/** One thing that happened, for the subject's timeline. */
export interface Happening {
  at: Date;
  what: string;
  detail: string;
  href: string | null;
}

/** What happened lately, the latest first: alerts and what was done about them, tags, orders, zones and absences. */
export async function readTimeline(tx: Tx, subjectId: number, limit: number): Promise<Happening[]> {
  const alerts = await tx
    .selectFrom('supervision.alerts as a')
    .innerJoin('supervision.wearings as w', 'w.id', 'a.wearing_id')
    .leftJoin('supervision.zone_versions as v', 'v.id', 'a.zone_version_id')
    .select(['a.id', 'a.kind', 'a.state', 'a.outcome', 'a.from_at', 'v.name as zone'])
    .where('w.subject_id', '=', subjectId)
    .orderBy('a.from_at', 'desc')
    .limit(limit)
    .execute();
  const tags = await tx
    .selectFrom('supervision.tag_steps as t')
    .innerJoin('supervision.wearings as w', 'w.id', 't.wearing_id')
    .innerJoin('supervision.tags as g', 'g.id', 't.tag_id')
    .select(['t.step', 't.note', 't.by_name', 't.at', 'g.id as tag_id', 'g.serial'])
    .where('w.subject_id', '=', subjectId)
    .orderBy('t.at', 'desc')
    .limit(limit)
    .execute();
  const zones = await tx
    .selectFrom('supervision.zone_versions as v')
    .innerJoin('supervision.zone_orders as z', 'z.zone_id', 'v.zone_id')
    .innerJoin('supervision.orders as o', 'o.id', 'z.order_id')
    .select(['v.name', 'v.version', 'v.reason', 'v.by_name', 'v.recorded_at', 'v.superseded_at'])
    .where('o.subject_id', '=', subjectId)
    .orderBy('v.recorded_at', 'desc')
    .limit(limit)
    .execute();
  const absences = await tx
    .selectFrom('supervision.absences as a')
    .innerJoin('supervision.orders as o', 'o.id', 'a.order_id')
    .select(['a.reason', 'a.by_name', 'a.recorded_at'])
    .where('o.subject_id', '=', subjectId)
    .orderBy('a.recorded_at', 'desc')
    .limit(limit)
    .execute();
  const zonesPage = `/subjects/${subjectId}/zones`;
  const all: Happening[] = [
    ...alerts.map(({ id, kind, state, outcome, from_at, zone }) => ({
      at: from_at,
      what: kindInWords[kind],
      detail: [zone ? `“${zone}”` : '', state === 'retracted' ? 'taken back' : outcome ? `closed: ${outcome}` : state]
        .filter(Boolean)
        .join(', '),
      href: `/alerts/${id}`,
    })),
    ...tags.map(({ step, note, by_name, at, tag_id, serial }) => ({
      at,
      what: step === 'fitted' ? `Tag ${serial} was fitted` : `Tag ${serial} came off: ${step}`,
      detail: [by_name, note].filter(Boolean).join(': '),
      href: `/tags/${tag_id}`,
    })),
    ...zones.map(({ name, version, reason, by_name, recorded_at }) => ({
      at: recorded_at,
      what: version === 1 ? `Zone “${name}” was added` : `Zone “${name}” was changed`,
      detail: version === 1 ? by_name : `${by_name}: ${reason}`,
      href: zonesPage,
    })),
    ...absences.map(({ reason, by_name, recorded_at }) => ({
      at: recorded_at,
      what: 'An absence was authorised',
      detail: `${by_name}: ${reason}`,
      href: zonesPage,
    })),
  ];
  return all.sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit);
}
