import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { duration, metres } from '@waymark/presence';
import {
  AlignmentType,
  BorderStyle,
  Document,
  Footer,
  HeadingLevel,
  ImageRun,
  Packer,
  PageNumber,
  Paragraph,
  Table,
  TableCell,
  TableRow,
  TextRun,
  WidthType,
} from 'docx';
import { percent } from '../../web/views.ts';
import { noForce } from '../crimes/index.ts';
import { type EvidenceContent, shownOf } from '../evidence/index.ts';
import { pictureOf } from './picture.ts';

/** Who makes the statement, as they gave it. */
export interface Witness {
  name: string;
  occupation: string;
  organisation: string;
  /** Of the name, before the numbers of exhibits. */
  initials: string;
}

/** A file that the statement produces. */
export interface Exhibit {
  name: string;
  what: string;
  sha256: string;
}

export interface StatementInput {
  content: EvidenceContent;
  witness: Witness;
  /** The page, the signed data, and where there is one the time stamp of that. */
  exhibits: readonly Exhibit[];
  /** SHA-256 of the key by which the exhibits are signed. */
  key: string;
}

const drawn = (file: string) => readFileSync(join(import.meta.dirname, '../../web/browser', file), 'utf8');
/** Widest that a picture is on the page, in pixels of a ninety-sixth of an inch. */
const widthOnPage = 560;
/** And a map, which is as high as it is wide. */
const mapOnPage = 340;

/**
 * A witness statement by section 9 of the Criminal Justice Act 1967, with the pictures of the pack, its method, limits and continuity in plain
 * words, and its exhibits with their fingerprints. What it says of the world stands in the pack; the witness reads it, changes what is not so,
 * and signs.
 */
