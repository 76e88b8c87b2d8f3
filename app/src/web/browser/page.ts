/** The element that a page must have. */
export function element<T extends HTMLElement = HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}

/** What the server wrote into the page for a script, as JSON. */
export const given = <T>(box: HTMLElement, name: string): T => JSON.parse(box.dataset[name] ?? 'null') as T;
