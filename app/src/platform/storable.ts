/**
 * Text that every store takes: the character NUL becomes its picture (U+2400), half of a surrogate pair becomes U+FFFD. PostgreSQL takes
 * neither, in text or in JSON; nothing else is changed.
 */
export function storable(text: string): string {
  return text.includes('\0') || !text.isWellFormed() ? text.toWellFormed().replaceAll('\0', '\u2400') : text;
}

/** The same for JSON text, in which they stand as escapes. */
function storableJson(text: string): string {
  return storable(text).replace(/\\(?:u([0-9a-fA-F]{4})(?:\\u([0-9a-fA-F]{4}))?|[^u])/g, (whole, first?: string, second?: string) => {
    if (first === undefined) return whole;
    const isHigh = /^d[89ab]/i.test(first);
    const isLow = /^d[c-f]/i.test(first);
    const isLowNext = second !== undefined && /^d[c-f]/i.test(second);
    if (isHigh && isLowNext) return whole;
    const own = first === '0000' ? '\u2400' : isHigh || isLow ? '\uFFFD' : `\\u${first}`;
    // What follows a lone half is looked at by itself.
    return second === undefined ? own : own + storableJson(`\\u${second}`);
  });
}

const looksEscaped = /\\u(?:0000|[dD][89a-fA-F])/;
const isJson = (text: string): boolean => {
  if (!/^\s*[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** A parameter of a statement as it can be stored; anything but text is left as it is. */
export function storableParameter(value: unknown): unknown {
  if (Array.isArray(value)) return value.some((one) => storableParameter(one) !== one) ? value.map(storableParameter) : value;
  if (typeof value !== 'string') return value;
  const plain = storable(value);
  return looksEscaped.test(plain) && isJson(plain) ? storableJson(plain) : plain;
}
