import { sql } from 'kysely';
import { type Action, InvalidError, NotFoundError } from '../../platform/action.ts';
import type { Tx } from '../../platform/database.ts';
import { type Half, ownAccess } from '../../platform/own-access.ts';
import { type CaseView, ownCases } from '../../platform/own-cases.ts';
import { type OwnRows, ownRows } from '../../platform/own-copy.ts';
import { type LookView, readLooks } from '../../platform/own-looks.ts';
import {
  type FactKindKey,
  factKinds,
  type Identity,
  type IdentityField,
  identityFields,
  identityKeys,
  type Statement,
} from '../facts/index.ts';
import { ageOn, computeProfile, currentInstrument, type NoProfile, type Profile, reliedOn } from '../needs/index.ts';
import { personOf } from '../people/index.ts';
import type { GoalOutcome, PackageState, StepActor } from '../schema/tables.ts';

export const supportHalf: Half = { room: 'support', purpose: 'support', about: 'person', who: 'person_id', table: 'persons' };
export const supportAccess = ownAccess(supportHalf);
export const supportCases = ownCases(supportHalf);

export interface OwnFact extends Statement {
  kindName: string;
  standing: 'used' | 'not allowed' | 'too old' | 'challenged' | 'found wrong' | 'something newer is used';
}

export interface OwnPackage {
  id: number;
  service: string | null;
  provider: string | null;
  state: PackageState;
  offeredAt: Date;
  goals: { goal: string; outcome: GoalOutcome | null; steps: { step: string; actor: StepActor; dueOn: string | null; done: boolean }[] }[];
  sessions: { heldOn: string; attended: string }[];
  reviews: { heldOn: string; said: string; nextOn: string | null }[];
}

/** Everything that support holds of the person who looks. Days as `YYYY-MM-DD`. */
export interface OwnSupport {
  name: string;
  age: number | null;
  profile: Profile | NoProfile;
  facts: OwnFact[];
  /** What each agency says of who they are. */
  said: { source: string; agency: string; receivedAt: Date; fields: { name: string; value: string }[] }[];
  characteristics: { source: string; kind: string; value: string }[];
  agreements: { source: string; title: string; purpose: string; lawfulBasis: string; endsOn: string; retentionMonths: number }[];
  told: { toldOn: string | null; toldWhom: string | null; how: string | null; delayUntil: string | null }[];
  decisions: { decision: string; reason: string; byName: string; at: Date }[];
  proposals: { service: string; decision: string | null; reason: string | null; at: Date }[];
  challenges: {
    kindName: string;
    value: string;
    on: string;
    reason: string;
    at: Date;
    outcome: string | null;
    outcomeReason: string | null;
  }[];
  packages: OwnPackage[];
  notes: { note: string; byName: string; at: Date }[];
  reach: string[] | null;
  cases: CaseView[];
  /** Since when they have stopped all support; null where they have not. */
  stoppedAt: Date | null;
}

const day = (column: string) => sql<string>`to_char(${sql.ref(column)}, 'YYYY-MM-DD')`;

/**
 * What is held of the person whose account it is; null where no code has been entered for this half. Such looks at oneself leave
 * no number in the audit: those of the two halves stand beside each other there, and would tell who is who.
 */
export const readOwnSupport: Action<null, { today: string }, OwnSupport | null> = {
  name: 'own.support',
  room: 'support',
  purpose: 'self',
  async run({ tx }, _services, { today }) {
    const person = await supportAccess.whoAmI(tx);
    if (person === null) return null;
    return ownSupport(tx, today);
  },
};

