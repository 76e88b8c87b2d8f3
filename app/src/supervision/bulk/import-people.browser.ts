/**
 * Tells how far a file of people is while it is read. Without this script the page answers when all is done, with the same words; the
 * server goes on reading whether anybody looks or not.
 */
export {};

/** What the server says, a line each: how far it is, and at last the result, or that it broke off. */
type Told = { done: number; all: number } | { result: string } | { failed: string };

const form = document.querySelector<HTMLFormElement>('#import-people');
const progress = document.querySelector<HTMLElement>('#import-progress');
const bar = progress?.querySelector('progress');
const words = document.querySelector<HTMLElement>('#import-progress-text');
const result = document.querySelector<HTMLElement>('#import-result');
const count = new Intl.NumberFormat('en-GB');
const saidEveryMs = 3000;

if (form && progress && bar && words && result)
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented || !form.querySelector<HTMLInputElement>('input[type=file]')?.files?.length) return;
    event.preventDefault();
    const button = form.querySelector('button');
    const isTrial = new FormData(form).get('how') === 'try';
    if (button) button.disabled = true;
    result.replaceChildren();
    progress.hidden = false;
    bar.removeAttribute('value');
    words.textContent = 'Sending the file …';
    progress.focus();
    void send(form)
      .catch(() => {
        words.textContent = isTrial
          ? 'The line broke before all was tried. Nothing was stored: send the file again.'
          : 'The line broke. What was read before is on record, and the rest may still be going in: send the same file again in a minute. What is in already stays as it is.';
        bar.hidden = true;
      })
      .finally(() => {
        if (button) button.disabled = false;
      });
  });

async function send(own: HTMLFormElement): Promise<void> {
  const response = await fetch(own.action, { method: 'POST', body: new FormData(own), headers: { accept: 'application/x-ndjson' } });
  // Signed out meanwhile, or refused: the page that says so is the answer to the form itself.
  if (!response.body || response.redirected || !response.headers.get('content-type')?.startsWith('application/x-ndjson')) {
    own.submit();
    return;
  }
  let isOver = false;
  let saidAt = 0;
  for await (const told of linesOf(response.body)) {
    if ('done' in told && bar && words) {
      Object.assign(bar, { hidden: false, max: Math.max(1, told.all), value: told.done });
      // Read out now and then, not with every step.
      if (Date.now() - saidAt < saidEveryMs && told.done < told.all) continue;
      saidAt = Date.now();
      words.textContent = `${count.format(told.done)} of ${count.format(told.all)} people`;
    } else isOver = show(told) || isOver;
  }
  if (!isOver) throw new Error('It ended before it was over.');
}

/** Whether that was the last word. */
function show(told: Told): boolean {
  if ('done' in told || !result || !progress || !bar || !words) return false;
  if ('failed' in told) {
    words.textContent = told.failed;
    bar.hidden = true;
    return true;
  }
  progress.hidden = true;
  result.innerHTML = told.result;
  const banner = result.firstElementChild;
  if (banner instanceof HTMLElement) {
    banner.tabIndex = -1;
    banner.focus();
  }
  return true;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Told> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as Told;
  }
}
