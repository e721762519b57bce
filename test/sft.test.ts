import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelConfig } from '../src/hub/config.ts';
import { readAdapter } from '../src/hub/peft.ts';
import { openWeights } from '../src/hub/weights.ts';
import { loadPolicy } from '../src/model/load.ts';
import type { Engine } from '../src/runtime/engine.ts';
import { type SftEvent, sft } from '../src/sft.ts';
import { SftConfig } from '../src/sft-config.ts';
import { loadTokenizer } from '../src/tokenizer.ts';
import { testEngine } from './engine.ts';
import { scratchFolders } from './hub/folder.ts';
import { shallowT5 } from './shallow.ts';

const scratch = scratchFolders();
let engine: Engine;
let model: string;
let data: string;

beforeAll(async () => {
  engine = await testEngine();
  model = await shallowT5(await scratch());
  data = join(model, 'data.jsonl');
  const rows = Array.from({ length: 15 }, (_, i) => {
    const dialogue = `#Person1#: Is it ${i}?\n#Person2#: Yes. ${'Really. '.repeat(30)}`;
    return JSON.stringify({
      id: `${i}`,
      dialogue,
      summary: 'They agree.',
      summary2: 'Never read.',
    });
  });
  await writeFile(data, `${rows.join('\n')}\n`);
});
afterAll(() => engine.close());

const small = { epochs: 4, batchSize: 4, learningRate: 0.02, warmup: 2, loraRank: 4 };

async function run(
  options: Partial<SftConfig>,
  { output, stopAfter = Number.POSITIVE_INFINITY }: { output?: string; stopAfter?: number } = {},
) {
  const folder = output ?? join(await scratch(), 'result');
  const controller = new AbortController();
  const { signal } = controller;
  if (stopAfter === 0) controller.abort();
  const events: SftEvent[] = [];
  const config = SftConfig.parse({ model, data, ...small, ...options });
  for await (const event of sft(config, { engine, output: folder, version: 'test', signal })) {
    events.push(event);
    if (event.type === 'step' && event.step === stopAfter) controller.abort();
  }
  const measured = events.flatMap((event) =>
    event.type === 'evaluated' ? [event.measures.loss] : [],
  );
  const steps = events.filter(({ type }) => type === 'step').length;
  return { folder, events, measured, steps };
}

describe('an adapter', () => {
  let learnt: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    learnt = await run({});
  });

  test('learns, is saved in the format of PEFT, and the held-out loss tells of it', async () => {
    const { folder, events, measured } = learnt;
    expect(events[0]).toMatchObject({
      type: 'started',
      data: { rows: 15, kept: 15, train: 12, test: 3, cut: 0 },
    });
    expect(events.at(-1)).toMatchObject({ type: 'finished', steps: 12 });
    expect(measured[1]).toBeLessThan(0.9 * measured[0]);
    const { config } = await readAdapter(folder);
    expect(config).toMatchObject({ rank: 4, alpha: 32, targetModules: ['q', 'v'] });
    const record = JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'));
    expect(record).toMatchObject({ job: 'sft', steps: 12, config: { seed: 0, epochs: 4 } });
    expect(record.heldOut.after.loss).toBe(measured[1]);
  });

  test('is gone on from where it was', async () => {
    const { folder, measured } = learnt;
    const next = await run({ adapter: folder, epochs: 1 });
    expect(next.measured[0]).toBeCloseTo(measured[1], 5);
    expect((await readAdapter(next.folder)).config.rank).toBe(4);
  });

  test('is the same bytes for the same seed', async () => {
    const bytes = async (seed: number) => {
      const { folder } = await run({ seed, epochs: 1 });
      return readFile(join(folder, 'adapter_model.safetensors'));
    };
    const [one, again, other] = [await bytes(1), await bytes(1), await bytes(2)];
    expect(one.equals(again)).toBe(true);
    expect(one.equals(other)).toBe(false);
  });
});

test('full training changes every weight and writes a folder that loads as a whole model', async () => {
  const { folder, measured } = await run({ full: true });
  expect(measured[1]).toBeLessThan(measured[0]);
  expect(await readModelConfig(folder)).toEqual(await readModelConfig(model));
  const same = ['generation_config.json', 'tokenizer.json'];
  for (const name of same) {
    expect(await readFile(join(folder, name))).toEqual(await readFile(join(model, name)));
  }
  const [before, after] = [await openWeights(model), await openWeights(folder)];
  for (const name of after.entries.keys()) {
    expect((await after.load(name)).data).not.toEqual((await before.load(name)).data);
  }
  const { policy } = await loadPolicy(engine, { model: folder });
  await policy.close();
  await loadTokenizer(folder);
  const next = await run({ model: folder, epochs: 1 });
  expect(next.measured[0]).toBeCloseTo(measured[1], 5);
});

test('a summary that is cut has no end of the sequence to learn', async () => {
  const { eosId, encode } = await loadTokenizer(model);
  const whole = await encode('They agree.');
  expect(whole.at(-1)).toBe(eosId);
  expect(whole.indexOf(eosId!)).toBe(whole.length - 1);
  const tokens = async (maxResponseTokens: number) => {
    const { events } = await run({ maxResponseTokens, epochs: 1 });
    const started = events.find(({ type }) => type === 'started');
    const evaluated = events.find(({ type }) => type === 'evaluated');
    if (started?.type !== 'started' || evaluated?.type !== 'evaluated') throw new Error();
    return { cut: started.data.cut, perResponse: evaluated.measures.tokens / 3 };
  };
  expect(await tokens(whole.length)).toEqual({ cut: 0, perResponse: whole.length });
  const cut = whole.length - 1;
  expect(await tokens(cut)).toEqual({ cut: 15, perResponse: cut });
});

test('the signal ends the training after its step, and what was learnt is saved', async () => {
  const { folder, events, steps } = await run({}, { stopAfter: 2 });
  expect(steps).toBe(2);
  expect(events.at(-1)).toEqual({ type: 'stopped', step: 2, saved: true });
  expect((await readAdapter(folder)).tensors.size).toBeGreaterThan(0);
  const record = JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'));
  expect(record).toMatchObject({ steps: 2 });
  expect(record.heldOut.after).toBeUndefined();
});

test('stopped before its first step it leaves no folder', async () => {
  const { folder, events } = await run({}, { stopAfter: 0 });
  expect(events.at(-1)).toEqual({ type: 'stopped', step: 0, saved: false });
  await expect(readdir(folder)).rejects.toThrow('ENOENT');
});

test('refuses a folder that it did not write before it reads a model', async () => {
  await expect(run({ model: '/no/such' }, { output: model })).rejects.toThrow(
    'expected a new or empty folder, or one that tactful sft wrote',
  );
});

test('an adapter and full training exclude each other', () => {
  const both = SftConfig.safeParse({ model, data, full: true, adapter: model });
  expect(both.error?.issues[0]).toMatchObject({
    path: ['full'],
    message: 'cannot go with `adapter`',
  });
});
