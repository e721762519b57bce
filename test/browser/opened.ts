/** The dashboard in Chromium, on a server of its own. */
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

interface Look {
  readonly width?: number;
  readonly dark?: boolean;
  readonly language?: 'en' | 'ko';
}

export interface Opened {
  readonly page: Page;
  /** Addresses outside the server that the page asked for. */
  readonly outside: string[];
  /** Errors, and what the page's policy forbade. */
  readonly errors: string[];
}

/** @param url of the server, with the token */
export async function opened(browser: Browser, url: string, look: Look = {}): Promise<Opened> {
  const { width = 1300, dark = false, language = 'en' } = look;
  const page = await browser.newPage({
    ...{ viewport: { width, height: 800 }, colorScheme: dark ? 'dark' : 'light' },
    locale: language === 'ko' ? 'ko-KR' : 'en-US',
  });
  const [outside, errors]: string[][] = [[], []];
  const { origin } = new URL(url);
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) outside.push(request.url());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(url);
  return { page, outside, errors };
}

/** Goes to a place of the page as a link does. */
export async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
}

/** What axe-core objects to. */
export async function objections(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: there } = globalThis as unknown as { axe: typeof axe };
    const { violations } = await there.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
  });
}

/** Waits until the list says so many. */
export async function counts(page: Page, text: string): Promise<void> {
  await expect.poll(() => page.locator('.count').textContent()).toBe(text);
}
