import type { KeyObject } from 'node:crypto';
import { CompactSign } from 'jose';
import { canonicalJson } from '../../platform/canonical-json.ts';
import type { EvidenceContent } from './pack-content.ts';

/**
 * The data of a pack as a JSON Web Signature (RFC 7515, compact, EdDSA of RFC 8037) over its canonical form (RFC 8785): what anybody's tools
 * can check. The same content and key always give the same bytes.
 * @param keyId what the key is called, see `keyName`
 */
export async function signPack(content: EvidenceContent, key: KeyObject, keyId: string): Promise<string> {
  return new CompactSign(new TextEncoder().encode(canonicalJson(content)))
    .setProtectedHeader({ alg: 'EdDSA', kid: keyId, typ: 'JOSE', cty: content.format })
    .sign(key);
}
