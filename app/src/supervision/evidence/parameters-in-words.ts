import type { PresenceParameters } from '@waymark/presence';

const units: Record<string, string> = { M: 'm', Mps: 'm/s', S: 's' };

/** The parameters of presence as people read them: maxSpeedMps as `max speed, m/s`. */
export function parametersInWords(parameters: PresenceParameters): { name: string; value: number }[] {
  return Object.entries(parameters).map(([key, value]) => {
    const unit = /(Mps|M|S)$/.exec(key)?.[1];
    const words = (unit ? key.slice(0, -unit.length) : key).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    return { name: unit ? `${words}, ${units[unit]}` : words, value };
  });
}
