import { constants, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { type OpenDatabase, openDatabase } from '../src/platform/database.ts';
import { migrate } from '../src/platform/migrate.ts';
import { type Serving, serve } from '../src/serve.ts';

/** A folder that goes with the test. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'waymark-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Puts the empty, migrated stores into a folder, where there is a template: see `migrated-template.ts`. */
export function fillFromTemplate(folder: string): void {
  const template = process.env.WAYMARK_TEST_TEMPLATE;
  if (template) cpSync(template, folder, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/** Embedded records with all tables and nothing in them, and how to be rid of them. */
export async function recordsForTest(): Promise<OpenDatabase> {
  const folder = temporaryFolder();
  fillFromTemplate(folder.path);
  const database = await openDatabase({ folder: join(folder.path, 'records') });
  await migrate(database.db);
  return {
    ...database,
    close: async () => {
      await database.close();
      folder.remove();
    },
  };
}

/** A whole Waymark on a free port with an empty folder of its own. */
export async function serveForTest(env: Record<string, string> = {}): Promise<Serving & { end(): Promise<void> }> {
  const folder = temporaryFolder();
  if (!env.DATABASE_URL) fillFromTemplate(folder.path);
  const config = readConfig({
    NODE_ENV: 'test',
    WAYMARK_DATA: folder.path,
    WAYMARK_PORT: '0',
    WAYMARK_MQTT_PORT: '0',
    WAYMARK_LOG: 'silent',
    WAYMARK_DEMO: 'no',
    WAYMARK_ENGINE_MB: '256',
    WAYMARK_RATE_LIMIT: '100000',
    ...env,
  });
  const serving = await serve(config);
  return {
    ...serving,
    end: async () => {
      await serving.stop();
      folder.remove();
    },
  };
}

/** Keeps cookies between requests, as a browser would. */
export class Visitor {
  readonly #base: string;
  readonly #cookies = new Map<string, string>();

  constructor(base: string) {
    this.#base = base;
  }

  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(path, this.#base);
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers ?? {}), cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const at = pair.indexOf('=');
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** Follows redirects; gives the last answer. */
  async follow(path: string): Promise<Response> {
    let response = await this.request(path);
    for (let i = 0; i < 10 && response.status >= 300 && response.status < 400; i++) {
      response = await this.request(response.headers.get('location') ?? '/');
    }
    return response;
  }

  /** Signs in through the whole of OpenID Connect as one of the demo accounts. */
  async signIn(account: string): Promise<void> {
    let response = await this.request('/sign-in/start?to=/');
    let location = '';
    for (let i = 0; i < 10 && response.status >= 300 && response.status < 400; i++) {
      location = response.headers.get('location') ?? '/';
      if (location.includes('/demo-sign-in/')) {
        await this.request(location);
        response = await this.request(location, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({ account }),
        });
      } else response = await this.request(location);
    }
    if (response.status !== 200)
      throw new Error(`Signing in as ${account} ended with ${response.status} at ${location}: ${await response.text()}`);
  }

  /** The token that forms of this session carry. */
  async csrf(path: string): Promise<string> {
    const html = await (await this.follow(path)).text();
    return /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
  }
}
