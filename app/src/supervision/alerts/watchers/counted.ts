/** How many fixes, in words. */
export const counted = (fixes: number): string => `${fixes} ${fixes === 1 ? 'fix' : 'fixes'}`;