async function ownSupport(tx: Tx, today: string): Promise<OwnSupport> {
  // Nothing here names a person: for this purpose the database shows the rows of one alone.
  const records = await tx
    .selectFrom('support.records as r')
    .innerJoin('support.sources as s', 's.id', 'r.source_id')
    .select(['r.id', 's.name as source', 's.agency', 'r.identity', 'r.received_at as receivedAt'])
    .orderBy('s.name')
    .orderBy('r.id')
    .execute();
  const { name, born } = personOf(records.map(({ identity }) => identity));
  const statements = await ownStatements(tx, today);
  const stopped = await tx.selectFrom('support.withdrawals').select('at').where('ended_at', 'is', null).executeTakeFirst();
  const profile: Profile | NoProfile = stopped
    ? { reason: 'somebody who has stopped all support', age: born === null ? null : ageOn(born, today) }
    : computeProfile(currentInstrument(), statements, born, today);
  const relied = new Set(reliedOn(statements, today).map(({ id }) => id));
  const challenges = await tx
    .selectFrom('support.challenges as c')
    .innerJoin('support.facts as f', 'f.id', 'c.fact_id')
    .select(['c.fact_id', 'f.kind', 'f.value', 'c.reason', 'c.at', 'c.outcome', 'c.outcome_reason as outcomeReason'])
    .select(day('f.on_date').as('on'))
    .orderBy('c.id', 'desc')
    .execute();
  const foundWrong = new Set(challenges.flatMap(({ fact_id, outcome }) => (outcome === 'upheld' ? [fact_id] : [])));
  const standingOf = ({ id, challenged, notAllowed, expires }: Statement): OwnFact['standing'] => {
    if (foundWrong.has(id)) return 'found wrong';
    if (challenged) return 'challenged';
    if (notAllowed) return 'not allowed';
    if (expires < today) return 'too old';
    return relied.has(id) ? 'used' : 'something newer is used';
  };
  const apart = await tx
    .selectFrom('support.characteristics as c')
    .innerJoin('support.records as r', 'r.id', 'c.record_id')
    .innerJoin('support.sources as s', 's.id', 'r.source_id')
    .select(['s.name as source', 'c.kind', 'c.value'])
    .execute();
  const sources = new Set(records.map(({ source }) => source));
  const agreements = await tx
    .selectFrom('support.agreements as a')
    .innerJoin('support.sources as s', 's.id', 'a.source_id')
    .select(['s.name as source', 'a.title', 'a.purpose', 'a.lawful_basis as lawfulBasis', 'a.retention_months as retentionMonths'])
    .select(day('a.ends_on').as('endsOn'))
    .where('a.ended_at', 'is', null)
    .orderBy('s.name')
    .execute();
  const [reach] = await tx.selectFrom('support.reach').select('areas').orderBy('id', 'desc').limit(1).execute();
  return {
    name,
    age: profile.age,
    profile,
    facts: statements.map((own) => ({ ...own, kindName: factKinds[own.kind].name, standing: standingOf(own) })),
    said: records.map(({ source, agency, receivedAt, identity }) => ({ source, agency, receivedAt, fields: fieldsOf(identity) })),
    characteristics: apart,
    agreements: agreements.filter(({ source }) => sources.has(source)),
    ...(await decidedOf(tx)),
    challenges: challenges.map(({ fact_id: _, kind, ...own }) => ({ ...own, kindName: factKinds[kind as FactKindKey].name })),
    packages: await ownPackages(tx),
    notes: await tx
      .selectFrom('support.notes')
      .select(['note', 'by_name as byName', 'at'])
      .where('taken_back_at', 'is', null)
      .orderBy('id', 'desc')
      .execute(),
    reach: reach?.areas ?? null,
    cases: await supportCases.mine(tx),
    stoppedAt: stopped?.at ?? null,
  };
}

/** What they were told, and what was decided about them. */
async function decidedOf(tx: Tx): Promise<Pick<OwnSupport, 'told' | 'decisions' | 'proposals'>> {
  return {
    told: await tx
      .selectFrom('support.notices')
      .select(['told_whom as toldWhom', 'how'])
      .select([
        sql<string | null>`to_char(told_on, 'YYYY-MM-DD')`.as('toldOn'),
        sql<string | null>`to_char(delay_until, 'YYYY-MM-DD')`.as('delayUntil'),
      ])
      .orderBy('id', 'desc')
      .execute(),
    decisions: await tx
      .selectFrom('support.need_decisions')
      .select(['decision', 'reason', 'by_name as byName', 'at'])
      .where('taken_back_at', 'is', null)
      .orderBy('id', 'desc')
      .execute(),
    proposals: await tx
      .selectFrom('support.allocation_proposals as a')
      .innerJoin('support.services as s', 's.id', 'a.service_id')
      .select(['s.name as service', 'a.decision', 'a.reason'])
      .select(sql<Date>`a.decided_at`.as('at'))
      .where('a.decision', 'is not', null)
      .orderBy('a.id', 'desc')
      .execute(),
  };
}

function fieldsOf(identity: Identity): { name: string; value: string }[] {
  return identityKeys.flatMap((key: IdentityField) => (identity[key] ? [{ name: identityFields[key], value: identity[key] }] : []));
}

