import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import { atHome } from '../../platform/fixes/fix.ts';
import type { FixStore } from '../../platform/fixes/fix-store.ts';
import { noteSubject } from '../subjects/index.ts';
import type { TrackingRecord, TransferredFix } from './tracking-record.ts';

const shortestReason = 10;
const ms = (at: Date) => at.getTime();
const msOr = (at: Date | null) => at?.getTime() ?? null;
const known = (value: number) => (Number.isNaN(value) ? null : value);
const dayOf = (day: string | Date | null) => (day === null ? null : day instanceof Date ? day.toISOString().slice(0, 10) : day);

/**
 * Everything of one person that goes with them to another system, with why it leaves. Alerts about a protected person name another, and stay; so do
 * positions that say “at home” and no more, notes between staff, verdicts on crimes and papers.
 */
export const gatherRecord: Action<{ fixes: FixStore }, { subjectId: number; why: string }, TrackingRecord> = {
  name: 'transfer.export',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, access, note }, { fixes }, { subjectId, why }) {
    note({ kind: 'subject', id: subjectId });
    await noteSubject({ tx, actor, access, note }, { subject: subjectId });
    const subject = await tx.selectFrom('supervision.subjects').selectAll().where('id', '=', subjectId).executeTakeFirst();
    if (!subject) throw new NotFoundError('There is no such subject.');
    if (why.trim().length < shortestReason)
      throw new InvalidError('Say in at least 10 characters where it goes and why. It stands in the file.', 'why');
    const contacts = await tx.selectFrom('supervision.contacts').selectAll().where('subject_id', '=', subjectId).orderBy('id').execute();
    const addresses = await tx.selectFrom('supervision.addresses').selectAll().where('subject_id', '=', subjectId).orderBy('id').execute();
    const orders = await tx.selectFrom('supervision.orders').selectAll().where('subject_id', '=', subjectId).orderBy('id').execute();
    const orderIds = [0, ...orders.map(({ id }) => id)];
    const orderVersions = await tx
      .selectFrom('supervision.order_versions')
      .selectAll()
      .where('order_id', 'in', orderIds)
      .orderBy('id')
      .execute();
    const wearings = await tx
      .selectFrom('supervision.wearings as w')
      .innerJoin('supervision.tags as t', 't.id', 'w.tag_id')
      .select(['w.id', 'w.order_id', 'w.starts_at', 'w.ends_at', 't.serial', 't.model'])
      .where('w.subject_id', '=', subjectId)
      .orderBy('w.id')
      .execute();
    const wearingIds = [0, ...wearings.map(({ id }) => id)];
    const held = await tx.selectFrom('supervision.zone_orders').selectAll().where('order_id', 'in', orderIds).orderBy('id').execute();
    const zoneIds = [...new Set(held.map(({ zone_id }) => zone_id))].sort((a, b) => a - b);
    const versions = await tx
      .selectFrom('supervision.zone_versions')
      .selectAll()
      .where('zone_id', 'in', [0, ...zoneIds])
      .orderBy('id')
      .execute();
    const absences = await tx.selectFrom('supervision.absences').selectAll().where('order_id', 'in', orderIds).orderBy('id').execute();
    const alerts = await tx
      .selectFrom('supervision.alerts')
      .selectAll()
      .where('wearing_id', 'in', wearingIds)
      .where('kind', '<>', 'near protected person')
      .where('state', '<>', 'retracted')
      .orderBy('from_at')
      .orderBy('kind')
      .orderBy('id')
      .execute();
    const steps = await tx
      .selectFrom('supervision.alert_steps')
      .selectAll()
      .where('alert_id', 'in', [0, ...alerts.map(({ id }) => id)])
      .orderBy('id')
      .execute();
    // Numbered anew, from 1: what this system calls them is nobody's business there.
    const number = (ids: readonly number[]) => new Map(ids.map((id, i) => [id, i + 1]));
    const [orderNo, wearingNo, versionNo] = [
      number(orders.map(({ id }) => id)),
      number(wearings.map(({ id }) => id)),
      number(versions.map(({ id }) => id)),
    ];
    const at = (numbers: Map<number, number>, id: number) => numbers.get(id) as number;
    const record: TrackingRecord = {
      person: {
        reference: subject.reference,
        name: subject.name,
        bornOn: dayOf(subject.born_on),
        alsoKnownAs: subject.also_known_as,
        pnc: subject.pnc,
        crn: subject.crn,
        noms: subject.noms,
        languages: subject.languages,
        atTheDoor: subject.at_the_door,
      },
      contacts: contacts.map((own) => ({
        who: own.who,
        name: own.name,
        phone: own.phone,
        note: own.note,
        by: own.by_name,
        since: ms(own.since),
        ended: msOr(own.ended_at),
      })),
      addresses: addresses.map((own) => ({
        kind: own.kind,
        address: own.address,
        from: dayOf(own.from_on) as string,
        to: dayOf(own.to_on),
        by: own.by_name,
      })),
      orders: orders.map((own) => ({
        id: at(orderNo, own.id),
        kind: own.kind,
        authority: own.authority,
        from: ms(own.starts_at),
        to: msOr(own.ends_at),
        conditions: own.conditions,
        officer: own.officer_name,
        officerPhone: own.officer_phone,
        team: own.team,
        version: own.version,
        versions: orderVersions
          .filter(({ order_id }) => order_id === own.id)
          .map((v) => ({
            version: v.version,
            authority: v.authority,
            to: msOr(v.ends_at),
            conditions: v.conditions,
            reason: v.reason,
            by: v.by_name,
            at: ms(v.at),
          })),
      })),
      devices: [...new Map(wearings.map(({ serial, model }) => [serial, { serial, model }])).values()],
      wearings: wearings.map((own) => ({
        id: at(wearingNo, own.id),
        order: at(orderNo, own.order_id),
        serial: own.serial,
        from: ms(own.starts_at),
        to: msOr(own.ends_at),
      })),
      zones: zoneIds.map((id, i) => ({
        id: i + 1,
        orders: held
          .filter(({ zone_id }) => zone_id === id)
          .map((own) => ({
            order: at(orderNo, own.order_id),
            added: ms(own.added_at),
            removed: msOr(own.removed_at),
            reason: own.removed_reason,
          })),
        versions: versions
          .filter(({ zone_id }) => zone_id === id)
          .map((own) => ({
            id: at(versionNo, own.id),
            version: own.version,
            name: own.name,
            kind: own.kind,
            area: own.area,
            hours: own.hours,
            from: ms(own.effective_at),
            to: msOr(own.superseded_at),
            reason: own.reason,
            by: own.by_name,
            recorded: ms(own.recorded_at),
          })),
      })),
      absences: absences.map((own) => ({
        order: at(orderNo, own.order_id),
        from: ms(own.from_at),
        to: ms(own.to_at),
        reason: own.reason,
        by: own.by_name,
        recorded: ms(own.recorded_at),
      })),
      alerts: alerts.map((own) => ({
        wearing: at(wearingNo, own.wearing_id),
        zoneVersion: own.zone_version_id === null ? null : at(versionNo, own.zone_version_id),
        kind: own.kind,
        severity: own.severity,
        state: own.state,
        from: ms(own.from_at),
        to: msOr(own.to_at),
        outcome: own.outcome,
        facts: own.facts,
        steps: steps
          .filter(({ alert_id }) => alert_id === own.id)
          .map((s) => ({ step: s.step, outcome: s.outcome, note: s.note, by: s.by_name, at: ms(s.at) })),
      })),
      fixes: [],
    };
    for (const { id } of wearings) record.fixes.push(...(await fixesOf(fixes, id, at(wearingNo, id))));
    note(null, { why: why.trim().slice(0, 500), fixes: record.fixes.length, alerts: record.alerts.length });
    return record;
  },
};

