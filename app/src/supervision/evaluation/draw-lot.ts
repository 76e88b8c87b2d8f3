import { createHash } from 'node:crypto';

const drawn = (seed: string, unit: string) => createHash('sha256').update(`${seed} ${unit}`).digest();

/** In which order teams get what is tried, by the seed that was drawn at registration. Same seed and teams, same order. */
export const orderOfTeams = (seed: string, teams: readonly string[]): string[] =>
  [...teams].sort((a, b) => Buffer.compare(drawn(seed, `team ${a}`), drawn(seed, `team ${b}`)));

/** From which period on somebody has it where the others wait: 1 or 2. It depends on them alone, whoever else takes part. */
export const halfOf = (seed: string, subject: number): 1 | 2 => ((drawn(seed, `person ${subject}`)[0] as number) & 1 ? 2 : 1);
