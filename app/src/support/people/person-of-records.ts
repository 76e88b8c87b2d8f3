import { standardDate, standardName, standardPostcode } from '@waymark/linkage';
import type { Identity, IdentityField } from '../facts/index.ts';

/** What most of a person's records say; of equals what comes first in the alphabet. Null where none says anything. */
export function mostSaid(identities: readonly Identity[], field: IdentityField, plain: (text: string) => string | null): string | null {
  const counts = new Map<string, { count: number; said: string }>();
  for (const identity of identities) {
    const said = identity[field];
    const key = said ? plain(said) : null;
    if (!said || !key) continue;
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { count: 1, said });
  }
  let best: { count: number; said: string } | null = null;
  for (const own of counts.values()) if (!best || own.count > best.count || (own.count === best.count && own.said < best.said)) best = own;
  return best?.said ?? null;
}

/** A person as their records together have them. The birth date is null where none is known, or where records are evenly split. */
export function personOf(identities: readonly Identity[]): { name: string; born: string | null; bornDiffers: boolean } {
  const [forename, surname] = (['forename', 'surname'] as const).map((field) => mostSaid(identities, field, standardName));
  const dates = identities.flatMap(({ date_of_birth: said }) => (said ? [standardDate(said)] : [])).filter((date) => date !== null);
  const counts = new Map<string, number>();
  for (const date of dates) counts.set(date, (counts.get(date) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const isSplit = sorted.length > 1 && sorted[0]?.[1] === sorted[1]?.[1];
  const [first] = sorted[0] ?? [null];
  const isDay =
    first !== null && first !== undefined && !Number.isNaN(Date.parse(first)) && new Date(first).toISOString().startsWith(first);
  return {
    name: [forename, surname].filter(Boolean).join(' ') || 'Name not known',
    born: isSplit || !isDay ? null : (first as string),
    bornDiffers: sorted.length > 1,
  };
}

/**
 * The postcode district in which most records place the home, such as `M14`, so that a team can look through its own patch.
 * No profile and no proposal reads it. Null where none is known.
 */
export function districtOf(identities: readonly Identity[]): string | null {
  const said = mostSaid(identities, 'postcode', standardPostcode);
  return (said ? standardPostcode(said) : null)?.split(' ')[0] ?? null;
}
