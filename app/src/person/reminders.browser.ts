/** Lets somebody choose reminders on the phone or computer before them, where it can show them. */
export {};

const address = '/me/notices/worker.js';
const scope = '/me/notices/';

/** @throws Error where the browser does not let us, or the person did not */
async function subscribe(publicKey: string): Promise<string> {
  if ((await Notification.requestPermission()) !== 'granted') throw new Error('not allowed');
  const registration = await navigator.serviceWorker.register(address, { scope, updateViaCache: 'none' });
  await untilActive(registration);
  // Whoever had this browser before, or another key of ours, has it no longer.
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
  const { endpoint, keys } = subscription.toJSON();
  return JSON.stringify({ endpoint, keys });
}

function untilActive(registration: ServiceWorkerRegistration): Promise<void> {
  const starting = registration.installing ?? registration.waiting;
  if (registration.active || !starting) return Promise.resolve();
  return new Promise((resolve, reject) => {
    starting.addEventListener('statechange', () => {
      if (starting.state === 'activated') resolve();
      if (starting.state === 'redundant') reject(new Error('not started'));
    });
  });
}

/** Nothing is shown here any more, whatever is sent. */
async function unsubscribe(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration(scope);
  // Asked for a place in which it does not lie, the browser gives the worker of the pages around.
  if (!registration?.scope.endsWith(scope)) return;
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  await registration.unregister();
}

function offer(form: HTMLFormElement, publicKey: string): void {
  const choice = form.querySelector<HTMLInputElement>('input[name="channel"][value="push message"]');
  const device = form.querySelector<HTMLInputElement>('input[name="device"]');
  const other = form.querySelector<HTMLInputElement>('input[name="otherDevice"]');
  const group = document.getElementById('target')?.closest<HTMLElement>('.govuk-form-group');
  const refused = document.getElementById('push-refused');
  if (!choice || !device || !group || !refused) return;
  (choice.closest('.govuk-radios__item') as HTMLElement).hidden = false;
  document.getElementById('push-only')?.remove();
  const show = () => {
    group.hidden = choice.checked;
    const move = other?.closest<HTMLElement>('.govuk-checkboxes');
    if (move) move.hidden = !choice.checked;
  };
  form.addEventListener('change', show);
  show();
  form.addEventListener('submit', (event) => {
    // Where they come to a device already, that one stays unless this one is to take its place.
    if (!choice.checked || device.value !== '' || (other && !other.checked)) return;
    event.preventDefault();
    refused.hidden = true;
    subscribe(publicKey).then(
      (subscription) => {
        device.value = subscription;
        form.requestSubmit();
      },
      () => {
        refused.hidden = false;
        refused.focus();
      },
    );
  });
}

const form = document.querySelector<HTMLFormElement>('form[data-push-key]');
const publicKey = form?.dataset.pushKey;
if (form && publicKey && isSecureContext && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)
  offer(form, publicKey);
const stop = document.querySelector<HTMLFormElement>('form[action="/me/reminders/stop"]');
stop?.addEventListener('submit', (event) => {
  if (stop.dataset.ended || !('serviceWorker' in navigator)) return;
  event.preventDefault();
  stop.dataset.ended = 'yes';
  void unsubscribe()
    .catch(() => undefined)
    .finally(() => stop.requestSubmit());
});
