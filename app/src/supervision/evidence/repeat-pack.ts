import { InvalidError } from '../../platform/action.ts';
import { canonicalJson } from '../../platform/canonical-json.ts';
import { reckoningFingerprint, workOut } from '../verdicts/index.ts';
import type { EvidenceContent } from './pack-content.ts';
import { readPackFile, sealedData, sealedPage } from './pack-file.ts';
import { renderPack } from './render-pack.ts';
import { isSealTrue, keyName, sha256Of } from './seal.ts';

export interface PackRepetition {
  crime: string;
  wearer: string;
  /** SHA-256 of the content as it stands in the file. */
  sha256: string;
  verdict: { recorded: string; now: string };
  /** Do the findings follow from the fixes, the crime and the parameters in the file? */
  findings: 'the same' | 'different';
  /** Did writing it down again give the same file, byte for byte? A later version may lay the page out in another way. */
  bytes: 'the same' | 'different';
  /** Is the file as it was sealed? Who sealed it only the key can say: anybody can seal with a key of their own. */
  seal: 'whole' | 'broken' | 'missing';
  /** What the key of the seal is called, or null where there is none. */
  key: string | null;
  /** Was it worked out then by the very program that works it out now? */
  sameReckoning: boolean;
}

/**
 * Works an evidence pack out again from what stands in it, on any machine, and compares the result with the file. What is true of
 * the world a file cannot show: that its fixes were sent and its reviews were made is vouched for by whoever holds the key.
 * @param file the pack as it was downloaded, the page or the data
 * @throws InvalidError when it is no pack
 */
export function repeatPack(file: Buffer): PackRepetition {
  const text = file.toString('utf8');
  const { kind, content, seal, bare } = readPackFile(text);
  const { findings, written } = again(content, (now) => {
    if (!seal) return kind === 'page' ? renderPack(now) : `${canonicalJson(now)}\n`;
    return kind === 'page' ? sealedPage(renderPack(now), seal) : sealedData(now, seal);
  });
  const sha256 = sha256Of(canonicalJson(content));
  const isWhole =
    seal !== null &&
    isSealTrue(seal) &&
    seal.content === sha256 &&
    (kind === 'data' ? text === sealedData(content, seal) : seal.page === sha256Of(bare));
  return {
    crime: `${content.crime.force} ${content.crime.reference}`.trim(),
    wearer: content.wearer.reference,
    sha256,
    verdict: { recorded: content.findings.verdict, now: findings.verdict },
    findings: canonicalJson(findings) === canonicalJson(content.findings) ? 'the same' : 'different',
    bytes: written === text ? 'the same' : 'different',
    seal: seal === null ? 'missing' : isWhole ? 'whole' : 'broken',
    key: seal === null ? null : keyName(String(seal.key)),
    sameReckoning: content.reckoning === reckoningFingerprint(),
  };
}

function again(content: EvidenceContent, write: (now: EvidenceContent) => string) {
  try {
    const findings = workOut(content.inputs, content.run.parameters);
    return { findings, written: write({ ...content, findings }) };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new InvalidError('A value in this evidence pack cannot be read. Take the file as it was downloaded.', 'file');
  }
}
