import { InvalidError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import { type EvidenceContent, packFormat } from './pack-content.ts';
import type { Seal } from './seal.ts';

/** What stands between these in a page is the pack's content, and its seal, for machines. */
const content = { opening: '<script type="application/json" id="evidence">', closing: '</script>' };
const seal = { opening: '<script type="application/json" id="seal">', closing: '</script>' };

/** A pack as it was read from a file. */
export interface ReadPack {
  kind: 'page' | 'data';
  content: EvidenceContent;
  seal: Seal | null;
  /** The page without its seal; empty for data. */
  bare: string;
}

/** The page as it leaves: with its seal. */
export function sealedPage(bare: string, own: Seal): string {
  return bare.replace(`${seal.opening}${seal.closing}`, `${seal.opening}${canonicalJson(own)}${seal.closing}`);
}

/** The pack as data, as it leaves. */
export function sealedData(own: EvidenceContent, by: Seal): string {
  return `${canonicalJson({ ...own, seal: by })}\n`;
}

/** @throws InvalidError when the file is no evidence pack, or was cut off */
export function readPackFile(text: string): ReadPack {
  const broken = () => new InvalidError('This is no evidence pack, or it was cut off. Take the file as it was downloaded.', 'file');
  const isPage = text.trimStart().startsWith('<');
  try {
    const all = JSON.parse(isPage ? between(text, content).inside : text) as EvidenceContent & { seal?: Seal };
    const { seal: inData, ...own } = all;
    const isWhole =
      own.format === packFormat &&
      Array.isArray(own.inputs?.fixes) &&
      own.inputs.fixes.every((fix) => Array.isArray(fix) && fix.length === 5) &&
      [own.crime, own.wearer, own.findings, own.inputs.crime?.place, own.run?.parameters].every((part) => typeof part === 'object' && part);
    if (!isWhole) throw broken();
    if (!isPage) return { kind: 'data', content: own, seal: inData ?? null, bare: '' };
    const { before, inside, after } = between(text, seal);
    return {
      kind: 'page',
      content: own,
      seal: inside === '' ? null : (JSON.parse(inside) as Seal),
      bare: `${before}${seal.opening}${seal.closing}${after}`,
    };
  } catch (error) {
    throw error instanceof InvalidError ? error : broken();
  }
}

function between(text: string, { opening, closing }: typeof content): { before: string; inside: string; after: string } {
  const begin = text.indexOf(opening);
  const end = text.indexOf(closing, begin + opening.length);
  if (begin < 0 || end < 0)
    throw new InvalidError('This is no evidence pack, or it was cut off. Take the file as it was downloaded.', 'file');
  return { before: text.slice(0, begin), inside: text.slice(begin + opening.length, end), after: text.slice(end + closing.length) };
}