export async function writeStatement({ content, witness, exhibits, key }: StatementInput): Promise<Buffer> {
  const shown = shownOf(content);
  const when = new Intl.DateTimeFormat('en-GB', { timeZone: content.timeZone, dateStyle: 'long', timeStyle: 'long' });
  const at = (value: string) => when.format(new Date(value));
  const { findings, inputs, run, wearer, crime, order } = content;
  const label = (i: number) => `${witness.initials}/${i + 1}`;
  const [page, signed, stamp] = exhibits.map(({ name }) => name);
  const document = new Document({
    title: `Witness statement, ${nameOf(crime)}`,
    creator: witness.name,
    styles: { default: { document: { run: { font: 'Arial', size: 22 }, paragraph: { spacing: { after: 140 } } } } },
    sections: [
      {
        footers: {
          default: new Footer({
            children: [
              new Paragraph({
                children: [
                  new TextRun('Signed: ………………………………      Page '),
                  new TextRun({ children: [PageNumber.CURRENT, ' of ', PageNumber.TOTAL_PAGES] }),
                ],
              }),
            ],
          }),
        },
        children: [
          new Paragraph({ heading: HeadingLevel.HEADING_1, alignment: AlignmentType.CENTER, text: 'WITNESS STATEMENT' }),
          new Paragraph({ alignment: AlignmentType.CENTER, text: 'Criminal Procedure Rules, r. 16.2; Criminal Justice Act 1967, s. 9' }),
          line('Statement of: ', witness.name),
          line('Age if under 18: ', '……………… (write “over 18” if over)'),
          line('Occupation: ', `${witness.occupation}, ${witness.organisation}`),
          text(
            'This statement, which has the number of pages told at their foot, each signed by me, is true to the best of my knowledge and belief and I make it knowing that, if it is tendered in evidence, I shall be liable to prosecution if I have wilfully stated in it anything which I know to be false, or do not believe to be true.',
          ),
          text('Signature: ……………………………………      Date: ……………………'),
          heading('What I can speak to'),
          ...numbered([
            `I speak to positions of the electronic tag ${wearer.tag}, worn by ${wearer.name} (reference ${wearer.reference}) under an order (${order.kind}) made by ${order.authority}. I did not see the events, and I do not know who did what.`,
            `The crime is recorded as ${nameOf(crime)}, version ${crime.version}: ${crime.type}. Its window is from ${at(inputs.crime.from)} to ${at(inputs.crime.to)}. Within ${metres(shown.reachM)} of its recorded place counts as there.`,
            `The finding was worked out by a computer program, Waymark ${run.code} (model ${run.model}), in run ${run.id} on ${at(run.at)}, from the positions that are in exhibit ${label(0)}.`,
            ...content.reviews.map(
              (review) => `${review.by} reviewed it on ${at(review.at)} and decided: ${review.decision}. ${review.reason}`,
            ),
          ]),
          heading('What was found'),
          text(foundInWords(content)),
          ...findings.reasons.map(bullet),
          text(
            `The chance that the tag was within ${metres(shown.reachM)} of the place at some moment of the window is reckoned at ${percent(findings.probability.window)}; at the crime’s own moment, whichever it was, at ${percent(findings.probability.moment)}. In the window ${findings.fixes} positions were received.`,
          ),
          ...(await pictures(shown)),
          heading('How it was worked out'),
          ...methodInWords(content).map(bullet),
          heading('What this does not show'),
          ...content.caveats.map(bullet),
          bullet('Between two positions nothing was observed.'),
          bullet(`Positions that arrived after run ${run.id} are not in it.`),
          heading('Continuity'),
          text(
            'Each step below stands in a chain in which every entry has the fingerprint of the one before: an entry that is changed or left out is noticed.',
          ),
          table(
            ['Entry', 'When', 'Who', 'What', 'In the chain'],
            content.audit.map((entry) => [
              String(entry.seq),
              at(entry.at),
              `${entry.name}, ${entry.role}`,
              entry.action,
              `${entry.hash.slice(0, 16)}…`,
            ]),
          ),
          heading('Exhibits'),
          table(
            ['Exhibit', 'File', 'What it is', 'SHA-256'],
            exhibits.map(({ name, what, sha256 }, i) => [label(i), name, what, sha256]),
          ),
          text(`I produce these as exhibits ${new Intl.ListFormat('en-GB').format(exhibits.map((_, i) => label(i)))}.`),
          heading('How they can be checked'),
          text(`The signing key is called ${key}. It is published by ${witness.organisation} as evidence-key.pem. With ordinary tools:`),
          ...checkCommands(signed ?? 'pack.jws').map(code),
          ...(stamp
            ? [
                text('And, with the certificates of whoever stamped it:'),
                code(`openssl ts -verify -data ${signed} -in ${stamp} -CAfile authority.pem`),
              ]
            : []),
          text('The defence may work the finding out again from exhibit 1 on any machine, with the same program:'),
          code(`waymark evidence rerun ${page ?? 'pack.html'} --key evidence-key.pem`),
          text('Signature: ……………………………………      Date: ……………………'),
        ],
      },
    ],
  });
  return Packer.toBuffer(document);
}

/** Checks a signed pack with OpenSSL 3 and no other tool. */
export const checkCommands = (file: string): string[] => [
  `sha256sum ${file}`,
  `cut -d. -f1,2 ${file} | tr -d '\\n' > signed`,
  `(cut -d. -f3 ${file} | tr -d '\\n' | tr '_-' '/+'; echo '==') | base64 -d > signature`,
  'openssl pkeyutl -verify -pubin -inkey evidence-key.pem -rawin -in signed -sigfile signature',
];

function foundInWords({ findings, wearer }: EvidenceContent): string {
  switch (findings.verdict) {
    case 'present':
      return `The positions place the tag of ${wearer.name} at or near the recorded place in the window.`;
    case 'excluded':
      return `The positions rule out that the tag of ${wearer.name} was at the recorded place in the window (${findings.strength}).`;
    default:
      return `The positions do not decide whether the tag of ${wearer.name} was at the recorded place in the window.`;
  }
}

