import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

/** A mail server on this machine with one mailbox: Dovecot, as mailboxes of agencies run on. */
export interface ImapServer {
  url: string;
  /** Certificates by which its own is checked. */
  certificates: string;
  /** Puts a message in the mailbox, as it came. */
  deliver(source: string): void;
  /** Messages that nobody has read. */
  unread(): number;
  stop(): Promise<void>;
}

const secret = 'a-secret-of-tests';
const program = '/usr/sbin/dovecot';
export const hasDovecot = existsSync(program);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export async function startImap(): Promise<ImapServer> {
  // Dovecot lets nobody be root: started by root, the mailbox is of somebody without rights, who must get to it.
  const isRoot = userInfo().uid === 0;
  const folder = mkdtempSync(join(isRoot ? '/tmp' : tmpdir(), 'waymark-imap-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const mail = join(folder, 'mail');
  for (const name of ['new', 'cur', 'tmp']) mkdirSync(join(mail, name), { recursive: true });
  const key = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'cert.pem', '-days', '2'];
  spawnSync('openssl', [...key, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'], { cwd: folder });
  const { username } = userInfo();
  const [uid, gid] = isRoot ? [65_534, 65_534] : [userInfo().uid, userInfo().gid];
  if (isRoot) for (const name of ['', 'new', 'cur', 'tmp']) chownSync(join(mail, name), uid, gid);
  writeFileSync(
    join(folder, 'dovecot.conf'),
    `
protocols = imap
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
listen = 127.0.0.1
ssl = required
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
mail_location = maildir:${mail}
first_valid_uid = 1
first_valid_gid = 1
${isRoot ? '' : `default_internal_user = ${username}\ndefault_login_user = ${username}\n`}
passdb {
  driver = static
  args = user=crimes password=${secret}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${folder}
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = ${port}
    ssl = yes
  }
  ${isRoot ? '' : 'chroot ='}
}
service anvil {
  ${isRoot ? '' : 'chroot ='}
}
`,
  );
  const server = spawn(program, ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' });
  let number = 0;
  const reaches = () =>
    new Promise<boolean>((resolve) => {
      const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-quiet'], { stdio: ['pipe', 'pipe', 'ignore'] });
      let said = '';
      client.stdout.on('data', (part: Buffer) => {
        said += part.toString();
        if (said.includes('* OK')) client.kill();
      });
      client.on('exit', () => resolve(said.includes('* OK')));
      setTimeout(() => client.kill(), 3000).unref();
    });
  await until(reaches);
  return {
    url: `imaps://crimes:${secret}@127.0.0.1:${port}/INBOX`,
    certificates: join(folder, 'cert.pem'),
    deliver: (source) => {
      const file = join(mail, 'new', `${Date.now()}.${++number}.test`);
      writeFileSync(file, source.replaceAll('\n', '\r\n'));
      if (isRoot) chownSync(file, uid, gid);
    },
    unread: () => readdirSync(join(mail, 'new')).length + readdirSync(join(mail, 'cur')).filter((name) => !/:2,.*S/.test(name)).length,
    stop: async () => {
      server.kill('SIGTERM');
      await new Promise((resolve) => server.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
