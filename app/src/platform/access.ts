import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';

export const roles = [
  'monitoring-officer',
  'crime-analyst',
  'offender-manager',
  'governor',
  'support-worker',
  'support-lead',
  'data-steward',
  'fairness-auditor',
  'auditor',
  'administrator',
] as const;
export type StaffRole = (typeof roles)[number];
/** Who can sign in: staff, and the people in the data, who see what is held of themselves. */
export type SignInRole = StaffRole | 'person';
/** Beside them: a tag or gateway that sends fixes, the person at the machine's own console, and the server's own jobs. */
export type Role = SignInRole | 'device' | 'operator' | 'system';

export const purposes = [
  'monitoring',
  'crime-matching',
  'offender-management',
  'release-planning',
  'support',
  'record-linkage',
  'fairness',
  'oversight',
  'administration',
  'ingest',
  'self',
  'retention',
] as const;
export type Purpose = (typeof purposes)[number];

/** Who acts, and what for. */
export interface Actor {
  id: string;
  name: string;
  role: Role;
  /** The purpose that the actor is working for; a role's own when nothing else is chosen. */
  purpose: Purpose;
  /** Of a program whose token is for some things alone: the actions that it is for. */
  may?: readonly string[] | null;
  /** Of somebody who looks at themselves: the key by which one half knows their account. */
  self?: string;
}

/** Does a program act, by a token, rather than somebody who signed in? */
export function isProgram(actor: { id?: string }): boolean {
  return actor.id?.startsWith('token:') ?? false;
}

export const purposeOf: Record<SignInRole, Purpose> = {
  person: 'self',
  'monitoring-officer': 'monitoring',
  'crime-analyst': 'crime-matching',
  'offender-manager': 'offender-management',
  governor: 'release-planning',
  'support-worker': 'support',
  'support-lead': 'support',
  'data-steward': 'record-linkage',
  'fairness-auditor': 'fairness',
  auditor: 'oversight',
  administrator: 'administration',
};

/** Somebody's case, as far as it says who may look at it. */
export interface CaseStanding {
  /** Whether it is anybody's at all: where nobody keeps caseloads, all cases are everybody's. */
  hasOwner: boolean;
  /** It is in the hands of a team whose people others do not see. */
  isClosed: boolean;
  /** Only who is named may see it. */
  isRestricted: boolean;
  /** Whoever asks is of its team. */
  inTeam: boolean;
  /** Whoever asks holds it, covers it, or is named. */
  isNamed: boolean;
  /** Whoever asks has said why they look, or is a program, which cannot. */
  hasSaidWhy: boolean;
}

export interface Decision {
  allowed: boolean;
  /** Id of the policy that decided, or null when none applied. */
  policy: string | null;
}

export interface PolicyText {
  id: string;
  file: string;
  text: string;
  /** What it is for, in the words that stand above it in its file. */
  words: string;
}

/** Actions that only read bear it in their names; policies may speak of all of them as `Action::"reading"`. */
const isReading = (action: string): boolean => /\.(list|read|watch)$/.test(action);

const folder = join(import.meta.dirname, '../../policies');

/** Reads the policy files; every policy carries its own @id, which refusals name. */
export function readPolicies(): PolicyText[] {
  const policies: PolicyText[] = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.cedar'))
    .sort()) {
    const source = readFileSync(join(folder, file), 'utf8');
    const parts = cedar.policySetTextToParts(source);
    if (parts.type === 'failure') throw new Error(`Policy file ${file} cannot be read: ${parts.errors.map((e) => e.message).join('; ')}`);
    for (const text of parts.policies) {
      const id = /@id\("([^"]+)"\)/.exec(text)?.[1];
      if (!id) throw new Error(`A policy in ${file} has no @id`);
      policies.push({ id, file, text, words: wordsAbove(source, id) });
    }
  }
  return policies;
}