async function ownStatements(tx: Tx, today: string): Promise<Statement[]> {
  const rows = await tx
    .selectFrom('support.facts as f')
    .innerJoin('support.records as r', 'r.id', 'f.record_id')
    .innerJoin('support.sources as s', 's.id', 'r.source_id')
    .select(['f.id', 's.name as source', 'f.kind', 'f.value', 'f.challenged_at'])
    .select([day('f.on_date').as('on'), day('f.expires_on').as('expires')])
    .orderBy('f.on_date', 'desc')
    .orderBy('f.id')
    .execute();
  const { rows: agreements } = await sql<{ source: string; fields: string[] }>`
    SELECT DISTINCT ON (a.source_id) s.name AS source, a.fields FROM support.agreements a JOIN support.sources s ON s.id = a.source_id
      WHERE a.ended_at IS NULL AND a.starts_on <= ${today}::date AND a.ends_on >= ${today}::date ORDER BY a.source_id, a.id DESC`.execute(
    tx,
  );
  const allowed = new Map(agreements.map(({ source, fields }) => [source, new Set(fields)]));
  const keyOf = (row: { kind: string; value: string; on: string }) => `${row.kind}|${row.value}|${row.on}`;
  const doubted = new Set(rows.filter(({ challenged_at }) => challenged_at !== null).map(keyOf));
  return rows.map(({ challenged_at: _, kind, ...row }) => ({
    ...row,
    kind: kind as FactKindKey,
    challenged: doubted.has(keyOf({ kind, ...row })),
    notAllowed: !(allowed.get(row.source)?.has(kind) ?? false),
  }));
}

async function ownPackages(tx: Tx): Promise<OwnPackage[]> {
  const packages = await tx
    .selectFrom('support.packages as p')
    .leftJoin('support.services as s', 's.id', 'p.service_id')
    .select(['p.id', 's.name as service', 's.provider', 'p.state', 'p.created_at as offeredAt'])
    .orderBy('p.id', 'desc')
    .execute();
  const goals = await tx.selectFrom('support.goals').select(['id', 'package_id', 'goal', 'outcome']).orderBy('id').execute();
  const steps = await tx
    .selectFrom('support.steps')
    .select(['goal_id', 'step', 'actor', 'done_at'])
    .select(sql<string | null>`to_char(due_on, 'YYYY-MM-DD')`.as('dueOn'))
    .orderBy('id')
    .execute();
  const sessions = await tx
    .selectFrom('support.sessions')
    .select(['package_id', 'attended'])
    .select(day('held_on').as('heldOn'))
    .orderBy('held_on', 'desc')
    .execute();
  const reviews = await tx
    .selectFrom('support.reviews')
    .select(['package_id', 'said'])
    .select([day('held_on').as('heldOn'), sql<string | null>`to_char(next_on, 'YYYY-MM-DD')`.as('nextOn')])
    .orderBy('held_on', 'desc')
    .execute();
  return packages.map((own) => ({
    ...own,
    goals: goals
      .filter(({ package_id }) => package_id === own.id)
      .map(({ id, goal, outcome }) => ({
        goal,
        outcome,
        steps: steps
          .filter(({ goal_id }) => goal_id === id)
          .map(({ step, actor, dueOn, done_at }) => ({ step, actor, dueOn, done: done_at !== null })),
      })),
    sessions: sessions.filter(({ package_id }) => package_id === own.id).map(({ package_id: _, ...rest }) => rest),
    reviews: reviews.filter(({ package_id }) => package_id === own.id).map(({ package_id: _, ...rest }) => rest),
  }));
}

/** The person says that a statement is wrong: it counts no more from this moment, and the team's lead decides. */
export const challengeOwn: Action<null, { fact: number; reason: string }, null> = {
  name: 'own.challenge',
  room: 'support',
  purpose: 'self',
  async run({ tx, note }, _services, { fact, reason }) {
    const person = await supportAccess.whoAmI(tx);
    if (person === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'fact', id: fact }, { person });
    if (reason.trim().length < 3) throw new InvalidError('Tell us what is wrong.', `reason-${fact}`);
    const found = await tx.selectFrom('support.facts').select('challenged_at').where('id', '=', fact).executeTakeFirst();
    if (!found) throw new NotFoundError('There is nothing like that here.');
    if (found.challenged_at) throw new InvalidError('You have told us already. We are looking into it.', `reason-${fact}`);
    await tx
      .updateTable('support.facts')
      .set({ challenged_at: sql<Date>`date_trunc('milliseconds', now())` })
      .where('id', '=', fact)
      .execute();
    await sql`
      INSERT INTO support.challenges (fact_id, reason, by_name) VALUES (${fact}, ${reason.trim().slice(0, 2000)}, 'The person themselves')`.execute(
      tx,
    );
    await sql`DELETE FROM support.person_summaries WHERE person_id = ${person}`.execute(tx);
    return null;
  },
};

