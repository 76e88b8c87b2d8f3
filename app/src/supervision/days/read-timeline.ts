import type { Tx } from '../../platform/database.ts';
import { kindInWords } from '../alerts/index.ts';

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
    .select(['t.step', 't.note', 't.by_name', 'w.starts_at', 'w.ends_at', 't.at', 'g.id as tag_id', 'g.serial'])
    .where('w.subject_id', '=', subjectId)
    .orderBy('t.at', 'desc')
    .limit(limit)
    .execute();
  const zones = await zoneVersionsOf(tx, subjectId, limit);
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
      what: kindInWords(kind),
      detail: [zone ? `“${zone}”` : '', state === 'retracted' ? 'taken back' : outcome ? `closed: ${outcome}` : state]
        .filter(Boolean)
        .join(', '),
      href: `/alerts/${id}`,
    })),
    ...tags.map(({ step, note, by_name, at, starts_at, ends_at, tag_id, serial }) => ({
      // When it happened, not when it was written down.
      at: step === 'fitted' ? starts_at : (ends_at ?? at),
      what: step === 'fitted' ? `Tag ${serial} was fitted` : `Tag ${serial} came off: ${step}`,
      detail: [by_name, note].filter(Boolean).join(': '),
      href: `/tags/${tag_id}`,
    })),
    ...zones.flatMap((zone) => happeningsOf(zone).map((own) => ({ ...own, href: zonesPage }))),
    ...absences.map(({ reason, by_name, recorded_at }) => ({
      at: recorded_at,
      what: 'An absence was authorised',
      detail: `${by_name}: ${reason}`,
      href: zonesPage,
    })),
  ];
  return all.sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, limit);
}

/** Versions of the zones of a subject's orders, the latest first. */
async function zoneVersionsOf(tx: Tx, subjectId: number, limit: number) {
  return tx
    .selectFrom('supervision.zone_versions as v')
    .innerJoin('supervision.zone_orders as z', 'z.zone_id', 'v.zone_id')
    .innerJoin('supervision.orders as o', 'o.id', 'z.order_id')
    .innerJoin('supervision.zones as s', 's.id', 'v.zone_id')
    .select([
      'v.id',
      'v.name',
      'v.version',
      'v.reason',
      'v.by_name',
      'v.recorded_at',
      'v.superseded_at',
      's.shared',
      'z.added_at',
      'z.removed_at',
      'z.removed_reason',
    ])
    .select((eb) =>
      eb
        .not(
          eb.exists(
            eb
              .selectFrom('supervision.zone_versions as n')
              .select('n.id')
              .whereRef('n.zone_id', '=', 'v.zone_id')
              .whereRef('n.version', '>', 'v.version'),
          ),
        )
        .as('latest'),
    )
    .where('o.subject_id', '=', subjectId)
    .orderBy('v.recorded_at', 'desc')
    .limit(limit)
    .execute();
}

interface ZoneRow {
  name: string;
  version: number;
  reason: string;
  by_name: string;
  recorded_at: Date;
  superseded_at: Date | null;
  shared: boolean;
  added_at: Date;
  removed_at: Date | null;
  removed_reason: string | null;
  /** No later version follows. */
  latest: unknown;
}

/** What happened to a zone of this person: a shared one from when it was added to the order until it was taken from it. */
function happeningsOf(zone: ZoneRow): Omit<Happening, 'href'>[] {
  const { name, version, by_name, recorded_at, superseded_at, shared, added_at, removed_at } = zone;
  const held = (at: Date) => at >= added_at && (removed_at === null || at <= removed_at);
  const told: Omit<Happening, 'href'>[] = [];
  if (version === 1) {
    told.push(
      shared
        ? { at: added_at, what: `Shared zone “${name}” was added`, detail: '' }
        : { at: recorded_at, what: `Zone “${name}” was added`, detail: by_name },
    );
    if (removed_at) told.push({ at: removed_at, what: `Shared zone “${name}” was taken away`, detail: zone.removed_reason ?? '' });
  } else if (held(recorded_at)) told.push({ at: recorded_at, what: `Zone “${name}” was changed`, detail: `${by_name}: ${zone.reason}` });
  if (superseded_at && zone.latest && held(superseded_at)) told.push({ at: superseded_at, what: `Zone “${name}” ended`, detail: '' });
  return told;
}
