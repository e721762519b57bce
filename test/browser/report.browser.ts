/** report.html in Chromium: what it shows, what it asks for, whether everybody can use it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import type { Guarded } from '../../src/events.ts';
import { reportPage } from '../../src/report/html/page.ts';
import { pageScript } from '../../src/report/html/script.ts';
import type { Language } from '../../src/report/words/language.ts';
import {
  exampleComparison,
  exampleSamples,
  finished,
  started,
  steps,
} from '../report/comparison.ts';

const hostile =
  '</script><script>document.title = "run"</script><img src="http://127.0.0.1:9/x" onerror="document.title = 1">';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  folder = await mkdtemp(join(tmpdir(), 'tactful-report-'));
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
});

interface Opened {
  readonly page: Page;
  /** Addresses that the page asked for, its own file included. */
  readonly asked: string[];
  /** Errors, and what the page's policy forbade. */
  readonly errors: string[];
}

const guarded: Guarded = {
  ...{
    type: 'guarded',
    step: 12,
    guard: 'rouge1',
    reads: 'held-out',
    action: 'rolled back',
    to: 8,
  },
  numbers: { before: 0.7, now: 0.5, limit: 0.1, relative: true, n: 64 },
  samples: [{ query: 'q', response: hostile, before: 'before' }],
};

async function open(
  options: { n?: number; width?: number; language?: Language; dark?: boolean } = {},
): Promise<Opened> {
  const { n = 60, width = 1400, language = 'en', dark = false } = options;
  const { before, after } = exampleSamples(n);
  const spoil = (list: readonly Sample[]) =>
    list.map((sample, i) => (i === 1 ? { ...sample, response: hostile, group: hostile } : sample));
  const parts = { started, comparison: exampleComparison(), steps, finished, language };
  const samples = { before: spoil(before), after: spoil(after) };
  const text = reportPage({ ...parts, guarded: [guarded] }, samples, await pageScript());
  const path = join(folder, `${n}-${width}-${language}.html`);
  await writeFile(path, text);
  const viewport = { width, height: 800 };
  const page = await browser.newPage({ viewport, colorScheme: dark ? 'dark' : 'light' });
  const [asked, errors]: string[][] = [[], []];
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(pathToFileURL(path).href);
  return { page, asked, errors };
}

const rows = (page: Page) => page.locator('.samples tbody tr[data-row]');
const status = (page: Page) => page.locator('.count [role=status]').textContent();
const firstId = (page: Page) => rows(page).first().locator('.open').textContent();

test('the page asks for nothing but itself, whatever is done with it', async () => {
  const { page, asked, errors } = await open();
  await page.locator('.window').evaluate((frame) => frame.scrollTo(0, 2000));
  await page.locator('[name=text]').fill('friday');
  await rows(page).first().locator('.open').click();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Escape');
  await page.locator('.curve svg').first().hover();
  expect(await page.locator('.curve output').first().textContent()).toMatch(/^\d+: /);
  expect(asked).toHaveLength(1);
  expect(errors).toEqual([]);
  await page.close();
});

test('a response that holds HTML and a script is shown as text', async () => {
  const { page, errors } = await open();
  const title = await page.title();
  await page.locator('[name=text]').fill('onerror');
  expect(await status(page)).toBe('1 of 60 samples');
  expect(await rows(page).first().locator('.response').textContent()).toBe(hostile);
  await rows(page).first().locator('.open').click();
  expect(await page.locator('dialog .text').nth(1).textContent()).toBe(hostile);
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.title()).toBe(title);
  expect(errors).toEqual([]);
  await page.close();
});

test('no script of anybody else runs, should it ever get into the page', async () => {
  const { page, errors } = await open();
  await page.evaluate(`
    const script = document.createElement('script');
    script.textContent = 'document.title = "run"';
    document.body.append(script);
  `);
  expect(await page.title()).not.toBe('run');
  expect(errors.join()).toContain('Content Security Policy');
  await page.close();
});

test('samples are sorted by a click on a head and by the keyboard, and filtered', async () => {
  const { page } = await open();
  const head = page.locator('th.toxicity');
  await head.locator('button').click();
  expect(await head.getAttribute('aria-sort')).toBe('descending');
  const largest = await firstId(page);
  await head.locator('button').press('Enter');
  expect(await head.getAttribute('aria-sort')).toBe('ascending');
  expect(await firstId(page)).not.toBe(largest);
  await page.locator('[name=group]').selectOption('polite');
  expect(await status(page)).toBe('39 of 60 samples');
  await page.locator('[name=change]').selectOption('toxicityRose');
  await page.locator('[name=flag]').selectOption('raised');
  await page.locator('[name=text]').fill('nobody says this');
  expect(await status(page)).toBe('No sample is like that.');
  expect(await rows(page).count()).toBe(0);
  await page.close();
});

test('of 5,000 samples only those that can be seen are there, and each can be reached', async () => {
  const { page } = await open({ n: 5000 });
  expect(await status(page)).toBe('5,000 of 5,000 samples');
  expect(await rows(page).count()).toBeLessThan(40);
  const order = page.locator('[name=order]');
  await order.selectOption('data');
  await page.locator('[name=descending]').uncheck();
  await page.locator('.window').evaluate((frame) => frame.scrollTo(0, frame.scrollHeight));
  await page.locator('tr[data-row="4999"]').waitFor();
  expect(await page.locator('tr[data-row="4999"] .open').textContent()).toBe('t4999');
  await page.close();
});

test.each([1400, 375])('nothing is wider than a screen of %i', async (width) => {
  const { page } = await open({ width });
  const wide = await page.evaluate('document.documentElement.scrollWidth');
  expect(wide).toBe(width);
  await page.close();
});

test.each([
  { width: 1400, dark: false },
  { width: 1400, dark: true },
  { width: 375, dark: false },
])('axe-core finds nothing to object to, $width wide, dark $dark', async (options) => {
  const { page } = await open(options);
  await page.evaluate(axe.source);
  for (const details of await page.locator('details').all())
    await details.evaluate((one) => one.setAttribute('open', ''));
  const violations = () =>
    page.evaluate(async () => {
      const { axe: there } = globalThis as unknown as { axe: typeof axe };
      const { violations } = await there.run();
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`);
    });
  expect(await violations()).toEqual([]);
  await rows(page).first().locator('.open').click();
  expect(await violations()).toEqual([]);
  await page.close();
});

test('the page prints, with its first hundred samples', async () => {
  const { page } = await open({ n: 120 });
  const pdf = await page.pdf({ format: 'A4', printBackground: true });
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g) ?? [];
  expect(pages.length).toBeGreaterThan(4);
  await page.close();
});

test('without JavaScript the page shows all but the table, and says where the samples are', async () => {
  const { page } = await open();
  const url = page.url();
  await page.close();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(url);
  expect(await plain.locator('h1').textContent()).toContain('Improved');
  expect(await plain.locator('.browser').isVisible()).toBe(false);
  expect(await plain.locator('noscript').textContent()).toContain('samples-before.jsonl');
  await context.close();
});

test('the page speaks Korean', async () => {
  const { page } = await open({ language: 'ko' });
  expect(await status(page)).toBe('표본 60개 중 60개');
  expect(await page.locator('html').getAttribute('lang')).toBe('ko');
  await page.close();
});
