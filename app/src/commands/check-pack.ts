import { readFileSync } from 'node:fs';
import { InvalidError } from '../platform/action.ts';
import { keyName, type PackRepetition, readPublicKey, repeatPack } from '../supervision/index.ts';

/** What a pack turned out to be: whether it follows from itself, whether it is whole, and whether anybody vouches for its key. */
export interface PackCheck extends PackRepetition {
  /** Was it put together in this data folder? */
  isKnown: boolean;
  isVouchedFor: boolean;
}

/**
 * Works a pack out again and holds its seal against a key.
 * @param ownKey the data folder's own, or null where it never sealed anything
 * @param keyFile the key that the organisation published; it counts instead of the own one
 * @throws InvalidError when the one file is no pack or the other no key
 */
export function checkPack(file: string, ownKey: string | null, keyFile: string | null): Omit<PackCheck, 'isKnown'> {
  const repeated = repeatPack(readFileSync(file));
  const key = keyFile === null ? ownKey : publicKeyIn(keyFile);
  return { ...repeated, isVouchedFor: key !== null && repeated.key === keyName(key) };
}

function publicKeyIn(path: string): string {
  try {
    return readPublicKey(readFileSync(path, 'utf8'));
  } catch {
    throw new InvalidError(`${path} holds no public key. Take the file that the organisation publishes, evidence-key.pem.`, 'key');
  }
}

export function packCheckInWords(check: PackCheck): string {
  const { verdict, findings, bytes, seal, key, isVouchedFor, isKnown, sameReckoning } = check;
  const lines = [`${check.wearer} and ${check.crime}: ${verdict.recorded} then, ${verdict.now} now`];
  lines.push(
    findings === 'the same'
      ? 'Its findings follow from what stands in it.'
      : `DIFFERENT: its findings do not follow from what stands in it.${sameReckoning ? '' : ' They were worked out by another version of the reckoning than this.'}`,
  );
  if (bytes === 'the same') lines.push('Written down again it is the same, byte for byte.');
  else if (seal === 'whole')
    lines.push('Written down again it differs, because this version lays it out in another way; the seal shows that it is whole.');
  else lines.push('DIFFERENT: written down again it is another file.');
  if (seal === 'missing') lines.push('NOT SEALED: nobody vouches for what stands in it.');
  else if (seal === 'broken') lines.push('BROKEN SEAL: it was changed after it was put together.');
  else if (isVouchedFor) lines.push(`Sealed with the key ${key}, which is the right one.`);
  else lines.push(`Sealed with the key ${key}, FOR WHICH NOBODY VOUCHES HERE: give the key that the organisation publishes, with --key.`);
  lines.push(`Fingerprint ${check.sha256}, ${isKnown ? 'put together here' : 'not put together in this data folder'}.`);
  return `${lines.join('\n')}\n`;
}