/** The person stops the support, in one action. Nothing else is taken from them for it. */
export const withdraw: Action<null, { said: string; today: string }, { stopped: number }> = {
  name: 'own.withdraw',
  room: 'support',
  purpose: 'self',
  async run({ tx, note }, _services, { said, today }) {
    const person = await supportAccess.whoAmI(tx);
    if (person === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'person', id: person });
    const { numAffectedRows } = await sql`
      UPDATE support.packages SET state = CASE WHEN state = 'offered' THEN 'declined' ELSE 'closed' END,
        answer_note = coalesce(answer_note, 'They stopped the support themselves.'), answered_by = coalesce(answered_by, 'The person themselves'),
        answered_at = coalesce(answered_at, now()),
        closing_note = CASE WHEN state = 'accepted' THEN 'They stopped the support themselves.' END,
        closed_by = CASE WHEN state = 'accepted' THEN 'The person themselves' END, closed_at = CASE WHEN state = 'accepted' THEN now() END
      WHERE state IN ('offered', 'accepted')`.execute(tx);
    const stopped = Number(numAffectedRows ?? 0);
    const [anchor] = await tx.selectFrom('support.records').select(sql<number>`min(id)`.as('id')).execute();
    const standing = await tx.selectFrom('support.withdrawals').select('id').where('ended_at', 'is', null).executeTakeFirst();
    if (standing) throw new InvalidError('You have stopped the support already.', 'said');
    await tx
      .insertInto('support.withdrawals')
      .values({ person_id: person, record_id: anchor?.id ?? null, ended_at: null })
      .execute();
    // No list and no proposal has them any more, from this moment.
    await sql`DELETE FROM support.person_summaries WHERE person_id = ${person}`.execute(tx);
    const words = said.trim().length >= 3 ? said : 'I stop the support.';
    await supportCases.open(tx, {
      who: person,
      kind: 'stop the support',
      about: 'All support',
      said: words,
      today,
      record: anchor?.id ?? null,
    });
    note(null, { stopped });
    return { stopped };
  },
};

/** The person comes back: profiles are worked out again, and support can be offered. */
export const comeBack: Action<null, null, null> = {
  name: 'own.withdraw',
  room: 'support',
  purpose: 'self',
  async run({ tx, note }) {
    const person = await supportAccess.whoAmI(tx);
    if (person === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'person', id: person }, { back: true });
    await tx.updateTable('support.withdrawals').set({ ended_at: new Date() }).where('ended_at', 'is', null).execute();
    return null;
  },
};

/** The person asks for a human, a copy, or says that something else is wrong. */
export const askSupport: Action<null, { kind: string; about: string; said: string; today: string }, null> = {
  name: 'own.ask',
  room: 'support',
  purpose: 'self',
  async run({ tx, note }, _services, { kind, about, said, today }) {
    const person = await supportAccess.whoAmI(tx);
    if (person === null) throw new NotFoundError('There is nothing like that here.');
    note({ kind: 'person', id: person });
    const chosen = (['something is wrong', 'talk to a human', 'a copy of my data'] as const).find((own) => own === kind);
    if (!chosen) throw new InvalidError('Choose what you want to do.', 'kind');
    await supportCases.open(tx, { who: person, kind: chosen, about, said, today });
    return null;
  },
};

/** Who of support looked at the person's data. */
export const supportLooks: Action<null, null, { looks: LookView[]; total: number } | null> = {
  name: 'own.looks',
  room: 'support',
  purpose: 'self',
  async run({ tx }) {
    const person = await supportAccess.whoAmI(tx);
    if (person === null) return null;
    return readLooks(tx);
  },
};

/** Everything that support holds of the person, table by table; null where no code has been entered for this half. */
export const supportCopy: Action<null, null, OwnRows | null> = {
  name: 'own.copy',
  room: 'support',
  purpose: 'self',
  async run({ tx }) {
    const person = await supportAccess.whoAmI(tx);
    if (person === null) return null;
    return ownRows(tx, 'support');
  },
};
