import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAdapter } from '../../src/adapter/peft.ts';
import { readModelConfig } from '../../src/family/config.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { openWeights } from '../../src/family/weights.ts';
import { type SftEvent, sft } from '../../src/jobs/library.ts';
import { SftConfig } from '../../src/jobs/sft-config.ts';
import type { SftMeasures } from '../../src/jobs/sft-measures.ts';
import { loadPolicy } from '../../src/model/load.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { shallowT5 } from '../shallow.ts';

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

const small = {
  epochs: 4,
  batchSize: 4,
  learningRate: 0.02,
  warmup: 2,
  loraRank: 4,
  evaluationSamples: 0,
};

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
    event.type === 'evaluated' || event.type === 'validated' ? [event.loss] : [],
  );
  const steps = events.filter(({ type }) => type === 'step').length;
  return { folder, events, measured, steps };
}

const stopped = { type: 'stopped', reason: 'interrupted' };

/** What an event tells of a measurement, and nothing of the event. */
function measuresOf(event: object): Partial<SftMeasures> {
  const {
    type: _,
    when: __,
    step: ___,
    best: ____,
    ...measures
  } = event as Record<string, unknown>;
  return measures;
}

const adapterIn = (folder: string) => readFile(join(folder, 'adapter_model.safetensors'));
const recordIn = async (folder: string) =>
  JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'));

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

describe('every weight', () => {
  let learnt: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    const measured = { evaluateEvery: 12, evaluationSamples: 3, maxResponseTokens: 8 };
    learnt = await run({ full: true, epochs: 12, ...measured });
  });

  test('changes, and the folder loads as a whole model', async () => {
    const { folder, measured } = learnt;
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
    const next = await run({ model: folder, epochs: 0.3 });
    expect(next.measured[0]).toBeCloseTo(measured.at(-1)!, 5);
  });

  test('learns by heart: the loss falls, ROUGE rises, and the record says so', async () => {
    const { folder, events, measured } = learnt;
    const evaluated = events.filter(({ type }) => type === 'evaluated' || type === 'validated');
    expect(evaluated).toMatchObject([
      { type: 'evaluated', when: 'before' },
      { type: 'validated', step: 12 },
      { type: 'validated', step: 24 },
      { type: 'validated', step: 36 },
      { type: 'evaluated', when: 'after' },
    ]);
    const [before, , , last, after] = evaluated.map(measuresOf);
    expect(measured[3]).toBeLessThan(0.2 * measured[0]);
    expect(before.rouge1).toBeLessThan(0.5);
    expect(last).toMatchObject({ samples: 3, rouge1: 1, rouge2: 1, rougeL: 1 });
    expect(after).toEqual(last);
    const { best, evaluations, heldOut } = await recordIn(folder);
    expect(best).toBe(36);
    expect(evaluations).toHaveLength(3);
    expect(evaluations[2]).toEqual({ step: 36, ...last });
    expect(heldOut).toEqual({ before, after });
  });
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
    return { cut: started.data.cut, perResponse: evaluated.tokens / 3 };
  };
  expect(await tokens(whole.length)).toEqual({ cut: 0, perResponse: whole.length });
  const cut = whole.length - 1;
  expect(await tokens(cut)).toEqual({ cut: 15, perResponse: cut });
});

test('the signal ends the training after its step, and what was learnt is saved', async () => {
  const { folder, events, steps } = await run({}, { stopAfter: 2 });
  expect(steps).toBe(2);
  expect(events.at(-1)).toEqual({ ...stopped, step: 2, saved: true });
  expect((await readAdapter(folder)).tensors.size).toBeGreaterThan(0);
  const record = JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'));
  expect(record).toMatchObject({ steps: 2 });
  expect(record.heldOut.after).toBeUndefined();
});

