/** Shows reminders on this phone or computer, whether a page of ours is open or not. It keeps nothing, and no page goes through it. */
export {};

interface Extendable extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Pushed extends Extendable {
  readonly data: { json(): unknown } | null;
}
interface Clicked extends Extendable {
  readonly notification: { close(): void };
}
interface Window {
  readonly url: string;
  focus(): Promise<unknown>;
}
/** What of a service worker's world is used here; the compiler's own names are those of a page. */
const worker = globalThis as unknown as {
  addEventListener(name: 'install' | 'activate', listen: (event: Extendable) => void): void;
  addEventListener(name: 'push', listen: (event: Pushed) => void): void;
  addEventListener(name: 'notificationclick', listen: (event: Clicked) => void): void;
  skipWaiting(): Promise<void>;
  registration: { showNotification(title: string, options: object): Promise<void> };
  clients: {
    matchAll(options: { type: 'window'; includeUncontrolled: true }): Promise<Window[]>;
    openWindow(url: string): Promise<unknown>;
  };
};

worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener('push', (event) => {
  const { title, text, tag } = (event.data?.json() ?? {}) as Partial<Record<'title' | 'text' | 'tag', string>>;
  // Browsers ask that each message is shown.
  event.waitUntil(worker.registration.showNotification(title ?? 'Waymark', { body: text ?? '', tag: tag ?? 'waymark', lang: '' }));
});
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const opened = async () => {
    const open = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
    const own = open.find(({ url }) => new URL(url).pathname.startsWith('/me'));
    await (own ? own.focus() : worker.clients.openWindow('/me'));
  };
  event.waitUntil(opened());
});
