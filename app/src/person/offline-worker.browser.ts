/**
 * What somebody last saw of their own pages is there without a line, for a day: each page is encrypted with a key of this device that no
 * script can read out, and is shown again only where the server cannot be reached. Nothing of it is kept unless the person asked for it
 * on this device; it goes when they sign out, when somebody else signs in, and after a day.
 */
export {};

/** What of a service worker's world is used here; the compiler's own names are those of a page. */
interface Extendable extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
const worker = globalThis as unknown as {
  addEventListener(name: 'install' | 'activate', listen: (event: Extendable) => void): void;
  addEventListener(name: 'fetch', listen: (event: Fetching) => void): void;
  addEventListener(name: 'message', listen: (event: Extendable & { data: unknown; ports: readonly MessagePort[] }) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
};

interface KeptPage {
  path: string;
  who: string;
  at: number;
  iv: Uint8Array<ArrayBuffer>;
  bytes: ArrayBuffer;
}

/** Where to be and when; not where they were, and not who looked. */
const keptPaths = new Set(['/me', '/me/tag', '/me/appointments', '/me/requests', '/me/reminders']);
const keptMs = 86_400_000;
/** Without an answer for so long there is no line. */
const patienceMs = 8000;
const assetCache = 'waymark-assets';

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('waymark-own', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('pages', { keyPath: 'path' });
      request.result.createObjectStore('key');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function inStore<T>(name: 'pages' | 'key', mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = work(database.transaction(name, mode).objectStore(name));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    database.close();
  }
}

async function keyOfDevice(): Promise<CryptoKey> {
  const known = await inStore<CryptoKey | undefined>('key', 'readonly', (store) => store.get('own'));
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  await inStore('key', 'readwrite', (store) => store.put(made, 'own'));
  return made;
}

/** How often all was to be forgotten since this worker started: what was on its way before that is not kept any more. */
let timesForgotten = 0;
let last: Promise<unknown> = Promise.resolve();

/** One after the other, so that nothing is written behind what deletes it; null where all was to be forgotten since `asOf`. */
function inTurn<T>(asOf: number, work: () => Promise<T>): Promise<T | null> {
  const turn = last.then(() => (asOf === timesForgotten ? work() : null));
  last = turn.catch(() => undefined);
  return turn;
}

/** Nothing is left, not even where it was; what is on its way is not kept. */
function leaveNothing(): Promise<unknown> {
  timesForgotten += 1;
  return inTurn(timesForgotten, async () => {
    await caches.delete(assetCache);
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase('waymark-own');
      request.onsuccess = () => resolve();
      request.onerror = () => reject(request.error);
    });
  });
}

async function forgetAll(): Promise<void> {
  await inStore('pages', 'readwrite', (store) => store.clear());
  await inStore('key', 'readwrite', (store) => store.clear());
  await caches.delete(assetCache);
}

async function forgetOld(now: number): Promise<void> {
  const pages = await inStore<KeptPage[]>('pages', 'readonly', (store) => store.getAll());
  for (const { path, at } of pages) if (now - at > keptMs || at > now) await inStore('pages', 'readwrite', (store) => store.delete(path));
}

/** A page that came from the server: whatever it is, it says who is signed in here now. */
async function seen(path: string, html: string): Promise<void> {
  const who = /<html[^>]* data-who="([^"]*)"/.exec(html)?.[1] ?? '';
  if (!who) return;
  await forgetOld(Date.now());
  const pages = await inStore<KeptPage[]>('pages', 'readonly', (store) => store.getAll());
  if (pages.some((page) => page.who !== who)) await forgetAll();
  if (keptPaths.has(path)) await keep(path, who, html);
}

async function keep(path: string, who: string, html: string): Promise<void> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const bytes = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await keyOfDevice(), new TextEncoder().encode(html));
  await inStore('pages', 'readwrite', (store) => store.put({ path, who, at: Date.now(), iv, bytes } satisfies KeptPage));
}

async function kept(path: string): Promise<Response | null> {
  await forgetOld(Date.now());
  const page = await inStore<KeptPage | undefined>('pages', 'readonly', (store) => store.get(path));
  if (!page) return null;
  const bytes = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: page.iv }, await keyOfDevice(), page.bytes);
  // The page has the words for it, and the time at which it was made.
  const html = new TextDecoder().decode(bytes).replace('id="offline" hidden', 'id="offline"');
  return new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' } });
}

async function page(event: Fetching): Promise<Response> {
  const { pathname } = new URL(event.request.url);
  const asOf = timesForgotten;
  // Patience is with the first word of an answer, not with the whole of it on a slow line.
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), patienceMs);
  try {
    const response = await fetch(event.request, { signal: patience.signal });
    clearTimeout(timer);
    const isPage = response.ok && !response.redirected && (response.headers.get('content-type') ?? '').startsWith('text/html');
    if (isPage) {
      const copy = response.clone();
      event.waitUntil(copy.text().then((html) => inTurn(asOf, () => seen(pathname, html))));
    }
    return response;
  } catch (error) {
    clearTimeout(timer);
    const found = keptPaths.has(pathname) ? await inTurn(asOf, () => kept(pathname)).catch(() => null) : null;
    if (found) return found;
    throw error;
  }
}

/** Style sheets and scripts say by their address which version they are: what was loaded once stays good. */
async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(assetCache);
  const known = await cache.match(request);
  if (known) return known;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener('activate', (event) =>
  event.waitUntil(inTurn(timesForgotten, () => forgetOld(Date.now())).then(() => worker.clients.claim())),
);
worker.addEventListener('message', (event) => {
  if (event.data === 'forget') event.waitUntil(leaveNothing().then(() => event.ports[0]?.postMessage('gone')));
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(event));
  else if (pathname.startsWith('/assets/')) event.respondWith(asset(request));
});