/** The comment above a policy, as one text. */
function wordsAbove(source: string, id: string): string {
  const lines = source
    .slice(0, source.indexOf(`@id("${id}")`))
    .trimEnd()
    .split('\n');
  const first = lines.findLastIndex((line) => !line.startsWith('//')) + 1;
  return lines
    .slice(first)
    .map((line) => line.replace(/^\/\/\s?/, ''))
    .join(' ');
}

/** The access policy: the only place that says who may do what, and for which purpose. */
export class AccessPolicy {
  readonly policies: PolicyText[];
  readonly #set: string;
  readonly #known = new Map<string, Decision>();

  constructor(policies: PolicyText[] = readPolicies()) {
    this.policies = policies;
    this.#set = `waymark-${Math.random()}`;
    const parsed = cedar.preparsePolicySet(this.#set, { staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])) });
    if (parsed.type === 'failure') throw new Error(`The access policies cannot be read: ${parsed.errors.map((e) => e.message).join('; ')}`);
  }

  /**
   * Whether an officer may look at one case, after their role is allowed it. The database hides what may not be seen by itself; this
   * says why, and asks for a reason where the case is another's.
   */
  decideCase(standing: CaseStanding): Decision {
    const { inTeam, isNamed, hasSaidWhy, ...attrs } = standing;
    const officer = { type: 'Officer', id: 'who asks' };
    const team = { type: 'Team', id: 'its team' };
    const resource = { type: 'Case', id: 'the case' };
    const answer = cedar.statefulIsAuthorized({
      principal: officer,
      action: { type: 'Action', id: 'case.look' },
      resource,
      context: { has_said_why: hasSaidWhy },
      preparsedPolicySetId: this.#set,
      entities: [
        { uid: officer, attrs: {}, parents: inTeam ? [team] : [] },
        { uid: team, attrs: {}, parents: [] },
        {
          uid: resource,
          attrs: {
            has_owner: attrs.hasOwner,
            is_closed: attrs.isClosed,
            is_restricted: attrs.isRestricted,
            team: { __entity: team },
            named: isNamed ? [{ __entity: officer }] : [],
          },
          parents: [],
        },
      ],
    });
    if (answer.type === 'failure') throw new Error(`Access policy failed: ${answer.errors.map((e) => e.message).join('; ')}`);
    const { decision, diagnostics } = answer.response;
    return { allowed: decision === 'allow', policy: diagnostics.reason[0] ?? null };
  }

  /** Decisions turn on role, purpose, action, room, whether a program asks and what for, so each combination is asked once. */
  decide(actor: Pick<Actor, 'role' | 'purpose' | 'may'> & { id?: string }, action: string, purpose: Purpose, room: string): Decision {
    const isOutOfScope = actor.may ? !actor.may.includes(action) : false;
    const key = `${actor.role}|${actor.purpose}|${action}|${purpose}|${room}|${isProgram(actor)}|${isOutOfScope}`;
    const known = this.#known.get(key);
    if (known) return known;
    const principal = { type: 'Role', id: actor.role };
    const resource = { type: 'Room', id: room };
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: { type: 'Action', id: action },
      resource,
      context: { purpose, working_for: actor.purpose, is_program: isProgram(actor), out_of_scope: isOutOfScope },
      preparsedPolicySetId: this.#set,
      entities: [
        { uid: principal, attrs: {}, parents: [] },
        { uid: resource, attrs: {}, parents: [] },
        { uid: { type: 'Action', id: action }, attrs: {}, parents: isReading(action) ? [{ type: 'Action', id: 'reading' }] : [] },
      ],
    });
    if (answer.type === 'failure') throw new Error(`Access policy failed: ${answer.errors.map((e) => e.message).join('; ')}`);
    const { decision, diagnostics } = answer.response;
    const result = { allowed: decision === 'allow' && actor.purpose === purpose, policy: diagnostics.reason[0] ?? null };
    this.#known.set(key, result);
    return result;
  }
}
