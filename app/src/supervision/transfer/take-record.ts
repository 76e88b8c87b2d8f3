import type { Actor } from '../../platform/access.ts';
import { type Action, InvalidError, type Performer } from '../../platform/action.ts';
import type { LiveWatch } from '../alerts/index.ts';
import type { Intake } from '../fixes/index.ts';
import { type AlertOutcome, type AlertState, alertOutcomes, openAlertStates } from '../schema/tables.ts';
import { orderKinds } from '../subjects/index.ts';
import { checkZone } from '../zones/index.ts';
import type { TrackingRecord, TransferredFix } from './tracking-record.ts';

export interface TakenRecord {
  subjectId: number;
  reference: string;
  positions: number;
  /** Positions that did not go in: they stand in quarantine with the reason. */
  notTaken: number;
  /** Alerts that positions and rules give here as well, with how they had been decided. */
  alerts: number;
  /** Alerts of the record that they do not give here: told, and not kept as alerts. */
  others: { kind: string; from: number; outcome: string | null }[];
}

/** The people, orders, tags and rules of a record, as they were there. */
const takePeople: Action<null, TrackingRecord, { subjectId: number; wearings: Map<number, number>; versions: Map<number, number> }> = {
  name: 'transfer.take',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note, tell }, _services, record) {
    note(null);
    const { person } = record;
    if (person.reference.trim().length < 1 || person.name.trim().length < 2)
      throw new InvalidError('The record has no reference or no name.', 'file');
    checkKinds(record);
    // Whoever has the reference may be hidden from who asks.
    const row = await tx
      .insertInto('supervision.subjects')
      .values({
        reference: person.reference,
        name: person.name,
        fictional: false,
        born_on: person.bornOn,
        also_known_as: person.alsoKnownAs,
        pnc: person.pnc,
        crn: person.crn,
        noms: person.noms,
        languages: person.languages,
        at_the_door: person.atTheDoor,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!row)
      throw new InvalidError(
        `Somebody with the reference ${person.reference} is on record here already. A record is taken once, whole.`,
        'file',
      );
    const subjectId = row.id;
    note({ kind: 'subject', id: subjectId }, { subject: subjectId });
    const time = (at: number) => new Date(at);
    const timeOr = (at: number | null) => (at === null ? null : new Date(at));
    for (const own of record.contacts)
      await tx
        .insertInto('supervision.contacts')
        .values({
          subject_id: subjectId,
          who: own.who,
          name: own.name,
          phone: own.phone,
          note: own.note,
          by_name: own.by,
          since: time(own.since),
          ended_at: timeOr(own.ended),
        })
        .execute();
    for (const own of record.addresses)
      await tx
        .insertInto('supervision.addresses')
        .values({ subject_id: subjectId, kind: own.kind, address: own.address, by_name: own.by, from_on: own.from, to_on: own.to })
        .execute();
    const orders = new Map<number, number>();
    for (const own of record.orders) {
      const { id } = await tx
        .insertInto('supervision.orders')
        .values({
          subject_id: subjectId,
          kind: own.kind,
          authority: own.authority,
          starts_at: time(own.from),
          ends_at: timeOr(own.to),
          conditions: own.conditions,
          officer_name: own.officer,
          officer_phone: own.officerPhone,
          team: own.team,
          version: own.version,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      orders.set(own.id, id);
      for (const v of own.versions)
        await tx
          .insertInto('supervision.order_versions')
          .values({
            order_id: id,
            version: v.version,
            authority: v.authority,
            ends_at: timeOr(v.to),
            conditions: v.conditions,
            reason: v.reason,
            by_name: v.by,
            at: time(v.at),
          })
          .execute();
    }
    const wearings = new Map<number, number>();
    for (const own of record.wearings) {
      const tag = await tagOf(tx, own.serial, record.devices.find(({ serial }) => serial === own.serial)?.model ?? '', own);
      const { id } = await tx
        .insertInto('supervision.wearings')
        .values({
          tag_id: tag,
          order_id: orders.get(own.order) as number,
          subject_id: subjectId,
          starts_at: time(own.from),
          ends_at: timeOr(own.to),
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      wearings.set(own.id, id);
    }
    const versions = new Map<number, number>();
    for (const zone of record.zones) {
      const { id } = await tx.insertInto('supervision.zones').values({ shared: false }).returning('id').executeTakeFirstOrThrow();
      for (const own of zone.orders)
        await tx
          .insertInto('supervision.zone_orders')
          .values({
            zone_id: id,
            order_id: orders.get(own.order) as number,
            added_at: time(own.added),
            removed_at: timeOr(own.removed),
            removed_reason: own.reason,
          })
          .execute();
      for (const own of zone.versions) {
        const { name, kind } = checkZone(own);
        const row = await tx
          .insertInto('supervision.zone_versions')
          .values({
            zone_id: id,
            version: own.version,
            name,
            kind,
            area: JSON.stringify(own.area),
            hours: JSON.stringify(own.hours),
            effective_at: time(own.from),
            superseded_at: timeOr(own.to),
            reason: own.reason,
            by_name: own.by,
            recorded_at: time(own.recorded),
          })
          .returning('id')
          .executeTakeFirstOrThrow();
        versions.set(own.id, row.id);
      }
    }
    for (const own of record.absences)
      await tx
        .insertInto('supervision.absences')
        .values({
          order_id: orders.get(own.order) as number,
          from_at: time(own.from),
          to_at: time(own.to),
          reason: own.reason,
          by_name: own.by,
          recorded_at: time(own.recorded),
        })
        .execute();
    tell('supervision.senders');
    tell('supervision.rules', [...wearings.values()]);
    note(null, { from: 'another system', by: actor.name, orders: orders.size, wearings: wearings.size, zones: record.zones.length });
    return { subjectId, wearings, versions };
  },
};

/** Kinds that another system may have and this one has no word for: told before anything goes in. */
function checkKinds({ orders, alerts }: TrackingRecord): void {
  const check = (value: string | null, known: readonly string[], what: string) => {
    if (value !== null && !known.includes(value))
      throw new InvalidError(
        `The record has ${what} “${value.slice(0, 60)}”, which cannot stand here. Known are: ${known.join('; ')}.`,
        'file',
      );
  };
  for (const { kind } of orders) check(kind, orderKinds, 'an order of the kind');
  for (const { state, outcome } of alerts) {
    check(state, [...openAlertStates, 'closed'], 'an alert in the state');
    check(outcome, alertOutcomes, 'an alert with the outcome');
  }
}

async function tagOf(
  tx: Parameters<typeof takePeople.run>[0]['tx'],
  serial: string,
  model: string,
  { from, to }: { from: number; to: number | null },
): Promise<number> {
  const there = await tx.selectFrom('supervision.tags').select('id').where('serial', '=', serial).executeTakeFirst();
  if (!there) return (await tx.insertInto('supervision.tags').values({ serial, model }).returning('id').executeTakeFirstOrThrow()).id;
  const worn = await tx
    .selectFrom('supervision.wearings')
    .select('id')
    .where('tag_id', '=', there.id)
    .$if(to !== null, (query) => query.where('starts_at', '<', new Date(to ?? 0)))
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', new Date(from))]))
    .executeTakeFirst();
  if (worn) throw new InvalidError(`The tag ${serial} was worn by somebody else here at the same time.`, 'file');
  return there.id;
}

/** How alerts were decided there, put to those that positions and rules give here. */
const takeDecisions: Action<
  null,
  { record: TrackingRecord; wearings: Map<number, number>; versions: Map<number, number>; subjectId: number },
  Pick<TakenRecord, 'alerts' | 'others'>
> = {
  name: 'transfer.take',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tx, actor, note }, _services, { record, wearings, versions, subjectId }) {
    note({ kind: 'subject', id: subjectId }, { subject: subjectId });
    const found = await tx
      .selectFrom('supervision.alerts')
      .select(['id', 'wearing_id', 'kind', 'from_at', 'zone_version_id'])
      .where('wearing_id', 'in', [0, ...wearings.values()])
      .execute();
    const cause = (wearing: number, kind: string, from: number, zoneVersion: number | null) =>
      JSON.stringify([wearing, kind, from, zoneVersion]);
    const here = new Map(found.map((own) => [cause(own.wearing_id, own.kind, own.from_at.getTime(), own.zone_version_id), own.id]));
    const others: TakenRecord['others'] = [];
    let alerts = 0;
    for (const own of record.alerts) {
      const zoneVersion = own.zoneVersion === null ? null : (versions.get(own.zoneVersion) ?? 0);
      const id = here.get(cause(wearings.get(own.wearing) ?? 0, own.kind, own.from, zoneVersion));
      if (id === undefined) {
        others.push({ kind: own.kind, from: own.from, outcome: own.outcome });
        continue;
      }
      alerts++;
      // What nobody has touched there stands here as it was raised.
      if (own.state === 'raised' && own.steps.length === 0) continue;
      await tx
        .updateTable('supervision.alerts')
        .set({ state: own.state as AlertState, outcome: own.outcome as AlertOutcome | null })
        .where('id', '=', id)
        .execute();
      if (own.steps.length === 0) continue;
      await tx
        .insertInto('supervision.alert_steps')
        .values(
          own.steps.map((s) => ({
            alert_id: id,
            step: s.step as 'seen',
            outcome: s.outcome as AlertOutcome | null,
            note: s.note,
            by_actor: `transfer by ${actor.id}`,
            by_name: s.by,
            at: new Date(s.at),
          })),
        )
        .execute();
    }
    note(null, { alerts, others: others.length });
    return { alerts, others };
  },
};

/** Each moment of receipt is a batch of its own, unless there are more than these: then those of an hour are one. */
const batchesAtMost = 5000;
const hourMs = 3_600_000;

/**
 * Takes a record from another system: people and rules first, then the positions with when they were received there, and at last how alerts were
 * decided. Nobody of that reference may be on record yet. What fails in the middle is told; the person is on record then, and can be erased.
 */
export async function takeRecord(
  performer: Performer,
  actor: Actor,
  { intake, live }: { intake: Intake; live: LiveWatch },
  record: TrackingRecord,
): Promise<TakenRecord> {
  const { subjectId, wearings, versions } = await performer.perform(actor, takePeople, null, record).catch((error: unknown) => {
    throw isUnfit(error) ? new InvalidError(`The record holds something that cannot stand here: ${error.message}.`, 'file') : error;
  });
  const serials = new Map(record.wearings.map(({ id, serial }) => [id, serial]));
  let [positions, notTaken] = [0, 0];
  for (const batch of batchesOf(record.fixes)) {
    const fixes = batch.map((own) => ({
      tag: serials.get(own.wearing) as string,
      at: own.at,
      lon: own.lon,
      lat: own.lat,
      accuracyM: own.accuracyM ?? Number.NaN,
      speedMps: own.speedMps ?? Number.NaN,
      headingDeg: own.headingDeg ?? Number.NaN,
      method: own.method,
      battery: own.battery ?? Number.NaN,
      seq: own.seq ?? Number.NaN,
      events: own.events,
    }));
    const receivedAt = batch.at(-1)?.receivedAt;
    const receipt = await intake.accept(
      { fixes, unreadable: [] },
      { kind: 'operator', name: `transfer of ${record.person.reference}` },
      receivedAt,
    );
    positions += receipt.accepted;
    notTaken += receipt.quarantined;
  }
  await live.settled();
  const decided = await performer.perform(actor, takeDecisions, null, { record, wearings, versions, subjectId });
  return { subjectId, reference: record.person.reference, positions, notTaken, ...decided };
}

/** What the database does not take of a value: of the classes of data exceptions and of broken constraints. */
const isUnfit = (error: unknown): error is Error =>
  error instanceof Error && /^2[23]/.test(String((error as { code?: string }).code ?? ''));

function* batchesOf(fixes: readonly TransferredFix[]): Generator<TransferredFix[]> {
  const inOrder = [...fixes].sort((a, b) => a.receivedAt - b.receivedAt || a.at - b.at);
  const isExact = new Set(inOrder.map(({ receivedAt }) => receivedAt)).size <= batchesAtMost;
  const key = ({ receivedAt }: TransferredFix) => (isExact ? receivedAt : Math.floor(receivedAt / hourMs));
  for (let i = 0; i < inOrder.length; ) {
    let end = i + 1;
    while (end < inOrder.length && end - i < 20_000 && key(inOrder[end] as TransferredFix) === key(inOrder[i] as TransferredFix)) end++;
    yield inOrder.slice(i, end);
    i = end;
  }
}
