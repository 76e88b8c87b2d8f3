/** What a program's token can be for, in words, and the actions that are part of it. Every action that a program may do over the API is in one of them. */
export const tokenScopes: Record<string, readonly string[]> = {
  'read alerts': ['alert.list', 'alert.read'],
  'read people, rules and compliance': ['subject.list', 'subject.read', 'zone.list', 'compliance.read', 'compliance.list', 'place.list'],
  'read positions': ['caseload.list', 'caseload.watch', 'wearing.read', 'track.read', 'quarantine.list'],
  'send people and rules': ['subject.import'],
  'read crimes and verdicts': ['crime.list', 'crime.read', 'verdict.list'],
  'send crimes': ['crime.import'],
  'read people and their support': [
    'person.list',
    'person.read',
    'finding.list',
    'task.list',
    'challenge.list',
    'service.list',
    'allocation.read',
    'package.read',
  ],
  'read sources and pairs': ['source.list', 'review.list'],
  'read fairness': ['fairness.read'],
  'read the audit': ['audit.list'],
};

const between = '; ';

/** Scopes as a token has them on record; null where none was chosen, which leaves all that the role may. */
export const storedScopes = (scopes: readonly string[]): string | null => (scopes.length > 0 ? scopes.join(between) : null);
export const scopesIn = (stored: string | null): string[] | null => (stored === null ? null : stored.split(between));

/** The actions that a token is for; null where it is for all that its role may. */
export function actionsOf(stored: string | null): readonly string[] | null {
  return scopesIn(stored)?.flatMap((scope) => tokenScopes[scope] ?? []) ?? null;
}
