/** Keeps a copy of somebody's own pages on this device where they ask for it, and forgets it when they sign out or ask for that. */
export {};

const address = '/me/offline-worker.js';
const scope = '/me';
/** What is kept is let go of within this time, ms, or is not gone. */
const closesWithinMs = 2000;

/** Waits until the worker has let go of all, or does not say so in time. */
function forgottenBy(worker: ServiceWorker): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => resolve();
    setTimeout(resolve, closesWithinMs);
    worker.postMessage('forget', [port2]);
  });
}

/** Gives whether all that was kept is gone. */
async function forget(): Promise<boolean> {
  const registration = await navigator.serviceWorker.getRegistration(scope);
  if (!registration) return true;
  // The worker first, which has them open and may be about to keep one more; then whatever is left of it where it did not answer.
  if (registration.active) await forgottenBy(registration.active);
  await registration.unregister();
  const isGone = await new Promise<boolean>((resolve) => {
    const request = indexedDB.deleteDatabase('waymark-own');
    request.onsuccess = () => resolve(true);
    request.onerror = () => resolve(false);
    // Another page or the worker may have it open for a moment: it is waited for.
    setTimeout(() => resolve(false), closesWithinMs);
  });
  for (const name of await caches.keys()) if (name.startsWith('waymark-')) await caches.delete(name);
  return isGone;
}

/** Whether reminders are shown on this device: the server must not have the browser clear everything then. */
async function showsReminders(): Promise<boolean> {
  return (await navigator.serviceWorker.getRegistrations()).some((own) => own.scope.endsWith('/me/notices/'));
}

/** All that is kept of somebody goes, and what shows them reminders stays; else the server's answer clears the one with the other. */
async function leave(form: HTMLFormElement): Promise<void> {
  if (!(await forget()) || !(await showsReminders())) return;
  sessionStorage.clear();
  localStorage.clear();
  const said = document.createElement('input');
  Object.assign(said, { type: 'hidden', name: 'forgotten', value: 'yes' });
  form.append(said);
}

async function offer(section: HTMLElement): Promise<void> {
  const [keep, stop] = ['keep-copy', 'stop-copy'].map((id) => document.getElementById(id) as HTMLButtonElement);
  if (!keep || !stop) return;
  const show = async () => {
    const isKept = (await navigator.serviceWorker.getRegistration(scope)) !== undefined;
    keep.hidden = isKept;
    stop.hidden = !isKept;
    section.hidden = false;
  };
  keep.addEventListener('click', async () => {
    await navigator.serviceWorker.register(address, { scope, updateViaCache: 'none' });
    await navigator.serviceWorker.ready;
    // From now on through it, so that this page is the first that is kept.
    location.reload();
  });
  stop.addEventListener('click', async () => {
    await forget();
    await show();
  });
  await show();
}

if ('serviceWorker' in navigator && isSecureContext) {
  const section = document.getElementById('own-copy');
  if (section) void offer(section);
  for (const form of document.querySelectorAll<HTMLFormElement>('form[action="/sign-out"]'))
    form.addEventListener('submit', (event) => {
      if (form.dataset.forgotten) return;
      // First what is here goes, then the session.
      event.preventDefault();
      form.dataset.forgotten = 'yes';
      void leave(form)
        .catch(() => undefined)
        .finally(() => form.submit());
    });
}
