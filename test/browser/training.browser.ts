/** The dashboard on a real training: begun from the form, watched, stopped, resumed, laid over another. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { counts, goTo, launch, objections, opened } from './opened.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let browser: Browser;
let runs: string;
let server: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), 'tactful-dashboard-'));
  [browser, server] = await Promise.all([launch(), serve(runs)]);
});
afterAll(async () => {
  await browser?.close();
  await end(server.process, 'SIGTERM');
  await rm(runs, { recursive: true });
});

/** `tactful ui` as a process of its own, and the address that it prints. */
async function serve(folder: string) {
  const args = ['ui', '--runs', folder, '--no-open'];
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [url] = /http:\S+/.exec(line) ?? [];
    if (url !== undefined) return { process: child, url };
  }
  throw new Error('the server ended without an address');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

/** How far the page says that the run is. */
async function stepOf(page: Page): Promise<number> {
  const text = (await page.locator('p.progress').textContent()) ?? '';
  return Number(/(\d+) \/ \d+/.exec(text)?.[1] ?? 0);
}
const badge = (page: Page) => page.locator('.head .badge').textContent();
const reaches = (page: Page, step: number) =>
  expect.poll(() => stepOf(page)).toBeGreaterThanOrEqual(step);

/** Begins a demo run by the form, with these settings, and answers its name. */
async function begun(page: Page, settings: Readonly<Record<string, string>>): Promise<string> {
  await page.getByRole('link', { name: 'New run' }).first().click();
  await page.getByRole('combobox', { name: 'Preset' }).selectOption('demo');
  for (const [name, value] of Object.entries(settings)) {
    await page.getByRole('searchbox', { name: 'Find' }).fill(name);
    await page.locator(`#setting-${name}`).fill(value);
  }
  await page.getByRole('button', { name: 'Start the run' }).click();
  await page.locator('p.progress').waitFor();
  return (await page.locator('h1').textContent()) ?? '';
}

const small = {
  steps: '200',
  samples: '8',
  batchSize: '8',
  maxNewTokens: '16',
  checkpointEvery: '2',
};

test('a run begun from the form is watched step by step, stopped, resumed, and outlasts a reload and a server that is killed', async () => {
  const { page, outside } = await opened(browser, server.url);
  const run = await begun(page, small);
  await reaches(page, 5);
  expect(await badge(page)).toBe('running');
  expect(await page.locator('canvas').count()).toBeGreaterThan(2);

  const before = await stepOf(page);
  await page.reload();
  await reaches(page, before);

  await end(server.process, 'SIGKILL');
  await page.getByText('The connection is lost').waitFor();
  const lost = await stepOf(page);
  server = await serve(runs);
  await page.getByText('The connection stands again').waitFor();
  await reaches(page, lost + 1); // its process went on

  await page.getByRole('button', { name: 'Stop' }).click();
  await expect.poll(() => badge(page)).toBe('stopped');
  const stopped = await stepOf(page);
  expect(stopped).toBeLessThan(200);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect.poll(() => badge(page)).toBe('running');
  await reaches(page, stopped + 2);

  const log = await readFile(join(runs, run, 'events.jsonl'), 'utf8');
  const steps = log.split('\n').filter((line) => line.includes('"type":"step"'));
  expect(steps.map((line) => JSON.parse(line).step)).toEqual(steps.map((_, i) => i + 1));

  await page.getByRole('link', { name: 'Samples', exact: true }).first().click();
  await page.locator('.rows tr[data-row]').first().waitFor();
  await page.getByRole('button', { name: 'There are new samples' }).click();
  await page.locator('th.score button').click();
  await page.locator('.rows .response a').first().click();
  await page.locator('[data-token]').first().waitFor();
  expect(await page.locator('[data-token]').count()).toBeGreaterThan(1);

  await page.getByRole('link', { name: run }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect.poll(() => badge(page)).toBe('stopped');
  expect(outside).toEqual([]);
  await page.close();
});

test('a run that ends has its verdict and its report, and lies over another one', async () => {
  const { page, outside } = await opened(browser, server.url);
  await begun(page, { ...small, steps: '3', seed: '5' });
  await expect.poll(() => badge(page)).toBe('finished');
  expect(await objections(page)).toEqual([]);
  await page.getByRole('link', { name: 'Result' }).click();
  await page.locator('iframe').waitFor();
  const report = page.frameLocator('iframe');
  await report.locator('h1').waitFor();
  await expect.poll(() => report.locator('.samples').count()).toBe(1);
  expect(await objections(page)).toEqual([]);

  await page.getByRole('link', { name: 'Playground' }).last().click();
  await page.getByLabel('Text').fill('#Person1#: You are late, you clown! #Person2#: I am sorry.');
  await page.getByRole('button', { name: 'Answer' }).click();
  const sides = page.locator('.sides section');
  await expect.poll(() => sides.count()).toBe(2);
  for (const side of await sides.all()) expect(await side.locator('dd').count()).toBe(2);
  expect(await objections(page)).toEqual([]);

  await goTo(page, '#/compared');
  await counts(page, 'Samples: 8');

  await goTo(page, '#/runs');
  await page.getByRole('checkbox').nth(1).waitFor();
  for (const box of await page.getByRole('checkbox').all()) await box.check();
  await page.getByRole('link', { name: 'Lay over each other' }).click();
  await page.locator('canvas').first().waitFor();
  const differences = page.getByRole('region', { name: 'Settings' });
  await expect.poll(() => differences.locator('tbody th').allTextContents()).toContain('seed');
  expect(await objections(page)).toEqual([]);
  expect(outside).toEqual([]);
  await page.close();
});

test('settings that cannot be are told in the form, and nothing begins', async () => {
  const { page } = await opened(browser, server.url);
  await page.getByRole('link', { name: 'New run' }).first().click();
  await page.getByRole('searchbox', { name: 'Find' }).fill('miniBatchSize');
  await page.locator('#setting-miniBatchSize').fill('7');
  await page.getByRole('button', { name: 'Start the run' }).click();
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('miniBatchSize');
  expect(await page.locator('p.progress').count()).toBe(0);
  await page.close();
});

test('a page without the token says so, and takes one that is pasted', async () => {
  const { page } = await opened(browser, `${new URL(server.url).origin}/#token=wrong`);
  await page.getByRole('heading', { name: 'The server does not know this page' }).waitFor();
  await page.getByLabel('Address or token').fill(server.url);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  await page.close();
});

const places = ['#/runs', '#/start', '#/playground'];

test.each(places)('axe-core finds nothing to object to at %s', async (hash) => {
  for (const look of [{}, { dark: true }, { width: 375 }]) {
    const { page } = await opened(browser, server.url, look);
    await goTo(page, hash);
    await page.locator('h1').waitFor();
    expect(await objections(page)).toEqual([]);
    await page.close();
  }
});
