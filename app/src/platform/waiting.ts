/** Something that waits for somebody at their work, counted: a line of the page on which they begin. */
export interface Waiting {
  /** What waits, for a number of them: "requests to answer". */
  what: string;
  count: number;
  /** How many of them are the pressing ones, and what that is called: "3 late". */
  pressing?: { count: number; word: string };
  /** Where they are dealt with. */
  href: string;
}

/** What has something that waits, the pressing first, in the order given otherwise; and what has nothing. */
export function inOrder(all: readonly Waiting[]): { waiting: Waiting[]; nothing: Waiting[] } {
  const isPressing = ({ pressing }: Waiting) => (pressing?.count ?? 0) > 0;
  const waiting = all.filter(({ count }) => count > 0);
  return {
    waiting: [...waiting.filter(isPressing), ...waiting.filter((one) => !isPressing(one))],
    nothing: all.filter(({ count }) => count === 0),
  };
}