describe('measurements in between', () => {
  const brief = { maxResponseTokens: 1 };
  /** Bytes of the adapter after some steps of a training that measures nothing in between. */
  const adapterAfter = async (step: number) =>
    adapterIn((await run(brief, { stopAfter: step })).folder);
  let two: Buffer;
  beforeAll(async () => {
    two = await adapterAfter(2);
  });

  test('change nothing of the training: the same steps, the same bytes', async () => {
    const short = { ...brief, epochs: 2 };
    const every = await run({ ...short, evaluateEvery: 1, evaluationSamples: 2 });
    const never = await run(short);
    const steps = ({ events }: typeof every) => events.filter(({ type }) => type === 'step');
    expect(steps(every)).toHaveLength(6);
    expect(steps(every)).toEqual(steps(never));
    // the last step has the rate 0: the one before it is as good, and stays the best
    expect(every.events.at(-1)).toMatchObject({ type: 'finished', steps: 6, best: 5 });
    expect((await adapterIn(every.folder)).equals(await adapterIn(never.folder))).toBe(true);
  });

  test('end the training when patience does; the result is the best, to the bit', async () => {
    // ROUGE stays 0, so that the first is the best
    const patient = { evaluateEvery: 2, patience: 2, bestMetric: 'rouge1' as const };
    const { folder, events } = await run({ ...brief, ...patient, evaluationSamples: 1 });
    expect(events.at(-1)).toMatchObject({ type: 'finished', steps: 6, best: 2, early: true });
    const bests = events.flatMap((event) => (event.type === 'validated' ? [event.best] : []));
    expect(bests).toEqual([true, false, false]);
    expect((await adapterIn(folder)).equals(two)).toBe(true);
    expect(await recordIn(folder)).toMatchObject({ steps: 6, best: 2 });
  });

  test('outlive a stop: the best is the result, the last step lies beside it', async () => {
    const { folder, events } = await run({ ...brief, evaluateEvery: 2 }, { stopAfter: 3 });
    const last = join(folder, 'last');
    expect(events.at(-1)).toEqual({ ...stopped, step: 3, saved: true, best: 2, last });
    const [said, measured] = ['evaluated', 'validated'].map((name) =>
      measuresOf(events.findLast(({ type }) => type === name)!),
    );
    expect(said).toEqual(measured); // what the best is worth is told
    expect((await adapterIn(folder)).equals(two)).toBe(true);
    expect((await adapterIn(last)).equals(await adapterAfter(3))).toBe(true);
    expect((await run({ adapter: last, epochs: 0.3 })).steps).toBe(1);
  });

  test('keep the best when numbers go wrong, and the message says where it is', async () => {
    const wild = { evaluateEvery: 1, learningRate: 1e19, schedule: 'constant' as const };
    const output = join(await scratch(), 'result');
    await expect(run({ ...brief, ...wild }, { output })).rejects.toThrow(
      `The best so far, after step 1, is in ${output}.`,
    );
    expect(await recordIn(output)).toMatchObject({ steps: 1, best: 1 });
  });
});

test('without a rate and a warmup it takes those of its kind, and says which', async () => {
  const { learningRate: _, warmup: __, ...rest } = small;
  const options = { ...rest, model, data, epochs: 0.3, batchSize: 1 };
  const rates = async (full: boolean) => {
    const output = join(await scratch(), 'result');
    const config = SftConfig.parse({ ...options, full });
    for await (const _ of sft(config, { engine, output, version: 'test' }));
    const { learningRate, warmup } = (await recordIn(output)).config;
    return { learningRate, warmup };
  };
  expect(await rates(false)).toEqual({ learningRate: 1e-3, warmup: 0 });
  expect(await rates(true)).toEqual({ learningRate: 1e-4, warmup: 0 });
});

test('parts of a step that are computed apart give the same training, up to rounding', async () => {
  const losses = async (options: Partial<SftConfig>) => {
    const { events } = await run({ learningRate: 1e-3, epochs: 1, ...options });
    return events.flatMap((event) => (event.type === 'step' ? [event.metrics.loss] : []));
  };
  expect(await losses({ microBatchSize: 3 })).toBeAllClose(await losses({}), { atol: 2e-6 });
});

test('says what memory it will take, and refuses what cannot fit', async () => {
  const { events } = await run({}, { stopAfter: 1 });
  const [started] = events;
  if (started.type !== 'started') throw new Error();
  expect(started.memory?.total).toBeGreaterThan(1e8); // the program alone
  expect(started.memory?.total).toBeLessThan(4e8); // a small model
  await expect(run({ batchSize: 1e9, microBatchSize: 1e9 })).rejects.toThrow(
    /^memory: expected about .*got .* available\. Use `gradientCheckpointing`, or a smaller `microBatchSize`/,
  );
});

test('rows that say the same are learnt as often as they are there', async () => {
  const repeated = join(model, 'repeated.jsonl');
  const lines = (await readFile(data, 'utf8')).split('\n').slice(0, 3);
  await writeFile(repeated, Array.from({ length: 15 }, (_, i) => lines[i % 3]).join('\n'));
  const { events, steps } = await run({ data: repeated, epochs: 1, batchSize: 5 });
  expect(events[0]).toMatchObject({ data: { rows: 15, train: 2, test: 1, pairs: 10 } });
  expect(steps).toBe(2);
});

test('a batch larger than the data is refused before anything is measured', async () => {
  await expect(run({ batchSize: 13 })).rejects.toThrow('`batchSize`: expected at most 12');
});

test('stopped before its first step it leaves no folder', async () => {
  const { folder, events } = await run({}, { stopAfter: 0 });
  expect(events.at(-1)).toEqual({ ...stopped, step: 0, saved: false });
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

test.each([
  [{ patience: 2 }, 'patience', 'needs `evaluateEvery`'],
  [{ bestMetric: 'rouge1', evaluationSamples: 0 }, 'bestMetric', 'needs `evaluationSamples`'],
])('refuses %j', (options, field, message) => {
  const { error } = SftConfig.safeParse({ model: 'm', data: 'd.csv', ...options });
  expect(error?.issues).toMatchObject([{ path: [field], message }]);
});
