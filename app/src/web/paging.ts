/** Paging and sorting as they stand in an address. */
export const pageSize = 50;

export interface PageQuery {
  search?: string;
  page: number;
  limit: number;
  offset: number;
}

export function readPage(query: unknown): PageQuery {
  const { search, page } = (query ?? {}) as { search?: string; page?: string };
  const number = Math.max(1, Math.min(100_000, Math.trunc(Number(page)) || 1));
  const text = typeof search === 'string' ? search.trim().slice(0, 100) : '';
  return { search: text === '' ? undefined : text, page: number, limit: pageSize, offset: (number - 1) * pageSize };
}

/** The address asks for a page after the last: whoever followed it is taken to the last, and never told that there is nothing. */
export class PastLastPageError extends Error {
  override name = 'PastLastPageError';
  readonly lastPage: string;
  constructor(lastPage: string) {
    super('There are fewer pages than that.');
    this.lastPage = lastPage;
  }
}

/**
 * What the pagination part of a page needs: links to nearby pages that keep the rest of the address.
 * @throws PastLastPageError
 */
export function pagination(path: string, query: unknown, page: number, total: number, size = pageSize): object | null {
  const href = (n: number) => {
    const next = new URLSearchParams(
      Object.entries((query ?? {}) as Record<string, string>).filter(([, value]) => typeof value === 'string'),
    );
    next.set('page', String(n));
    return `${path}?${next}`;
  };
  const pages = Math.ceil(total / size);
  if (page > Math.max(1, pages)) throw new PastLastPageError(href(Math.max(1, pages)));
  if (pages <= 1) return null;
  const near = [...new Set([1, page - 1, page, page + 1, pages])].filter((n) => n >= 1 && n <= pages);
  const items = near.flatMap((n, i) => [
    ...(i > 0 && n - (near[i - 1] as number) > 1 ? [{ ellipsis: true }] : []),
    { number: n, href: href(n), current: n === page },
  ]);
  return {
    items,
    ...(page > 1 ? { previous: { href: href(page - 1) } } : {}),
    ...(page < pages ? { next: { href: href(page + 1) } } : {}),
  };
}

/** A heading that sorts: where its link leads, and which way it sorts now. */
export function sortLink(
  path: string,
  query: unknown,
  column: string,
  current: string,
  descending: boolean,
): { href: string; direction: string } {
  const next = new URLSearchParams(
    Object.entries((query ?? {}) as Record<string, string>).filter(([, value]) => typeof value === 'string'),
  );
  next.delete('page');
  next.set('sort', column);
  next.set('order', current === column && !descending ? 'down' : 'up');
  return { href: `${path}?${next}`, direction: current === column ? (descending ? 'descending' : 'ascending') : 'none' };
}
