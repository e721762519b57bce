/** Runs in the dashboard in Chromium: the list, curves by mouse and keyboard, guards, settings, the form. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Guarded, JobEvent } from '../../src/events.ts';
import { startDashboard } from '../../src/web/dashboard.ts';
import { hostile, type MadeRuns, madeRuns } from './made-runs.ts';
import { goTo, launch, objections, opened } from './opened.ts';

const runs = ['first', 'seeds/7', 'growing', 'guarded'];

let browser: Browser;
let made: MadeRuns;
let served: Awaited<ReturnType<typeof startDashboard>>;
beforeAll(async () => {
  browser = await launch();
  made = await madeRuns({ runs, steps: 1, rows: 2 });
  served = await startDashboard({ runs: made.folder, port: 0 });
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  await made?.remove();
});

const logOf = (run: string) => join(made.folder, run, 'events.jsonl');
const lineOf = (event: JobEvent) => `${JSON.stringify(event)}\n`;
const names = (page: Page) => page.locator('.runs tbody th').allTextContents();
const kl = (page: Page) => page.getByRole('slider', { name: /^KL/ });

/** A run's curves, all of its steps there. */
async function watched(page: Page, run: string, steps = 24): Promise<void> {
  await goTo(page, `#/runs/${encodeURIComponent(run)}`);
  await expect.poll(() => kl(page).getAttribute('aria-valuemax')).toBe(`${steps}`);
}

test('the list is searched, filtered and sorted, and the address keeps it', async () => {
  const { page, errors, outside } = await opened(browser, served.url);
  await expect.poll(() => names(page)).toHaveLength(4);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect.poll(() => names(page)).toEqual(runs.toSorted());
  await page.getByRole('button', { name: 'Run', exact: true }).press('Enter');
  await expect.poll(() => names(page)).toEqual(runs.toSorted().reverse());
  await page.getByRole('searchbox', { name: 'Find' }).fill('g');
  await expect.poll(() => names(page)).toEqual(['guarded', 'growing']);
  await page.reload();
  await expect.poll(() => names(page)).toEqual(['guarded', 'growing']);
  await page.getByRole('combobox', { name: 'State' }).selectOption('running');
  await page.getByText('No run matches.').waitFor();
  expect([errors, outside]).toEqual([[], []]);
  await page.close();
});

test('a chart tells the numbers of each step by the keyboard, looks closer and shows all again', async () => {
  const { page } = await opened(browser, served.url);
  await watched(page, 'first');
  const chart = kl(page);
  const text = () => chart.getAttribute('aria-valuetext');
  await chart.focus();
  await page.keyboard.press('Home');
  await expect.poll(text).toMatch(/^Step 1: objective\/kl [\d−.]+$/);
  await page.keyboard.press('ArrowRight');
  await expect.poll(text).toContain('Step 2:');
  await page.keyboard.press('End');
  await expect.poll(text).toContain('Step 24:');
  expect(await chart.getAttribute('aria-description')).toContain('24 numbers');
  await page.keyboard.press('+');
  await expect.poll(() => chart.getAttribute('aria-valuemin')).not.toBe('1');
  await page.keyboard.press('Escape');
  await expect.poll(() => chart.getAttribute('aria-valuemin')).toBe('1');
  expect(await objections(page)).toEqual([]);
  await page.close();
});

test('a frame drawn over a chart shows those steps in all charts', async () => {
  const { page } = await opened(browser, served.url);
  await watched(page, 'first');
  const box = await page.locator('.chart .u-over').first().boundingBox();
  if (!box) throw new Error('expected a chart in sight');
  await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 });
  await page.mouse.up();
  const ends = () =>
    page
      .locator('.chart [role=slider]')
      .evaluateAll((all) => [...new Set(all.map((one) => one.getAttribute('aria-valuemax')))]);
  await expect.poll(async () => Number((await ends())[0])).toBeLessThan(22);
  expect(await ends()).toHaveLength(1);
  await page.getByRole('button', { name: 'Show all steps' }).click();
  await expect.poll(ends).toEqual(['24']);
  await page.close();
});

