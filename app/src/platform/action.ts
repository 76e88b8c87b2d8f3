import type { AccessPolicy, Actor, Decision, Purpose, Role } from './access.ts';
import { type AuditFact, appendAudit } from './audit.ts';
import type { Change, Changes, Topic } from './changes.ts';
import { type Database, type Room, type Tx, withPurpose } from './database.ts';
import { ToldError } from './told-error.ts';

/** Nothing of that name is there, or it may not be seen: the two are not told apart. */
export class NotFoundError extends ToldError {
  override name = 'NotFoundError';
}

/** The access policy says no. */
export class RefusedError extends ToldError {
  override name = 'RefusedError';
}

/** May be done once something has been said first, at the page that it names. */
export class AskFirstError extends RefusedError {
  override name = 'AskFirstError';
  readonly askAt: string;
  constructor(message: string, askAt: string) {
    super(message);
    this.askAt = askAt;
  }
}

/** The input cannot be used; `field` names where, the message says what to do. */
export class InvalidError extends ToldError {
  override name = 'InvalidError';
  readonly field: string | null;
  constructor(message: string, field: string | null = null) {
    super(message);
    this.field = field;
  }
}

/** Which action it was is in the audit: who asks reads what they can do about it. */
const refusedInWords = ({ role }: Actor, { policy }: Decision): string => {
  if (policy === 'programs-decide-nothing') return 'A program cannot decide this. Sign in as yourself.';
  if (policy === 'token-is-for-other-things') return 'This token was not made for that. Ask an administrator for one that is.';
  return `Your role, ${role.replaceAll('-', ' ')}, does not allow this. If you need it for your work, ask your administrator.`;
};

export interface ActionContext {
  tx: Tx;
  actor: Actor;
  access: AccessPolicy;
  /** Adds to what the audit entry says: the thing concerned, and counts or names of fields, never content. */
  note(about: { kind: string; id: string | number } | null, detail?: Record<string, unknown>): void;
  /** Says what it changes that is kept in memory too: whoever keeps it hears once this is on record. */
  tell(topic: Topic, ids?: readonly number[]): void;
}

/**
 * One thing that can be done, with what guards it. `Services` are the stores an action needs besides the database.
 */
export interface Action<Services, Input, Output> {
  name: string;
  room: Room;
  purpose: Purpose;
  run(context: ActionContext, services: Services, input: Input): Promise<Output>;
}

const changesOf = (told: Map<Topic, Set<number>>): Change[] => [...told].map(([topic, ids]) => ({ topic, ids: [...ids] }));

/** Who sees some cases and not others: the database is told whose look it is. */
const seesSome: readonly Role[] = ['monitoring-officer', 'offender-manager'];
const seenByOf = ({ role, id }: Actor, room: Room): string => (seesSome.includes(role) && room === 'supervision' ? id : '');

function outcomeOf(error: unknown): AuditFact['outcome'] {
  if (error instanceof NotFoundError) return 'not found';
  if (error instanceof RefusedError) return 'refused';
  return error instanceof InvalidError ? 'invalid' : 'failed';
}

/** Performs actions: policy first, then effect and audit entry in one transaction. */
export class Performer {
  readonly #db: Database;
  readonly #access: AccessPolicy;
  readonly #changes: Changes;
  /** Told within the transaction of what was done, in which room; what it throws undoes it. */
  onDone: (tx: Tx, room: Room, fact: AuditFact) => Promise<void> = async () => undefined;

  constructor(db: Database, access: AccessPolicy, changes: Changes) {
    this.#db = db;
    this.#access = access;
    this.#changes = changes;
  }

  /**
   * @throws RefusedError when the policy says no; NotFoundError and InvalidError from the action itself. Each attempt
   * leaves one audit entry, whatever its outcome.
   */
  async perform<S, I, O>(actor: Actor, action: Action<S, I, O>, services: S, input: I): Promise<O> {
    const decision = this.#access.decide(actor, action.name, action.purpose, action.room);
    let about: AuditFact['about'] = null;
    let detail: Record<string, unknown> = {};
    const told = new Map<Topic, Set<number>>();
    const fact = (outcome: AuditFact['outcome']): AuditFact => ({
      actor: actor.id,
      actorName: actor.name,
      role: actor.role,
      purpose: action.purpose,
      action: action.name,
      about,
      outcome,
      policy: decision.policy,
      detail,
    });
    if (!decision.allowed) {
      await withPurpose(this.#db, action.room, action.purpose, (tx) => appendAudit(tx, [fact('refused')]));
      throw new RefusedError(refusedInWords(actor, decision));
    }
    let output: O;
    try {
      output = await withPurpose(
        this.#db,
        action.room,
        action.purpose,
        async (tx) => {
          const given = await action.run(
            {
              tx,
              actor,
              access: this.#access,
              note: (thing, more = {}) => {
                if (thing) about = { kind: thing.kind, id: String(thing.id) };
                detail = { ...detail, ...more };
              },
              tell: (topic, ids = []) => {
                told.set(topic, new Set([...(told.get(topic) ?? []), ...ids]));
              },
            },
            services,
            input,
          );
          await this.onDone(tx, action.room, fact('done'));
          await appendAudit(tx, [fact('done')]);
          await this.#changes.announce(tx, changesOf(told));
          return given;
        },
        { self: actor.self, seenBy: seenByOf(actor, action.room) },
      );
    } catch (error) {
      const outcome = outcomeOf(error);
      await withPurpose(this.#db, action.room, action.purpose, (tx) => appendAudit(tx, [fact(outcome)]));
      throw error;
    }
    await this.#changes.settle(changesOf(told));
    return output;
  }

  /**
   * Asks the policy alone, before any input is read.
   * @throws RefusedError, with its audit entry, when the policy says no
   */
  async admit(actor: Actor, action: string, room: Room): Promise<void> {
    const decision = this.#access.decide(actor, action, actor.purpose, room);
    if (decision.allowed) return;
    const fact: AuditFact = {
      actor: actor.id,
      actorName: actor.name,
      role: actor.role,
      purpose: actor.purpose,
      action,
      outcome: 'refused',
      policy: decision.policy,
    };
    await withPurpose(this.#db, room, actor.purpose, (tx) => appendAudit(tx, [fact]));
    throw new RefusedError(refusedInWords(actor, decision));
  }
}
