import { createHash, randomBytes } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

/** An authority's answer, whole, and when it says that the data was there. */
export interface TimeStamp {
  answer: Uint8Array;
  at: Date;
}

const sha256Oid = '2.16.840.1.101.3.4.2.1';
const answersWithinMs = 15_000;
/** An answer with certificates in it has a few thousand bytes. */
const answerAtMost = 200_000;

/** The authority did not stamp what it was asked to; the message says why. */
export class StampError extends Error {
  override name = 'StampError';
}

/**
 * Asks a time stamping authority (RFC 3161, over HTTP) to stamp the SHA-256 of some bytes; nothing of the bytes leaves. Its answer is compared
 * with what was asked: the same fingerprint, the same nonce, granted. Whether the authority may be believed is for whoever checks it, with its
 * certificates: `openssl ts -verify`.
 *
 * @throws StampError where it does not answer, refuses, or answers something else
 */
export async function requestStamp(url: string, bytes: Uint8Array): Promise<TimeStamp> {
  const imprint = createHash('sha256').update(bytes).digest();
  // A whole number that is not negative: its first bit is not set.
  const nonce = randomBytes(8);
  nonce[0] = ((nonce[0] as number) & 0x7f) | 0x40;
  const request = new pkijs.TimeStampReq({
    version: 1,
    messageImprint: new pkijs.MessageImprint({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: sha256Oid, algorithmParams: new asn1js.Null() }),
      hashedMessage: new asn1js.OctetString({ valueHex: imprint }),
    }),
    nonce: new asn1js.Integer({ valueHex: nonce }),
    certReq: true,
  });
  const answer = await sent(url, new Uint8Array(request.toSchema().toBER(false)));
  const info = infoOf(answer);
  const isSame = (a: ArrayBuffer | Uint8Array, b: Uint8Array) => Buffer.from(a as Uint8Array).equals(Buffer.from(b));
  if (
    !isSame(info.messageImprint.hashedMessage.valueBlock.valueHexView, imprint) ||
    info.messageImprint.hashAlgorithm.algorithmId !== sha256Oid
  )
    throw new StampError('it stamped something else than what it was asked to');
  if (!info.nonce || !isSame(info.nonce.valueBlock.valueHexView, nonce)) throw new StampError('its answer is not to this question');
  return { answer, at: info.genTime };
}

async function sent(url: string, body: Uint8Array): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: body as Uint8Array<ArrayBuffer>,
      redirect: 'error',
      signal: AbortSignal.timeout(answersWithinMs),
    });
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    throw new StampError(
      name === 'TimeoutError'
        ? `it did not answer within ${answersWithinMs / 1000} seconds`
        : `it cannot be reached (${cause?.code ?? name})`,
    );
  }
  if (!response.ok) throw new StampError(`it answered ${response.status}`);
  const answer = new Uint8Array(await response.arrayBuffer());
  if (answer.length > answerAtMost) throw new StampError('its answer is too long');
  return answer;
}

/** What an answer says was stamped. @throws StampError where it is none, or says no */
function infoOf(answer: Uint8Array): pkijs.TSTInfo {
  let response: pkijs.TimeStampResp;
  try {
    response = pkijs.TimeStampResp.fromBER(answer as Uint8Array<ArrayBuffer>);
  } catch {
    throw new StampError('its answer is no time stamp');
  }
  const { status, timeStampToken } = response;
  if (status.status > 1 || !timeStampToken) {
    const why = status.statusStrings?.map((own) => String(own.valueBlock.value)).join(' ');
    throw new StampError(`it refused${why ? `: ${why.slice(0, 200)}` : ''}`);
  }
  try {
    const signed = new pkijs.SignedData({ schema: timeStampToken.content });
    const content = signed.encapContentInfo.eContent?.getValue();
    if (!content) throw new StampError('its answer has no time in it');
    return pkijs.TSTInfo.fromBER(content);
  } catch (error) {
    throw error instanceof StampError ? error : new StampError('its answer is no time stamp');
  }
}
