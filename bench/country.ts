/** A country's fleet for a benchmark: so many wearers, and a fix of each every minute. */
export const wearers = 20_000;
export const minutesADay = 1440;
