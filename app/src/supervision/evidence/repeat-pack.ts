import { createHash } from 'node:crypto';
import { InvalidError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import type { EvidenceContent } from './pack-content.ts';
import { renderPack } from './render-pack.ts';
import { reckoningFingerprint, workOut } from './work-out.ts';

export interface PackRepetition {
  crime: string;
  wearer: string;
  /** SHA-256 of the content as it should be. */
  sha256: string;
  verdict: { recorded: string; now: string };
  /** Did working it out again, and writing it down again, give the same file, byte for byte? */
  same: boolean;
  /** Was it worked out then by the very program that works it out now? */
  sameReckoning: boolean;
}

/** What stands between these is the pack's content, for machines. */
const opening = '<script type="application/json" id="evidence">';
const closing = '</script>';

/**
 * Works an evidence pack out again from what stands in it, on any machine, and compares the result with the file byte for byte.
 * @param file the pack as it was downloaded, the page or the JSON
 */
export function repeatPack(file: Buffer): PackRepetition {
  const text = file.toString('utf8');
  const isPage = text.trimStart().startsWith('<');
  const content = readContent(text, isPage);
  const findings = workOut(content.inputs, content.run.parameters);
  const now: EvidenceContent = { ...content, findings };
  const written = isPage ? renderPack(now) : packAsJson(now);
  return {
    crime: `${content.crime.force} ${content.crime.reference}`.trim(),
    wearer: content.wearer.reference,
    sha256: createHash('sha256').update(canonicalJson(now)).digest('hex'),
    verdict: { recorded: content.findings.verdict, now: findings.verdict },
    same: written === text,
    sameReckoning: content.reckoning === reckoningFingerprint(),
  };
}

export function packAsJson(content: EvidenceContent): string {
  return `${canonicalJson(content)}\n`;
}

function readContent(text: string, isPage: boolean): EvidenceContent {
  const begin = isPage ? text.indexOf(opening) + opening.length : 0;
  const end = isPage ? text.indexOf(closing, begin) : text.length;
  const broken = 'This is no evidence pack, or it was cut off. Take the file as it was downloaded.';
  if (begin < 0 || end < 0 || (isPage && !text.includes(opening))) throw new InvalidError(broken, 'file');
  let content: EvidenceContent;
  try {
    content = JSON.parse(text.slice(begin, end)) as EvidenceContent;
  } catch {
    throw new InvalidError(broken, 'file');
  }
  const isWhole =
    content?.format === 'waymark-evidence-1' &&
    Array.isArray(content.inputs?.fixes) &&
    content.inputs.crime?.place !== undefined &&
    content.run?.parameters !== undefined &&
    content.wearer !== undefined;
  if (!isWhole) throw new InvalidError(broken, 'file');
  return content;
}
