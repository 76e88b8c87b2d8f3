/** The last word of a name without accents and case: Zoë O’Brien-Núñez gives nunez. */
function lastName(name: string): string {
  const words = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter(Boolean);
  return words.at(-1) ?? '';
}

/** Does somebody look at a person of their own family name? That may be a relative, and is worth a question. */
export function bearSameName(actor: string, person: string): boolean {
  const own = lastName(actor);
  return own.length > 1 && own === lastName(person);
}
