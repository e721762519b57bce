/** Runs with a reward and a prompt that users write: those of the README, to the letter. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { readSamples } from '../../../src/eval/samples-file.ts';
import type { RunEvent } from '../../../src/events.ts';
import { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import { loadReward } from '../../../src/jobs/detox/reward.ts';
import { detox } from '../../../src/jobs/library.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { testEngine } from '../../engine.ts';
import { tinySettings } from './tiny.ts';

let engine: Engine;
let folder: string;
let settings: z.input<typeof DetoxConfig>;
beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), 'tactful-modules-'));
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const block = (type: string) =>
    [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].find(([, code]) => code.includes(type))![1];
  const [reward, promptTemplate] = [join(folder, 'reward.ts'), join(folder, 'prompt.ts')];
  await writeFile(reward, block('RewardModule'));
  await writeFile(promptTemplate, block('PromptRow'));
  settings = { ...(await tinySettings(folder)), reward, promptTemplate, checkpointEvery: 1 };
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

async function run(name: string, options: Partial<z.input<typeof DetoxConfig>> = {}, more = {}) {
  const output = join(folder, name);
  const events: RunEvent[] = [];
  const context = { engine, output, runId: name, version: '0', ...more };
  for await (const event of detox(DetoxConfig.parse({ ...settings, ...options }), context)) {
    events.push(event);
  }
  return { output, events };
}

test('a reward of one’s own is trained on and measured beside the reward model', async () => {
  const { output, events } = await run('both', { rewardWeight: 3 });
  const { output: plain } = await run('plain', { reward: undefined });
  const [ofBoth, ofModel] = await Promise.all(
    [output, plain].map((path) => readSamples(join(path, 'samples-before.jsonl'))),
  );
  const rows = (await readFile(settings.data, 'utf8')).trim().split('\n');
  const { topic } = JSON.parse(rows.at(-ofBoth!.length)!);
  expect(ofBoth![0].query).toContain(`conversation about ${topic}.\n`);
  const step = events.find((event) => event.type === 'step')!;
  expect(step.metrics).toHaveProperty(['env/reward/reward.ts']);
  const reward = await loadReward(settings.reward!);
  for (const [i, sample] of ofBoth!.entries()) {
    const references = [JSON.parse(rows.at(i - ofBoth!.length)!)].map(({ summary }) => summary);
    const query = { id: sample.id, text: sample.query, ids: [], references };
    const rollout = { query, text: sample.response, response: [], truncated: false };
    const scores = await reward([rollout]);
    const own = (scores as readonly number[])[0];
    expect(sample.response).toBe(ofModel![i].response);
    expect(sample.reward).toBeCloseTo(ofModel![i].reward + 3 * own, 9);
  }
});

test('without a weight the reward model only measures, and that is told', async () => {
  const { events } = await run('alone', { rewardModelWeight: 0 });
  const [started] = events;
  const says = 'The reward is reward.ts; the reward model only measures.';
  expect(started).toMatchObject({ notes: expect.arrayContaining([{ says }]) });
  const { metrics } = events.find((event) => event.type === 'step')!;
  expect(metrics['env/reward_mean']).toBeCloseTo(metrics['env/reward/reward.ts'], 9);
  await expect(run('nothing', { rewardModelWeight: 0, rewardWeight: 0 })).rejects.toThrow(
    'rewards, with 0, got nothing. Set `rewardWeight`. Or set `rougeWeight`.',
  );
});

test('a run goes on to the same bytes, and refuses another reward', async () => {
  const { output } = await run('whole');
  const controller = new AbortController();
  const stopped = join(folder, 'stopped');
  const context = { engine, output: stopped, runId: 'stopped', version: '0' };
  for await (const event of detox(DetoxConfig.parse(settings), {
    ...context,
    signal: controller.signal,
  })) {
    if (event.type === 'step') controller.abort();
  }
  await cp(settings.reward!, join(folder, 'kept.ts'));
  await writeFile(settings.reward!, 'export default async (rollouts) => rollouts.map(() => 0);');
  await expect(run('stopped', {}, { resume: true })).rejects.toThrow(
    /^reward .*reward\.ts: expected sha256/,
  );
  await cp(join(folder, 'kept.ts'), settings.reward!);
  await run('stopped', {}, { resume: true });
  const bytes = (path: string) => readFile(join(path, 'adapter', 'adapter_model.safetensors'));
  expect(await bytes(stopped)).toEqual(await bytes(output));
});
