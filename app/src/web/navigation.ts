import type { FastifyContextConfig } from 'fastify';
import { purposeOf, type SignInRole } from '../platform/access.ts';
import type { House } from './kit.ts';

export interface NavigationItem {
  text: string;
  href: string;
  current: boolean;
}

/** A page that has a place in the menu, as its route says. */
export interface MenuPage {
  href: string;
  text: string;
  rank: number;
  /** Shown to those whom the policy allows this action. */
  action: string;
  room: NonNullable<FastifyContextConfig['room']>;
  /** In any of which the action may be allowed, where it is one of several rooms. */
  rooms?: readonly NonNullable<FastifyContextConfig['room']>[];
}

/** The menu, from the routes that ask for a place in it. */
export function menuOf(routes: readonly { method: string; url: string; config?: FastifyContextConfig }[]): MenuPage[] {
  return routes
    .flatMap(({ method, url, config }): MenuPage[] =>
      config?.menu && method === 'GET'
        ? [{ href: url, room: config.room ?? 'supervision', action: config.action ?? '', ...config.menu }]
        : [],
    )
    .sort((a, b) => a.rank - b.rank);
}

/** The pages of the menu that a role may open. */
export function navigationFor(
  { access }: Pick<House, 'access'>,
  menu: readonly MenuPage[],
  role: SignInRole,
  url: string,
): NavigationItem[] {
  const actor = { role, purpose: purposeOf[role] };
  return menu
    .filter(({ action, room, rooms = [room] }) => rooms.some((one) => access.decide(actor, action, actor.purpose, one).allowed))
    .map(({ text, href }) => ({
      text,
      href,
      current: url === href || (href !== '/me' && url.startsWith(`${href}/`)) || url.startsWith(`${href}?`),
    }));
}

/** Where a role begins its day. */
export function startOf(house: Pick<House, 'access'>, menu: readonly MenuPage[], role: SignInRole): string {
  return navigationFor(house, menu, role, '')[0]?.href ?? '/sign-in';
}
