import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { existsSync } from 'node:fs';
import { canonicalJson } from '../../platform/canonical-json.ts';
import type { DataFolder } from '../../platform/data-folder.ts';
import type { EvidenceContent } from './pack-content.ts';
import { signPack } from './sign-pack.ts';

/** What proves that a pack is as it was put together, to whoever knows the key. */
export interface Seal {
  /** The public key, Ed25519, DER in base64. */
  key: string;
  /** SHA-256 of the content, and of the page without its seal. */
  content: string;
  page: string;
  signature: string;
}

export function sha256Of(file: string | Uint8Array): string {
  return createHash('sha256').update(file).digest('hex');
}

/** What a key is called: SHA-256 of its DER form. */
export function keyName(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'base64')).digest('hex');
}

function derOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** The key of a PEM file, as seals name it. @throws when it is no public key */
export function readPublicKey(pem: string): string {
  return derOf(createPublicKey(pem));
}

/** Seals packs with the key of one data folder. */
export class Sealer {
  readonly #key: KeyObject;
  /** The public key, as seals name it. */
  readonly key: string;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.key = derOf(createPublicKey(key));
  }

  /** The key of a data folder; it is made when it is first needed, and is readable by its owner alone. */
  static of(folder: DataFolder): Sealer {
    const pem = folder.once(
      'evidence-key.pem',
      () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    );
    return new Sealer(createPrivateKey(pem));
  }

  /** The public key of a data folder, or null where nothing was ever sealed in it. */
  static keyOf(folder: DataFolder): string | null {
    return existsSync(folder.file('evidence-key.pem')) ? Sealer.of(folder).key : null;
  }

  seal(content: string, page: string): Seal {
    const sealed = { key: this.key, content: sha256Of(content), page: sha256Of(page) };
    return { ...sealed, signature: sign(null, Buffer.from(canonicalJson(sealed)), this.#key).toString('base64') };
  }

  /** The data of a pack as a signature that ordinary tools check, see `sign-pack.ts`. */
  sign(content: EvidenceContent): Promise<string> {
    return signPack(content, this.#key, keyName(this.key));
  }

  publicPem(): string {
    return createPublicKey(this.#key).export({ type: 'spki', format: 'pem' }).toString();
  }
}

/** Was this seal made with the key that it names? */
export function isSealTrue({ signature, ...sealed }: Seal): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(sealed.key, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(canonicalJson(sealed)), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