async function fixesOf(fixes: FixStore, wearing: number, number: number): Promise<TransferredFix[]> {
  const { count, columns } = await fixes.query(
    `SELECT CAST(at_ms AS DOUBLE) AS at, CAST(received_ms AS DOUBLE) AS received, lon, lat, accuracy_m, speed_mps, heading_deg, method, battery, seq, events
       FROM fixes WHERE wearing = ? AND method <> ${atHome} ORDER BY at_ms, received_ms`,
    {
      at: 'f64',
      received: 'f64',
      lon: 'f64',
      lat: 'f64',
      accuracy_m: 'f32',
      speed_mps: 'f32',
      heading_deg: 'f32',
      method: 'u8',
      battery: 'f32',
      seq: 'f64',
      events: 'text',
    },
    { values: [wearing] },
  );
  return Array.from({ length: count }, (_, i) => ({
    wearing: number,
    at: columns.at[i] as number,
    receivedAt: columns.received[i] as number,
    lon: columns.lon[i] as number,
    lat: columns.lat[i] as number,
    accuracyM: known(columns.accuracy_m[i] as number),
    speedMps: known(columns.speed_mps[i] as number),
    headingDeg: known(columns.heading_deg[i] as number),
    method: columns.method[i] as number,
    battery: known(columns.battery[i] as number),
    seq: known(columns.seq[i] as number),
    events: (columns.events[i] as string | null) || null,
  }));
}
