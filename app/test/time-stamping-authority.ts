import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A time stamping authority (RFC 3161) on this machine: OpenSSL answers each question, with a certificate made for the test. */
export interface TimeStampingAuthority {
  url: string;
  /** Certificates by which its stamps are checked. */
  certificates: string;
  /** What it does with the next questions. */
  mood: 'true' | 'the last answer again' | 'refuses' | 'nonsense' | 'down';
  asked: Buffer[];
  stop(): void;
}

const settings = (folder: string) => `
[tsa]
default_tsa = tsa_config
[tsa_config]
dir = ${folder}
serial = ${folder}/serial
crypto_device = builtin
signer_cert = ${folder}/tsa.pem
certs = ${folder}/tsa.pem
signer_key = ${folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
`;

export async function startAuthority(): Promise<TimeStampingAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-tsa-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  writeFileSync(join(folder, 'tsa.cnf'), settings(folder));
  writeFileSync(join(folder, 'serial'), '01\n');
  writeFileSync(join(folder, 'usage.cnf'), 'extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n');
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=A root for tests',
  );
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/CN=An authority for tests');
  openssl(
    'x509',
    '-req',
    '-in',
    'tsa.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'usage.cnf',
    '-out',
    'tsa.pem',
  );
  let last = Buffer.alloc(0);
  const own: TimeStampingAuthority = { url: '', certificates: join(folder, 'ca.pem'), mood: 'true', asked: [], stop: () => undefined };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      own.asked.push(Buffer.concat(parts));
      if (own.mood === 'down') return response.writeHead(503).end();
      response.setHeader('content-type', 'application/timestamp-reply');
      if (own.mood === 'nonsense') return response.end('It was there.');
      if (own.mood === 'the last answer again') return response.end(last);
      writeFileSync(join(folder, 'question'), own.mood === 'refuses' ? Buffer.from('no question at all') : Buffer.concat(parts));
      openssl('ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'question', '-out', 'answer');
      const answer = readFileSync(join(folder, 'answer'));
      if (own.mood === 'true') last = answer;
      return response.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  own.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  own.stop = () => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return own;
}
