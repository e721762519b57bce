/** What deploy/ and docs/scale.md call is there. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commandLines, parsed } from './command-line.ts';
import { compose, manifests } from './manifests.ts';

const root = new URL('../../', import.meta.url);
const { services } = await compose();
const containers = (await manifests()).flatMap((one) =>
  'template' in one.spec ? one.spec.template.spec.containers : [],
);

test('command lines of both are such as the program takes', async () => {
  const { worker, driver } = services;
  const lines = [worker.command, driver.command, ...containers.flatMap(({ args = [] }) => [args])];
  const given = await Promise.all(lines.filter((words) => words.length > 0).map(parsed));
  const addresses = given.map(({ redis, workers }) => redis ?? workers);
  const [inCompose, inCluster] = ['redis://redis:6379', 'redis://tactful-redis:6379'];
  expect(addresses).toEqual([inCompose, inCompose, inCluster, inCluster]);
  // nobody trains what no worker was allowed: those of the lab are named
  const [allowed, trained] = given;
  expect(trained.preset).toBe('lab');
  const { presets } = await import('../../src/jobs/presets.ts');
  expect(allowed.allow).toEqual([presets.lab.model, presets.lab.rewardModel]);
  expect(given[2].allow).toEqual(allowed.allow);
});

test('those of docs/scale.md are as well', async () => {
  const lines = commandLines(await readFile(new URL('docs/scale.md', root), 'utf8'));
  expect(lines.map(([name]) => name)).toContain('worker');
  for (const words of lines) await parsed(words);
});
