/** 100,000 samples in Chromium: what can be seen is there, and all else can be reached. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDashboard } from '../../src/web/dashboard.ts';
import { type MadeRuns, madeRuns } from './made-runs.ts';
import { counts, goTo, launch, opened } from './opened.ts';

let browser: Browser;
let made: MadeRuns;
let served: Awaited<ReturnType<typeof startDashboard>>;
beforeAll(async () => {
  [browser, made] = await Promise.all([
    launch(),
    madeRuns({ steps: 50, rows: 1000, tokens: false }),
  ]);
  served = await startDashboard({ runs: made.folder, port: 0 });
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  await made?.remove();
});

const row = (page: Page, place: number) => page.locator(`.rows tr[data-row="${place}"]`);
const scroll = (page: Page, to: string) =>
  page.locator('.rows').evaluate((list, top) => list.scrollTo(0, top === 'end' ? 1e9 : 0), to);

test('of 100,000 samples only those that can be seen are there, and the last one is reached', async () => {
  const { page, errors } = await opened(browser, served.url);
  await goTo(page, '#/samples?sort=step&descending=0');
  await counts(page, 'Samples: 100,000');
  expect(await page.locator('.rows tr[data-row]').count()).toBeLessThan(60);
  await scroll(page, 'end');
  await row(page, 99_999).locator('.response a').waitFor();
  expect(await row(page, 99_999).locator('.step').textContent()).toBe('50');
  expect(await page.locator('.rows tr[data-row]').count()).toBeLessThan(60);
  await scroll(page, 'start');
  await row(page, 0).locator('.response a').waitFor();
  expect(await row(page, 0).locator('.step').textContent()).toBe('1');
  expect(errors).toEqual([]);
  await page.close();
});

test('whoever scrolls past all of them asks for few of them', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/samples?sort=score&descending=1');
  await counts(page, 'Samples: 100,000');
  let asked = 0;
  page.on('request', (request) => {
    if (request.url().includes('/api/rollouts')) asked++;
  });
  await page.locator('.rows').evaluate(async (list) => {
    for (let top = 0; top < list.scrollHeight; top += list.scrollHeight / 300) {
      list.scrollTo(0, top);
      await new Promise((drawn) => setTimeout(drawn));
    }
  });
  await scroll(page, 'end');
  await row(page, 99_999).locator('.response a').waitFor();
  expect(asked).toBeLessThan(300); // of 1,000 pages
  await page.close();
});
