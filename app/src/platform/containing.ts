/** A pattern of LIKE for whatever contains a text, in which nothing but the ends means anything. */
export const containing = (text: string): string => `%${text.replace(/[%_\\]/g, '\\$&')}%`;