/** Colours of the first canvas, `red,green,blue`. */
async function painted(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const { width, height } = document.querySelector('.chart canvas');
    const canvas = document.querySelector('.chart canvas').getContext('2d');
    const { data } = canvas.getImageData(0, 0, width, height);
    const colors = new Set();
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] === 255) colors.add(data.slice(i, i + 3).join());
    return [...colors];
  })()`);
}

test('curves take the colours of a theme that changes while the page is open', async () => {
  const { page } = await opened(browser, served.url);
  await watched(page, 'first');
  const [light, dark] = ['29,78,216', '147,197,253'];
  await expect.poll(() => painted(page)).toContain(light);
  expect(await painted(page)).not.toContain(dark);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(() => painted(page)).toContain(dark);
  expect(await painted(page)).not.toContain(light);
  await page.close();
});

test('curves grow with the log, and take back what the run took back', async () => {
  const { page } = await opened(browser, served.url);
  await watched(page, 'growing');
  const log = await readFile(logOf('growing'), 'utf8');
  const last = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JobEvent);
  const step = last.findLast((event) => event.type === 'step');
  if (step?.type !== 'step') throw new Error('expected a step');
  const grown = [25, 26, 27].map((at) => lineOf({ ...step, step: at, steps: 40 }));
  await appendFile(logOf('growing'), grown.join(''));
  await expect.poll(() => kl(page).getAttribute('aria-valuemax')).toBe('27');
  await expect.poll(() => page.locator('p.progress').textContent()).toContain('27 / 40');
  await writeFile(logOf('growing'), log.split('\n').slice(0, 11).join('\n').concat('\n'));
  await expect.poll(() => kl(page).getAttribute('aria-valuemax')).toBe('10');
  await page.close();
});

test('what guards saw stands in words, with the answers that show it as text', async () => {
  const guarded: Guarded = {
    ...{ type: 'guarded', step: 12, guard: 'rouge1', reads: 'held-out' },
    ...{ action: 'rolled back', to: 8 },
    numbers: { before: 0.7, now: 0.5, limit: 0.1, relative: true, n: 64 },
    samples: [{ query: 'q', response: hostile }],
  };
  await appendFile(logOf('guarded'), lineOf(guarded));
  const { page, errors, outside } = await opened(browser, served.url);
  await watched(page, 'guarded');
  const guards = page.getByRole('region', { name: 'Guards' });
  const said = 'Step 12: "rouge1" stopped the training, which went back to step 8';
  await guards.getByText(said).click();
  await expect.poll(() => guards.locator('bdi').textContent()).toBe(hostile);
  expect(await page.title()).toBe('guarded · tactful');
  expect([errors, outside]).toEqual([[], []]);
  await page.close();
});

test('the workers of a run stand in a table, with their queue and what happened', async () => {
  const one = { name: 'rack-1', host: 'rack', engine: 'onnxruntime 1', memory: 2e8, busy: 0.51 };
  const told: JobEvent = {
    ...{ type: 'machines', step: 1, time: '2026-11-29T10:00:00Z', bits: 'abc', says: [hostile] },
    ...{ workers: [{ ...one, jobs: 12, perMinute: 3.5 }], others: 2 },
    ...{ waiting: 4, active: 1, retries: 0, counted: {}, late: 0 },
  };
  await appendFile(logOf('seeds/7'), lineOf(told));
  const { page, errors, outside } = await opened(browser, served.url);
  await watched(page, 'seeds/7');
  const row = page.getByRole('region', { name: 'Workers' }).locator('tbody tr');
  await expect.poll(() => row.allTextContents()).toHaveLength(1);
  expect(await row.locator('td, th').allTextContents()).toEqual([
    ...['rack-1', '12', '3.5', '51 %', '200 MB', 'onnxruntime 1'],
  ]);
  const section = (await page.getByRole('region', { name: 'Workers' }).textContent()) ?? '';
  expect(section).toContain('4 pieces of work wait, 1 are in work, 0 given out again');
  expect(section).toContain('and 2 more');
  expect(section).toContain(hostile);
  expect(await objections(page)).toEqual([]);
  expect([errors, outside]).toEqual([[], []]);
  await page.close();
});

test('of runs that are laid over each other each has a line in each chart, which can be smoothed', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, `#/over?runs=${encodeURIComponent('first,seeds%2F7')}`);
  const lines = page.locator('.chart').first().locator('.readout li');
  await expect.poll(() => lines.count()).toBe(2);
  const texts = await lines.allTextContents();
  expect(texts[1]).toContain('seeds/7');
  await page.getByRole('combobox', { name: 'Smoothing' }).selectOption('20');
  await expect.poll(() => lines.allTextContents()).not.toEqual(texts);
  await page.getByRole('combobox', { name: 'Smoothing' }).selectOption('1');
  await expect.poll(() => lines.allTextContents()).toEqual(texts);
  await page.close();
});

test('settings are found by name or value, and the page keeps the language that is chosen', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/runs/first/settings');
  await page.getByRole('searchbox', { name: 'Find' }).fill('seed');
  const found = page.locator('main tbody th');
  await expect.poll(() => found.allTextContents()).toContain('seed');
  expect((await found.allTextContents()).every((name) => /seed/i.test(name))).toBe(true);
  await page.getByRole('button', { name: '한국어' }).click();
  await page.getByRole('columnheader', { name: '설정 항목' }).waitFor();
  await page.reload();
  await page.getByRole('columnheader', { name: '설정 항목' }).waitFor();
  expect(await page.locator('html').getAttribute('lang')).toBe('ko');
  await page.close();
});

const places = [
  ...['#/runs', '#/runs/first', '#/runs/first/settings', '#/runs/first/result'],
  `#/over?runs=${encodeURIComponent('first,seeds%2F7')}`,
];

test.each(places)(
  '%s fits a phone, and axe-core finds nothing to object to',
  async (hash: string) => {
    for (const look of [{ width: 375 }, { width: 375, dark: true, language: 'ko' as const }]) {
      const { page } = await opened(browser, served.url, look);
      await goTo(page, hash);
      await page.locator('main table, main .chart').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375);
      expect(await objections(page)).toEqual([]);
      await page.close();
    }
  },
);