function methodInWords({ run, inputs }: EvidenceContent): string[] {
  const { clockS } = inputs.wearing;
  const { parameters } = run;
  return [
    'Each position is an estimate with an error. The program allows for more than the receiver itself states.',
    'Between two positions a tag can only be where it could have got to in the time between them. A place outside all of that was out of reach.',
    'Within it, the chance follows from how far people were seen to leave the straight line between two positions, in recorded movement of other people.',
    `A chance of ${percent(parameters.presentProbability)} or more with a position whose own error reaches the place, or with positions close in time, is called present; one below ${percent(parameters.excludedProbability)} with the whole window covered is called excluded; everything else is called unknown.`,
    'Nobody is ruled out by seconds: clocks of the tag and of the crime are allowed to differ.',
    ...(clockS
      ? [
          `The clock of this tag may be up to ${duration(clockS)} out, as its positions came in too early or always late. Times were taken with as much room.`,
        ]
      : []),
  ];
}

async function pictures({ maps, distance }: ReturnType<typeof shownOf>): Promise<Paragraph[]> {
  const all = [
    ...maps.map(({ title, svg }) => ({
      title: `${title}: positions with their accuracy circles, dark in the window, pale before and after it`,
      svg,
      css: drawn('pack-map.css'),
    })),
    ...(distance
      ? [
          {
            title:
              'Distance from the place against time: each dot a position, the pale band all that was possible between them, the darker one where somebody is in 19 of 20 such gaps, the strip at the bottom within reach of the place, dashed lines the window',
            svg: distance,
            css: drawn('distance-plot.css'),
          },
        ]
      : []),
  ];
  const paragraphs: Paragraph[] = [];
  for (const { title, svg, css } of all) {
    const { png, width, height } = await pictureOf(svg, css);
    const scale = Math.min(1, (width === height ? mapOnPage : widthOnPage) / width);
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    paragraphs.push(
      new Paragraph({
        keepNext: true,
        children: [new ImageRun({ type: 'png', data: png, transformation: size, altText: { title, description: title, name: title } })],
      }),
      new Paragraph({ children: [new TextRun({ text: `${title}.`, size: 18 })] }),
    );
  }
  return paragraphs;
}

const nameOf = ({ force, reference }: EvidenceContent['crime']) => (force === noForce ? reference : `${force} ${reference}`);
const heading = (words: string) =>
  new Paragraph({ heading: HeadingLevel.HEADING_2, text: words, keepNext: true, spacing: { before: 240, after: 120 } });
const text = (words: string) => new Paragraph({ text: words });
const bullet = (words: string) => new Paragraph({ text: words, bullet: { level: 0 } });
const line = (name: string, value: string) => new Paragraph({ children: [new TextRun({ text: name, bold: true }), new TextRun(value)] });
const numbered = (all: readonly string[]) => all.map((words, i) => new Paragraph({ text: `${i + 1}.  ${words}` }));
const code = (words: string) => new Paragraph({ children: [new TextRun({ text: words, font: 'Courier New', size: 18 })] });

function table(head: string[], rows: string[][]): Table {
  const border = { style: BorderStyle.SINGLE, size: 4, color: '999999' };
  const cell = (words: string, bold: boolean) =>
    new TableCell({
      borders: { top: border, bottom: border, left: border, right: border },
      margins: { left: 80, right: 80, top: 40, bottom: 40 },
      children: [new Paragraph({ spacing: { after: 0 }, children: [new TextRun({ text: words, bold, size: 18 })] })],
    });
  return new Table({
    width: { size: 100, type: WidthType.PERCENTAGE },
    rows: [
      new TableRow({ tableHeader: true, children: head.map((words) => cell(words, true)) }),
      ...rows.map((cells) => new TableRow({ cantSplit: true, children: cells.map((words) => cell(words, false)) })),
    ],
  });
}
