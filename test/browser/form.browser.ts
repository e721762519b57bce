/** The form of a new run in Chromium: what it says of settings that are left open. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formDefaults, jobForms } from '../../src/cli/job-forms.ts';
import { startDashboard } from '../../src/web/dashboard.ts';
import { type MadeRuns, madeRuns } from './made-runs.ts';
import { goTo, launch, objections, opened } from './opened.ts';

let browser: Browser;
let made: MadeRuns;
let served: Awaited<ReturnType<typeof startDashboard>>;
beforeAll(async () => {
  browser = await launch();
  made = await madeRuns({ runs: ['first'], steps: 1, rows: 2 });
  const what = { forms: jobForms, defaults: formDefaults };
  served = await startDashboard({ runs: made.folder, port: 0, ...what });
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  await made?.remove();
});

const hint = (page: Page, name: string) => page.locator(`#setting-${name}-hint`).textContent();
const choose = (page: Page, label: string, value: string) =>
  page.getByRole('combobox', { name: label, exact: true }).selectOption(value);

test('defaults are those of the preset, and of what follows from what is given', async () => {
  const { page, errors } = await opened(browser, served.url);
  await goTo(page, '#/start');
  await page.getByRole('searchbox', { name: 'Find' }).fill('e');
  await expect.poll(() => hint(page, 'steps')).toContain('default 60');
  await choose(page, 'Preset', 'lab');
  await expect.poll(() => hint(page, 'steps')).toContain('default 10');
  await expect.poll(() => hint(page, 'model')).toContain('default google/flan-t5-base');
  await page.locator('#setting-steps').fill('3');
  const guards = page.getByRole('combobox', { name: 'guards', exact: true });
  await expect.poll(() => guards.locator('option').first().textContent()).toBe('default stop');
  await choose(page, 'compat', 'trl-0.8.0');
  await expect.poll(() => guards.locator('option').first().textContent()).toBe('default warn');
  // what is given does not change what it would be
  expect(await hint(page, 'steps')).toContain('default 10');
  await choose(page, 'Kind of job', 'sft');
  await page.getByRole('searchbox', { name: 'Find' }).fill('e');
  await expect.poll(() => hint(page, 'epochs')).toMatch(/default \d/);
  expect(await objections(page)).toEqual([]);
  expect(errors).toEqual([]);
  await page.close();
});
