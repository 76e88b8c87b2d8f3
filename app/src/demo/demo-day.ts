import { fixLine, type Town } from '@waymark/town';
import type { Actor } from '../platform/access.ts';
import {
  type AlertKind,
  type AlertOutcome,
  authoriseAbsence,
  decideAlert,
  declareZone,
  decodeWaymarkLines,
  listAlerts,
  listCaseload,
  readZones,
} from '../supervision/index.ts';
import type { Waymark } from '../waymark.ts';

const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
const hourMs = 3_600_000;

/** Today's fixes up to now, as the first day of the town's next fortnight has them: a day that is looked at has a morning behind it. */
export async function liveToday(waymark: Waymark, town: Town, days: number, now = Date.now()): Promise<void> {
  const startMs = town.settings.startMs + days * 24 * hourMs;
  for (const wearer of town.wearers()) {
    const lines: string[] = [];
    for (let i = 0; i < wearer.fixes.count; i++)
      if (startMs + (wearer.fixes.receivedAt[i] as number) * 1000 <= now) lines.push(`${fixLine(wearer, startMs, i)}\n`);
    const decoded = decodeWaymarkLines(lines.join(''));
    await waymark.intake.accept(decoded, { kind: 'operator', name: 'the fictional town' });
  }
}

/** What the officer found, by what the alert is about. */
const foundThen: Partial<Record<AlertKind, { outcome: AlertOutcome; note: string }>> = {
  'exclusion entered': { outcome: 'breach', note: 'Spoken to on the phone. No reason given.' },
  'curfew late': { outcome: 'reasonable excuse', note: 'The bus was late; the operator confirmed it.' },
  'curfew ended early': { outcome: 'breach', note: 'Says they went to a shop. Warned.' },
  'inclusion left': { outcome: 'breach', note: 'Spoken to on the phone. No reason given.' },
  'curfew missed': { outcome: 'breach', note: 'Not at home when called.' },
  'no signal': { outcome: 'equipment', note: 'Was in a building without a view of the sky.' },
};
/** On so few fixes nobody is told that they broke a rule. */
const fewFixes = 2;
const drifted = { outcome: 'false' as const, note: 'On two fixes alone: the receiver drifted. Nothing happened.' };
const faulty = { outcome: 'equipment' as const, note: 'Looked into: a fault of the tag or its signal.' };

/**
 * Leaves the officer a day as it is where people work: what ended hours ago is decided, each on what it rests on, and two things go on.
 * Whoever else is away just now has been let go, and says where.
 */
export async function workThroughAlerts(waymark: Waymark, now = Date.now()): Promise<void> {
  const { performer, live } = waymark;
  const open = async () => (await performer.perform(officer, listAlerts, null, { list: 'open', limit: 5000, offset: 0 })).rows;
  const decide = (id: number, { outcome, note }: { outcome: AlertOutcome; note: string }) =>
    performer.perform(officer, decideAlert, null, { id, step: 'closed', outcome, note });
  for (const { id, kind, to_at, facts } of await open()) {
    const stands = kind === 'strap cut' || kind === 'case opened';
    if (to_at === null || (!stands && now - to_at.getTime() < 6 * hourMs)) continue;
    const fixes = 'fixes' in facts ? facts.fixes : Number.POSITIVE_INFINITY;
    await decide(id, fixes <= fewFixes ? drifted : (foundThen[kind] ?? faulty));
  }
  const lasting = (await open()).filter(({ to_at }) => to_at === null);
  const people = [...new Set(lasting.map(({ subject_id }) => subject_id))];
  // The latest two are left: they have not been looked at yet.
  const left = new Set(people.slice(-2));
  for (const { id, kind, subject_id, from_at, zone } of lasting) {
    if (left.has(subject_id)) continue;
    const { orders } = await performer.perform(officer, readZones, null, { subjectId: subject_id });
    const [order] = orders;
    if (order && zone && kind !== 'exclusion entered')
      await performer.perform(officer, authoriseAbsence, null, {
        orderId: order.id,
        from: from_at,
        to: new Date(now + 8 * hourMs),
        reason: 'At work: the shift was changed, and the employer confirmed it.',
      });
    else await decide(id, foundThen[kind] ?? faulty);
  }
  await live.settled();
  if (left.size < 2) await haveSomethingGoOn(waymark, 2 - left.size, now);
}

/** At hours at which the town keeps to its rules, somebody has not come to where they were to be, and somebody is where they may not. */
async function haveSomethingGoOn(waymark: Waymark, howMany: number, now: number): Promise<void> {
  const { performer, live, positions } = waymark;
  const { rows } = await performer.perform(officer, listCaseload, { positions }, { limit: 100, offset: 0 });
  const heard = rows.filter(({ position, alerts }) => position !== null && now - position.at < hourMs / 2 && alerts === 0).slice(-howMany);
  const since = new Date(now - 0.6 * hourMs);
  const until = new Date(now + 3 * hourMs);
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: waymark.timeZone, timeStyle: 'short' });
  for (const [i, { subject_id, position }] of heard.entries()) {
    const { orders } = await performer.perform(officer, readZones, null, { subjectId: subject_id });
    const at = { lon: position?.lon ?? 0, lat: position?.lat ?? 0 };
    const attend = {
      name: 'Day centre, Mill Lane',
      kind: 'curfew',
      area: { kind: 'circle' as const, ...at, lat: at.lat + 0.02, radiusM: 100 },
      hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: clock.format(since), to: clock.format(until) }],
    };
    const keepOut = { name: 'Market square', kind: 'exclusion', area: { kind: 'circle' as const, ...at, radiusM: 180 }, hours: [] };
    await performer.perform(officer, declareZone, null, {
      ...(i === 0 ? attend : keepOut),
      orderId: orders[0]?.id ?? 0,
      effectiveAt: since,
      until,
    });
  }
  await live.settled();
}
