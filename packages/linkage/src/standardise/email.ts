const junk = /^(none|noemail|no|na|test|unknown|nobody|noreply|no\.?reply)@|@(none|test|example|noemail)\.[a-z]+$/;

/** An e-mail address in lower case; `null` where it has no form of one. Mistyped endings are kept for comparison. */
export function standardEmail(raw: string): string | null {
  const email = raw
    .slice(0, 320)
    .trim()
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/^mailto:/, '');
  return /^[^@]+@[^@]+$/.test(email) && !junk.test(email) ? email : null;
}
