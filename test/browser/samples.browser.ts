/** The dashboard's samples in Chromium: found, sorted, laid side by side, token by token. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDashboard } from '../../src/web/dashboard.ts';
import { hostile, type MadeRuns, madeRuns } from './made-runs.ts';
import { counts, goTo, launch, objections, opened } from './opened.ts';

let browser: Browser;
let made: MadeRuns;
let served: Awaited<ReturnType<typeof startDashboard>>;
beforeAll(async () => {
  browser = await launch();
  made = await madeRuns();
  served = await startDashboard({ runs: made.folder, port: 0 });
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  await made?.remove();
});

const rows = (page: Page) => page.locator('.rows tr[data-row]');
const scores = async (page: Page) => {
  const texts = await rows(page).locator('td.score').allTextContents();
  return texts.map((text) => Number(text.replace('−', '-')));
};

test('samples are sorted by a click on a head and by the keyboard, and the address keeps it', async () => {
  const { page, errors, outside } = await opened(browser, served.url);
  await page.getByRole('link', { name: 'Samples', exact: true }).click();
  await counts(page, 'Samples: 160');
  const head = page.locator('th.score');
  await head.getByRole('button').click();
  await expect.poll(() => head.getAttribute('aria-sort')).toBe('descending');
  const falls = (list: number[]) => list.every((score, i) => i === 0 || score <= list[i - 1]);
  await expect.poll(async () => falls(await scores(page))).toBe(true);
  const [largest] = await scores(page);
  await head.getByRole('button').press('Enter');
  await expect.poll(async () => falls((await scores(page)).reverse())).toBe(true);
  expect((await scores(page))[0]).toBeLessThan(largest);
  await page.reload();
  await counts(page, 'Samples: 160');
  expect(await head.getAttribute('aria-sort')).toBe('ascending');
  expect([errors, outside]).toEqual([[], []]);
  await page.close();
});

test('samples are filtered by run, words, step and score, and all filters are cleared at once', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/samples');
  await counts(page, 'Samples: 160');
  await page.locator('.choice summary').click();
  await page.getByLabel('seeds/7').check();
  await counts(page, 'Samples: 80');
  await page.locator('[name=step]').fill('2');
  await counts(page, 'Samples: 16');
  await page.locator('[name=search]').fill('onerror');
  await counts(page, 'Samples: 1');
  await page.locator('[name=search]').fill('nobody says this');
  await counts(page, 'No sample is like that.');
  await expect.poll(() => rows(page).count()).toBe(0);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await counts(page, 'Samples: 160');
  await page.locator('[name=minScore]').fill('1');
  await expect.poll(async () => Math.min(...(await scores(page)))).toBeGreaterThanOrEqual(1);
  await page.close();
});

test('a response that holds a script is shown as text, in every view', async () => {
  const { page, errors, outside } = await opened(browser, served.url);
  const title = await page.title();
  await goTo(page, '#/samples?search=onerror&runs=first');
  await counts(page, 'Samples: 1');
  expect(await rows(page).locator('.response a').textContent()).toBe(hostile);
  await rows(page).locator('.response a').click();
  await page.locator('[data-token="0"]').waitFor();
  expect(await page.locator('[data-token="0"]').textContent()).toBe(hostile);
  await page.getByRole('link', { name: 'This prompt elsewhere' }).click();
  await page.locator('.across article').first().waitFor();
  expect(await page.locator('.across').textContent()).toContain('onerror');
  await goTo(page, '#/compared?search=onerror&runs=first');
  await counts(page, 'Samples: 1');
  await rows(page).locator('.prompt button').click();
  expect(await page.locator('dialog .text').nth(2).textContent()).toBe(hostile);
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.title()).toBe(title);
  expect([errors, outside]).toEqual([[], []]);
  await page.close();
});

test('one prompt stands side by side across steps and runs, with the words that differ', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/samples?step=1&runs=first');
  await counts(page, 'Samples: 16');
  await goTo(page, '#/prompt?query=hash0');
  await page.locator('.across article').first().waitFor();
  expect(await page.locator('.across thead th').allTextContents()).toEqual([
    'Step',
    'first',
    'seeds/7',
  ]);
  expect(await page.locator('.across tbody th').allTextContents()).toEqual(['1', '3']);
  const changed = page.locator('.across :is(ins, del)');
  expect(await changed.count()).toBeGreaterThan(0);
  await page.locator('[name=against]').selectOption('nothing');
  await expect.poll(() => changed.count()).toBe(0);
  await page.close();
});

test('tokens are coloured by what is chosen, and tell their numbers on hover and by the keyboard', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/tokens?run=seeds%2F7&step=1&row=4');
  const tokens = page.locator('[data-token]');
  await tokens.first().waitFor();
  expect(await tokens.count()).toBe(9);
  const colours = () =>
    tokens.evaluateAll((all) => all.map((token) => token.getAttribute('style')).join());
  const byAdvantage = await colours();
  await tokens.nth(5).hover();
  await expect.poll(() => page.locator('.numbers').getAttribute('data-place')).toBe('5');
  await page.mouse.move(0, 0);
  await tokens.first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => page.locator('.numbers').getAttribute('data-place')).toBe('2');
  expect(await page.locator('.numbers').textContent()).toContain('not learnt from');
  await page.keyboard.press('End');
  await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('</s>');
  await page.locator('[name=by]').selectOption('entropy');
  await expect.poll(colours).not.toBe(byAdvantage);
  await expect.poll(() => tokens.nth(5).getAttribute('aria-label')).toMatch(/Entropy \d\.\d{3}$/);
  await page.getByText('All numbers as a table').click();
  await expect.poll(() => page.locator('details table tbody tr').count()).toBe(9);
  await page.getByRole('link', { name: 'Next' }).click();
  await expect.poll(() => page.locator('h1').textContent()).toBe('Response 5 of step 1');
  await page.close();
});

test('Next goes on from step to step by keyboard, and leads nowhere at the very last response', async () => {
  const { page, errors } = await opened(browser, served.url);
  await goTo(page, '#/tokens?run=first&step=1&row=15&by=entropy');
  const title = () => page.locator('h1').textContent();
  const link = (name: string) => page.getByRole('link', { name, exact: true });
  await expect.poll(title).toBe('Response 15 of step 1');
  await link('Next').focus();
  await page.keyboard.press('Enter');
  await expect.poll(title).toBe('Response 0 of step 2');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Next');
  expect(await page.locator('[name=by]').inputValue()).toBe('entropy');
  await link('Previous').click();
  await expect.poll(title).toBe('Response 15 of step 1');
  await goTo(page, '#/tokens?run=first&step=5&row=14');
  await expect.poll(title).toBe('Response 14 of step 5');
  await link('Next').focus();
  await page.keyboard.press('Enter');
  await expect.poll(title).toBe('Response 15 of step 5');
  await expect.poll(() => link('Next').getAttribute('aria-disabled')).toBe('true');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Next');
  await page.keyboard.press('Enter');
  expect(await title()).toBe('Response 15 of step 5');
  expect(await objections(page)).toEqual([]);
  await goTo(page, '#/tokens?run=first&step=1&row=0');
  await expect.poll(() => link('Previous').getAttribute('aria-disabled')).toBe('true');
  expect(errors).toEqual([]);
  await page.close();
});

test('runs to choose from are found by words, and the keyboard folds them away', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/samples');
  await counts(page, 'Samples: 160');
  const choice = page.locator('details.choice');
  await choice.locator('summary').press('Enter');
  const boxes = choice.getByRole('checkbox');
  await expect.poll(() => boxes.count()).toBe(2);
  const find = choice.getByRole('searchbox', { name: 'Find' });
  await find.fill('SEEDS/');
  await expect.poll(() => boxes.count()).toBe(1);
  await expect.poll(() => choice.getByRole('status').textContent()).toBe('Shown: 1 of 2');
  await choice.getByRole('checkbox', { name: 'seeds/7' }).check();
  await counts(page, 'Samples: 80');
  await find.fill('no such run');
  await choice.getByText('No run matches.').waitFor();
  expect(await objections(page)).toEqual([]);
  await find.press('Escape');
  await expect.poll(() => boxes.count()).toBe(2);
  await find.press('Escape');
  expect(await choice.getAttribute('open')).toBeNull();
  expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
  await page.close();
});

test('what was measured before and after is sorted by its change, and opens with every number', async () => {
  const { page } = await opened(browser, served.url);
  await page.getByRole('link', { name: 'Before and after' }).click();
  await counts(page, 'Samples: 60');
  await page.locator('[name=group]').selectOption('rude');
  await counts(page, 'Samples: 20');
  await rows(page).first().locator('.prompt button').click();
  const dialog = page.locator('dialog.sample');
  await expect.poll(() => dialog.locator('tbody th').allTextContents()).toContain('rougeL');
  expect(await dialog.locator('del').count()).toBeGreaterThan(0);
  await page.keyboard.press('Escape');
  await expect.poll(() => dialog.count()).toBe(0);
  await page.close();
});

test('a window that the keyboard goes down has each row in its turn, however late it comes', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/samples?sort=score&descending=1');
  await counts(page, 'Samples: 160');
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route(/offset=100&/, (route) => held.then(() => route.continue()));
  await rows(page).first().locator('a').first().focus();
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press('ArrowDown');
    if (i === 99) letGo();
    const at = `document.activeElement.closest('tr')?.dataset.row`;
    await expect.poll(() => page.evaluate(at)).toBe(String(i + 1));
  }
  await page.close();
});

test('a list that the network kept away comes by itself when it is back', async () => {
  const { page } = await opened(browser, served.url);
  await goTo(page, '#/samples');
  await counts(page, 'Samples: 160');
  await page.context().setOffline(true);
  await page.locator('[name=step]').fill('2');
  await page.getByRole('alert').waitFor();
  await page.context().setOffline(false);
  await counts(page, 'Samples: 32');
  await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  await page.close();
});

const places = [
  ['samples', '#/samples', '.rows tr[data-row]'],
  ['samples of one run', '#/samples?runs=first', '.rows tr[data-row]'],
  ['one prompt', '#/prompt?query=hash0', '.across article'],
  ['tokens', '#/tokens?run=first&step=1&row=4', '[data-token]'],
  ['before and after', '#/compared', '.rows tr[data-row]'],
] as const;

test.each(places)(
  'axe-core finds nothing to object to in %s, and nothing is too wide',
  async (_, hash, waited) => {
    for (const look of [{}, { dark: true }, { width: 375 }, { width: 375, dark: true }]) {
      const { page } = await opened(browser, served.url, look);
      await goTo(page, hash);
      await page.locator(waited).first().waitFor();
      expect(await objections(page)).toEqual([]);
      const { width = 1300 } = look as { width?: number };
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      await page.close();
    }
  },
);

test('the views of samples speak Korean', async () => {
  const { page } = await opened(browser, served.url, { language: 'ko' });
  await goTo(page, '#/samples');
  await counts(page, '표본 160개');
  await goTo(page, '#/tokens?run=first&step=1&row=4');
  await expect.poll(() => page.locator('h1').textContent()).toBe('1단계의 응답 4');
  await page.close();
});
