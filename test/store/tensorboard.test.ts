import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobEvent } from '../../src/events.ts';
import { histogramOf } from '../../src/store/histogram.ts';
import type { Position } from '../../src/store/store.ts';
import { tensorboardStore } from '../../src/store/tensorboard.ts';
import { evaluated, events, madeRun, rollouts, started, stepEvent } from './made-run.ts';
import { readEventFile, type Told } from './tfevents-reader.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-tensorboard-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function deliver(log: readonly JobEvent[], from: Position = { events: 0 }) {
  let position = from;
  for await (const reached of tensorboardStore().deliver(madeRun(folder, log), from)) {
    position = reached;
  }
  return position;
}

/** Files with something in them, by their names. */
async function files(): Promise<Map<string, Buffer>> {
  const place = join(folder, 'tensorboard');
  const names = (await readdir(place)).sort();
  const bytes = names.map(async (name) => [name, await readFile(join(place, name))] as const);
  return new Map((await Promise.all(bytes)).filter(([, { length }]) => length > 0));
}

async function told(): Promise<Told[]> {
  return [...(await files()).values()].flatMap((file) => readEventFile(file));
}

test('a file has the numbers of each step under their names, at the time of the step', async () => {
  const log = [...events(3), evaluated('after', 0.25)];
  const position = await deliver(log);
  expect(position.events).toBe(log.length);
  const [version, restart, settings, before, ...rest] = await told();
  expect(version).toMatchObject({ version: 'brain.Event:2', step: 0 });
  expect(restart).toMatchObject({ restart: true, step: 0 });
  expect(JSON.parse(settings.texts.settings.split('\n').slice(1, -1).join('\n'))).toEqual(
    started.config,
  );
  expect(before.scalars).toEqual({
    'evaluated/reward': 0.5,
    'evaluated/toxicity': 0.5,
    'evaluated/flagged': 0.5,
  });
  const begun = Date.parse(started.time) / 1000;
  expect(rest.map(({ time, step }) => [time - begun, step])).toEqual([
    [2, 1],
    [4, 2],
    [6, 3],
    [6, 3],
  ]);
  expect(rest[1].scalars).toEqual({
    'objective/kl': Math.fround(Math.sin(2)),
    'ppo/loss/policy': Math.fround(-1 / 3),
    'env/reward_mean': Math.fround(2 / 7),
    'env/reward/a reward of mine!': 2,
    'time/step': 2,
  });
  expect(rest[3].scalars['evaluated/toxicity']).toBe(0.25);
});

test('rollouts are shown as histograms of what counts, and by their best and worst', async () => {
  await deliver(events(1));
  const { histograms, texts } = (await told())[4];
  const rows = rollouts(1);
  expect(Object.keys(histograms).sort()).toEqual([
    ...['env/reward_dist', 'objective/kl_dist', 'objective/logprobs', 'objective/ref_logprobs'],
    ...['ppo/policy/advantages', 'tokens/responses_dist'],
  ]);
  expect(histograms['objective/kl_dist']).toMatchObject({ min: 0, max: 0.4, count: 5 });
  expect(histograms['objective/logprobs'].count).toBe(14); // one of 15 is masked
  expect(histograms['tokens/responses_dist']).toMatchObject({ limits: [3], counts: [5] });
  const ranked = rows.toSorted((a, b) => b.score - a.score).map(({ response }) => response);
  const shown = ranked.filter((response) => texts.rollouts.includes(response));
  expect(shown).toEqual([...ranked.slice(0, 2), ...ranked.slice(3)]);
  expect(texts.rollouts).toContain('the query hash0');
});

