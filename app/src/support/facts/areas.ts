const longest = 60;

/** An area's name as it is kept: one space between words. */
export function areaName(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** Why a name cannot be an area's; null when it can. */
export function faultOfArea(name: string): string | null {
  if (name.includes(',')) return 'An area has one name, without a comma.';
  return name.length > longest ? `An area's name has at most ${longest} letters.` : null;
}

/** Are two names of one area? Capital letters are no matter. */
export function isSameArea(a: string, b: string): boolean {
  return areaName(a).toLocaleLowerCase('en') === areaName(b).toLocaleLowerCase('en');
}

/** Areas as people write them in one line, apart by commas; each once. */
export function areasIn(text: string): string[] {
  const found: string[] = [];
  for (const part of text.split(',')) {
    const name = areaName(part);
    if (name && !found.some((known) => isSameArea(known, name))) found.push(name);
  }
  return found;
}
