import { Random, statements, writeSocialCareFile } from '@waymark/town';

/** Writes a social care workbook whose case notes make it as large as asked, from a process of its own. */
const [path = '', seed = '', today = '', cases = '', noteLength = ''] = process.argv.slice(2);
const random = new Random(Number(seed));
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .';
const known = [...statements({ seed: Number(seed), people: 12 * Number(cases), today })]
  .filter(({ agency }) => agency === 'social care')
  .slice(0, Number(cases));
await writeSocialCareFile(path, known, today, () =>
  Array.from({ length: Number(noteLength) }, () => letters[random.integer(0, letters.length - 1)]).join(''),
);
