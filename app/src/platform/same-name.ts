/** The words of a name without accents and case: Zoë O’Brien-Núñez gives zoe, o, brien, nunez. */
function wordsOf(name: string): string[] {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter(Boolean);
}

/** The last word of the family name, whether it stands last or, as directories write it, before a comma: Okonjo, Maya. */
function lastName(name: string): string {
  const comma = name.indexOf(',');
  return wordsOf(comma > 0 ? name.slice(0, comma) : name).at(-1) ?? '';
}

/** Does somebody look at a person of their own family name? That may be a relative, and is worth a question. */
export function bearSameName(actor: string, person: string): boolean {
  const own = lastName(actor);
  return own.length > 1 && own === lastName(person);
}

/** Whether somebody typed a name as it is on record, whatever case, accents and spaces. An empty name is nobody's. */
export function isNamed(typed: string, name: string): boolean {
  const words = wordsOf(name).join(' ');
  return words !== '' && wordsOf(typed).join(' ') === words;
}
