/** How long ago something was, as short as a list needs it: 4 min, 2 h 10, 3 days. */
export function ageInWords(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${minutes % 60 > 0 && minutes < 600 ? ` ${minutes % 60}` : ''}`;
  return `${Math.floor(minutes / 1440)} days`;
}
