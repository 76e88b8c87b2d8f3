import { readFileSync } from 'node:fs';
import { createSecureContext, type Server } from 'node:tls';
import { ToldError } from '../../platform/told-error.ts';

/** Where a server's certificate lies, with those between it and its authority, and its private key; PEM. */
export interface TlsFiles {
  certificate: string;
  key: string;
}

/** A certificate or its key cannot be used; the message names the file. */
export class TlsFilesError extends ToldError {
  override name = 'TlsFilesError';
}

/** Renewed certificates are put in place by others: their files are looked at so often, ms. */
const lookAgainMs = 60_000;

/**
 * What stands in the files, tried together.
 * @throws TlsFilesError where one cannot be read, or the two do not belong together
 */
export function readTlsFiles({ certificate, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new TlsFilesError(`${file} cannot be read: ${(error as Error).message}. Name a PEM file that the server’s user may read.`);
    }
  };
  const pair = { cert: read(certificate), key: read(key) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new TlsFilesError(
      `The certificate in ${certificate} and the key in ${key} cannot be used: ${(error as Error).message}. Both must be PEM, and the key that of the first certificate.`,
    );
  }
  return pair;
}

/**
 * Has a server use renewed files without a restart: connections that stand stay, new ones get the new certificate. What cannot be used is
 * told, once, and the certificate before goes on.
 * @returns ends it
 */
export function followTlsFiles(server: Server, files: TlsFiles, onError: (error: unknown) => void, everyMs = lookAgainMs): () => void {
  let known = readTlsFiles(files);
  let told = '';
  const timer = setInterval(() => {
    try {
      const now = readTlsFiles(files);
      told = '';
      if (now.cert.equals(known.cert) && now.key.equals(known.key)) return;
      server.setSecureContext(now);
      known = now;
    } catch (error) {
      if (told !== (error as Error).message) onError(error);
      told = (error as Error).message;
    }
  }, everyMs).unref();
  return () => clearInterval(timer);
}
