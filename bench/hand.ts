import type { Locator, Page } from 'playwright-core';

/** Does a job as a person would: only what can be seen is clicked, and each click and each page is counted. */
export class Hand {
  readonly page: Page;
  clicks = 0;
  pages = 0;

  constructor(page: Page) {
    this.page = page;
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.pages++;
    });
  }

  async click(what: Locator): Promise<void> {
    await what.first().click();
    this.clicks++;
  }

  /** Opening a list and choosing from it are two. */
  async choose(list: Locator, label: string): Promise<void> {
    await list.selectOption(label);
    this.clicks += 2;
  }

  async clickMiddle(box: Locator): Promise<void> {
    await box.scrollIntoViewIfNeeded();
    await box.click();
    this.clicks++;
  }

  /** Which of some things are not wholly within the first screen. */
  async missing(things: Record<string, Locator>): Promise<string[]> {
    await this.page.evaluate('scrollTo(0, 0)');
    const { height, width } = this.page.viewportSize() ?? { height: 0, width: 0 };
    const missing: string[] = [];
    for (const [name, thing] of Object.entries(things)) {
      const box = await thing
        .first()
        .boundingBox({ timeout: 2000 })
        .catch(() => null);
      if (!box || box.y < 0 || box.y + box.height > height + 1 || box.x < -1 || box.x + box.width > width + 1) missing.push(name);
    }
    return missing;
  }
}
