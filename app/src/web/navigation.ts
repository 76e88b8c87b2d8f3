import { purposeOf, type SignInRole } from '../platform/access.ts';
import type { House } from './kit.ts';

interface Link {
  text: string;
  href: string;
  /** Shown to those whom the policy allows this action. */
  action: string;
  room: 'supervision' | 'support' | 'person' | 'oversight';
}

const links: Link[] = [
  { text: 'Start', href: '/me', action: 'own.home', room: 'person' },
  { text: 'My tag', href: '/me/tag', action: 'own.tag', room: 'supervision' },
  { text: 'My support', href: '/me/support', action: 'own.support', room: 'support' },
  { text: 'Who looked', href: '/me/looks', action: 'own.home', room: 'person' },
  { text: 'My questions', href: '/me/questions', action: 'own.home', room: 'person' },
  { text: 'Crimes', href: '/crimes', action: 'crime.list', room: 'supervision' },
  { text: 'Imports', href: '/imports', action: 'import.list', room: 'supervision' },
  { text: 'Runs', href: '/runs', action: 'run.list', room: 'supervision' },
  { text: 'Caseload', href: '/caseload', action: 'caseload.list', room: 'supervision' },
  { text: 'Alerts', href: '/alerts', action: 'alert.list', room: 'supervision' },
  { text: 'Subjects', href: '/subjects', action: 'subject.list', room: 'supervision' },
  { text: 'Visit', href: '/door', action: 'wearing.open', room: 'supervision' },
  { text: 'Tags', href: '/tags', action: 'tag.list', room: 'supervision' },
  { text: 'Zones', href: '/zones', action: 'zone.list', room: 'supervision' },
  { text: 'Questions', href: '/requests', action: 'case.list', room: 'supervision' },
  { text: 'Quarantine', href: '/quarantine', action: 'quarantine.list', room: 'supervision' },
  { text: 'Credentials', href: '/credentials', action: 'gateway.list', room: 'supervision' },
  { text: 'Who is told', href: '/delivery', action: 'delivery.list', room: 'supervision' },
  { text: 'To do', href: '/day', action: 'task.list', room: 'support' },
  { text: 'Who may need help', href: '/finding', action: 'finding.list', room: 'support' },
  { text: 'People', href: '/people', action: 'person.list', room: 'support' },
  { text: 'Allocation', href: '/allocation', action: 'allocation.read', room: 'support' },
  { text: 'Services', href: '/services', action: 'service.list', room: 'support' },
  { text: 'Challenges', href: '/challenges', action: 'challenge.list', room: 'support' },
  { text: 'Questions', href: '/cases', action: 'case.list', room: 'support' },
  { text: 'Decisions', href: '/decisions', action: 'decisions.oversee', room: 'support' },
  { text: 'Instrument', href: '/instrument', action: 'instrument.read', room: 'support' },
  { text: 'Fairness', href: '/fairness', action: 'fairness.read', room: 'support' },
  { text: 'Review', href: '/review', action: 'review.list', room: 'support' },
  { text: 'Sources', href: '/sources', action: 'source.list', room: 'support' },
  { text: 'Audit', href: '/audit', action: 'audit.list', room: 'oversight' },
  { text: 'Unusual looks', href: '/unusual', action: 'audit.unusual', room: 'oversight' },
  { text: 'Sample', href: '/sample', action: 'sample.read', room: 'oversight' },
  { text: 'Reviewers', href: '/reviewers', action: 'decisions.oversee', room: 'supervision' },
  { text: 'Signed in', href: '/sessions', action: 'session.list', room: 'oversight' },
  { text: 'Retention', href: '/retention', action: 'retention.read', room: 'oversight' },
  { text: 'Costs and effects', href: '/worth', action: 'worth.read', room: 'supervision' },
  { text: 'Transparency', href: '/transparency/records', action: 'transparency.read', room: 'oversight' },
  { text: 'Policies', href: '/policies', action: 'policy.read', room: 'oversight' },
];

export interface NavigationItem {
  text: string;
  href: string;
  current: boolean;
}

/** The links that a role may follow. */
export function navigationFor(waymark: House, role: SignInRole, url: string): NavigationItem[] {
  const actor = { role, purpose: purposeOf[role] };
  return links
    .filter(({ action, room }) => waymark.access.decide(actor, action, actor.purpose, room).allowed)
    .map(({ text, href }) => ({
      text,
      href,
      current: url === href || (href !== '/me' && url.startsWith(`${href}/`)) || url.startsWith(`${href}?`),
    }));
}

/** Where a role begins its day. */
export function startOf(waymark: House, role: SignInRole): string {
  return navigationFor(waymark, role, '')[0]?.href ?? '/sign-in';
}
