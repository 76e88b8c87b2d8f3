import { purposeOf, type SignInRole } from '../access.ts';
import { ToldError } from '../told-error.ts';

/** The identity provider vouches for somebody who has no role here, or more than one. */
export class NoRoleError extends ToldError {
  override name = 'NoRoleError';
}

/**
 * What stands at a claim: its name as it is, or a path such as `realm_access.roles`, as Keycloak nests them.
 * @returns undefined where there is nothing
 */
function claimAt(claims: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key) ? (inner as Record<string, unknown>)[key] : undefined,
      claims,
    );
}

/**
 * The one role that somebody has here; what else the provider calls them is nothing to us. Two are refused: whoever had both could see
 * both halves.
 * @throws NoRoleError
 */
export function roleOfClaims(claims: Record<string, unknown>, path: string): SignInRole {
  const claimed = [claimAt(claims, path)].flat();
  const known = [...new Set(claimed.filter((value): value is SignInRole => typeof value === 'string' && Object.hasOwn(purposeOf, value)))];
  if (known.length > 1)
    throw new NoRoleError(
      `Your account has ${known.length} roles in Waymark (${known.join(', ')}), and may have one. Ask your administrator to leave one of them in the claim "${path}".`,
    );
  const [role] = known;
  if (!role)
    throw new NoRoleError(
      `Your account has no role in Waymark. Ask your administrator to set the claim "${path}" to one of: ${Object.keys(purposeOf).join(', ')}.`,
    );
  return role;
}