test('a text that is Markdown stays what it is, but that long lines are broken', async () => {
  const response = `# no title\n\`\`\`\n<script>alert(1)</script>\n\`\`\`\`\n${'word '.repeat(50)}`;
  const run = {
    ...madeRun(folder, events(1)),
    rollouts: async () => [{ ...rollouts(1)[0], response }],
  };
  for await (const _ of tensorboardStore().deliver(run, { events: 0 }));
  const { rollouts: shown } = (await told())[4].texts;
  const [, block] = /\n`{5}text\n([\s\S]*?)\n`{5}\n/.exec(shown)!;
  expect(block.replaceAll('\n', ' ')).toBe(response.replaceAll('\n', ' '));
  expect(Math.max(...block.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(110);
});

test('the bytes are the same however the log came, and whatever a kill left behind', async () => {
  const log = [...events(4), evaluated('after', 0.1)];
  await deliver(log);
  const whole = [...(await files()).values()];
  await rm(join(folder, 'tensorboard'), { recursive: true });
  let position: Position = { events: 0 };
  for (let n = 1; n <= log.length; n++) {
    position = JSON.parse(JSON.stringify(await deliver(log.slice(0, n), position)));
    const [[name, bytes]] = await files();
    // what was written but not told
    await writeFile(join(folder, 'tensorboard', name), Buffer.concat([bytes, bytes.subarray(-9)]));
  }
  const [[name]] = await files();
  await truncate(join(folder, 'tensorboard', name), Number(position.memo?.bytes));
  expect([...(await files()).values()]).toEqual(whole);
  await deliver(log); // of a run whose position was lost
  expect([...(await files()).values()]).toEqual(whole);
});

test('after a step back another file takes the place of the first, which tells readers to begin anew', async () => {
  const log = events(4);
  const position = await deliver(log);
  const [first] = (await files()).keys();
  const again = [...log.slice(0, 4), resumed(2), stepEvent(3, 1)];
  const store = tensorboardStore();
  const from = await store.rewind(madeRun(folder, again), position, 4);
  await deliver(again, from);
  const [second, ...more] = (await files()).keys();
  expect(more).toEqual([]);
  expect(second > first).toBe(true);
  const seen = await told();
  expect(seen[1]).toMatchObject({ restart: true, step: 0 });
  const kls = seen.flatMap(({ step, scalars }) => {
    return 'objective/kl' in scalars ? [[step, scalars['objective/kl']]] : [];
  });
  expect(kls).toEqual([
    [1, Math.fround(Math.sin(1))],
    [2, Math.fround(Math.sin(2))],
    [3, Math.fround(Math.sin(3) + 1)],
  ]);
});

test('what is taken back but was never shown leaves the file as it is', async () => {
  const stopped: JobEvent = { type: 'stopped', step: 2, reason: 'interrupted' };
  const position = await deliver([...events(2), stopped]);
  const [[name, before]] = await files();
  const again = [...events(2), resumed(2), stepEvent(3)];
  const from = await tensorboardStore().rewind(madeRun(folder, again), position, 4);
  await deliver(again, from);
  const [[same, after]] = await files();
  expect(same).toBe(name);
  expect(after.subarray(0, before.length)).toEqual(before);
  expect(readEventFile(after).map(({ step }) => step)).toEqual([0, 0, 0, 0, 1, 2, 3]);
});

test('a file that is gone or too short is written again from the beginning', async () => {
  const position = await deliver(events(2));
  const [[name, whole]] = await files();
  await truncate(join(folder, 'tensorboard', name), 10);
  await deliver(events(2), { ...position, events: 3 });
  const [[other, bytes]] = await files();
  expect(other).not.toBe(name);
  expect(bytes).toEqual(whole);
});

test('a place that cannot be written is told, and nothing counts as delivered', async () => {
  await writeFile(join(folder, 'tensorboard'), 'a file');
  await expect(deliver(events(1))).rejects.toThrow('a file where a folder has to be');
});

test('a histogram has every number once, between its ends', () => {
  const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });
  const property = fc.property(numbers, (values) => {
    const { min, max, count, limits, counts } = histogramOf(values)!;
    expect([min, max, count]).toEqual([Math.min(...values), Math.max(...values), values.length]);
    expect(counts.reduce((a, b) => a + b)).toBe(count);
    expect(limits.at(-1)).toBe(max);
    expect(limits).toEqual([...limits].sort((a, b) => a - b));
  });
  fc.assert(property);
  expect(histogramOf([Number.NaN])).toBeUndefined();
});

function resumed(step: number): JobEvent {
  const now = { time: '2026-11-29T06:00:00.000Z', version: '1', engine: 'none', notes: [] };
  return { type: 'resumed', step, ...now };
}
