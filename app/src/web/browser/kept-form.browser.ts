/**
 * What somebody typed survives the end of their session, a form that has expired, a fault of the server and a broken line: it is kept in this tab
 * when a form is sent, for an hour at most, and stands in the form again when the same person is back on its page. It leaves the
 * tab with the next form that went through, with signing out, and with closing the tab. Files and passwords are never kept.
 */
interface Kept {
  at: number;
  who: string;
  /** Page and address of the form. */
  path: string;
  action: string;
  fields: [name: string, value: string][];
  /** It did not arrive. */
  isLost: boolean;
}

const key = 'waymark-form';
const keptMs = 3_600_000;
const { who = '', form: told = '', formWords = '', unsureWords = '', waitWords = '', posted = '' } = document.documentElement.dataset;

function read(): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null;
    return kept && Date.now() - kept.at < keptMs ? kept : null;
  } catch {
    return null;
  }
}

const forget = (): void => sessionStorage.removeItem(key);

/** The page that the forms here stand on. What answers a form that was wrong has an address at which there may be no page. */
let home = location.pathname + location.search;

function keep(form: HTMLFormElement): void {
  if (!who || form.dataset.keep === 'no') return;
  const { pathname } = new URL(form.action);
  if (pathname === '/sign-out') {
    forget();
    return;
  }
  const fields: Kept['fields'] = [];
  for (const field of form.elements) {
    if (!isTyped(field) || !field.name) continue;
    if (field instanceof HTMLInputElement && /^(checkbox|radio)$/.test(field.type) && !field.checked) continue;
    fields.push([field.name, field.value]);
  }
  const kept: Kept = { at: Date.now(), who, path: home, action: pathname, fields, isLost: false };
  try {
    sessionStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // Too much for the browser: it goes without.
    forget();
  }
}

function isTyped(field: Element): field is HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement {
  if (field instanceof HTMLInputElement) return !/^(hidden|password|file|submit|button|reset|image)$/.test(field.type);
  return field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement;
}

function fillAgain({ action, fields }: Kept): HTMLFormElement | null {
  const form = [...document.forms].find((own) => own.method === 'post' && new URL(own.action).pathname === action) ?? null;
  if (!form) return null;
  const waiting = [...fields];
  for (const field of form.elements) {
    if (!isTyped(field)) continue;
    const isTick = field instanceof HTMLInputElement && /^(checkbox|radio)$/.test(field.type);
    const at = waiting.findIndex(([name, value]) => name === field.name && (!isTick || value === field.value));
    if (isTick) field.checked = at >= 0;
    else if (at >= 0) field.value = waiting[at]?.[1] ?? '';
    if (at >= 0) waiting.splice(at, 1);
    // Parts of a page that open with a choice see that it was made.
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
  for (let part = form.closest('details'); part; part = part.parentElement?.closest('details') ?? null) part.open = true;
  return form;
}

/** Says it before the form, and takes the eye and the keyboard there. */
function tell(form: HTMLFormElement, words: string): void {
  document.querySelector('#form-news')?.remove();
  const note = document.createElement('div');
  note.id = 'form-news';
  note.className = 'wm-notice';
  note.tabIndex = -1;
  note.setAttribute('role', 'status');
  const line = document.createElement('p');
  line.className = 'govuk-body';
  line.textContent = words;
  note.append(line);
  form.before(note);
  note.focus();
}

function offerBack({ path }: Kept): void {
  const signIn = document.querySelector<HTMLAnchorElement>('a[href^="/sign-in/start"]');
  if (signIn) signIn.href = `/sign-in/start?to=${encodeURIComponent(path)}`;
  const place = document.querySelector<HTMLElement>('#back-to-form');
  const link = place?.querySelector('a');
  if (!place || !link) return;
  link.href = path;
  place.hidden = false;
}

/** The line broke, and whoever sent the form went back or tried the page again. */
function isBackAgain(): boolean {
  const [came] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return came?.type === 'back_forward' || came?.type === 'reload';
}

/** Takes back that a form goes when the line is back. */
let stopWaiting = new AbortController();

/** Without a line nothing is sent into the void: the form waits, says so, and goes by itself, once, when the line is back. */
function waitForLine(event: SubmitEvent, form: HTMLFormElement): void {
  event.preventDefault();
  tell(form, waitWords);
  const by = event.submitter instanceof HTMLElement ? event.submitter : undefined;
  stopWaiting.abort();
  stopWaiting = new AbortController();
  addEventListener('online', () => form.requestSubmit(by), { once: true, signal: stopWaiting.signal });
}

const kept = read();
if (kept && posted && kept.action === location.pathname) home = kept.path;
if (!kept) forget();
else if (told === 'lost') {
  sessionStorage.setItem(key, JSON.stringify({ ...kept, isLost: true }));
  offerBack(kept);
  // Whoever sits down here next does not find it.
  setTimeout(forget, Math.max(0, kept.at + keptMs - Date.now()));
} else if (who && kept.who !== who) forget();
else if ((kept.isLost || isBackAgain()) && kept.path === location.pathname + location.search) {
  const form = fillAgain(kept);
  if (form) {
    tell(form, kept.isLost ? formWords : unsureWords);
    forget();
  }
} else if (who && !kept.isLost) forget();
addEventListener(
  'submit',
  (event) => {
    const { target: form } = event;
    if (!(form instanceof HTMLFormElement) || form.method !== 'post') return;
    keep(form);
    if (!navigator.onLine) waitForLine(event, form);
  },
  { capture: true },
);
// What is wrong with a form is read out first.
document.querySelector<HTMLElement>('.govuk-error-summary')?.focus();
