import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { readAdapter } from '../../../src/adapter/peft.ts';
import { NumericError } from '../../../src/errors.ts';
import type { RunEvent } from '../../../src/events.ts';
import { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import type { JobContext } from '../../../src/jobs/kind.ts';
import { detox } from '../../../src/jobs/library.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { readEvents, withEvent } from '../../../src/store/event-log.ts';
import { testEngine } from '../../engine.ts';
import { tinySettings } from './tiny.ts';

type Options = Partial<z.input<typeof DetoxConfig>>;

let engine: Engine;
let folder: string;
let settings: Awaited<ReturnType<typeof tinySettings>>;
/** A run that crashed in its last step; the newest checkpoint is that after step 2. */
let crashed: string;
let runs = 0;
beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), 'tactful-resume-'));
  settings = await tinySettings(folder);
  crashed = newOutput();
  await start({ output: crashed, crashAfter: isStep(3) });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const newOutput = () => join(folder, `run-${++runs}`);

/** A copy of the crashed run, to change or to go on with. */
async function copyOfCrashed(): Promise<string> {
  const output = newOutput();
  await cp(crashed, output, { recursive: true });
  return output;
}

/** All that a learner remembers, with measurements in between. */
const whole: Options = {
  steps: 3,
  batchSize: 4,
  miniBatchSize: 2,
  checkpointEvery: 2,
  keepCheckpoints: 9,
  evaluateEvery: 1,
  validationSamples: 3,
  samples: 3,
  calibrate: 4,
  horizon: 50,
  schedule: 'cosine',
  warmup: 1,
};

interface Start {
  readonly output: string;
  readonly options?: Options;
  readonly context?: Partial<JobContext>;
  /** Stops reading after an event, as a crash would. */
  readonly crashAfter?: (event: RunEvent) => boolean;
  /** Ctrl-C after an event. */
  readonly stopAfter?: (event: RunEvent) => boolean;
}

/** Events of one start of a run. */
async function start({ output, options = whole, context, crashAfter, stopAfter }: Start) {
  const config = DetoxConfig.parse({ ...settings, ...options });
  const controller = new AbortController();
  const { signal } = controller;
  const events: RunEvent[] = [];
  const all = { engine, output, runId: 'test', version: '1', signal, ...context };
  for await (const event of detox(config, all)) {
    events.push(event);
    if (crashAfter?.(event)) break;
    if (stopAfter?.(event)) controller.abort();
  }
  return events;
}

const resume = { context: { resume: true } };
const isStep = (number: number) => (event: RunEvent) =>
  event.type === 'step' && event.step === number;

const isMeasured = (number: number) => (event: RunEvent) =>
  event.type === 'validated' && event.step === number;

/** All files of a run whose bytes must not depend on how often it was stopped. */
async function resultOf(output: string) {
  const names = (await readdir(output, { recursive: true })).filter((name) =>
    /^(adapter|best|rollouts)\/|^samples|^checkpoints\/.*safetensors$/.test(name),
  );
  const read = async (name: string) => [name, await readFile(join(output, name), 'base64')];
  return Object.fromEntries(await Promise.all(names.sort().map(read)));
}

/** Events without what a clock says, as a log holds them; of checkpoints those that are due. */
async function logOf(...starts: readonly (readonly RunEvent[])[]) {
  const told = starts.flat().filter(({ type }) => type !== 'progress');
  return told
    .reduce<RunEvent[]>(withEvent, [])
    .filter((event) => event.type !== 'resumed')
    .filter((event) => event.type !== 'checkpoint' || event.step !== 1)
    .map((event) => {
      const none = { time: '', seconds: 0, peakMemory: 0, metrics: {} };
      const { time, seconds, peakMemory, metrics, ...rest } = { ...none, ...event };
      const steady = Object.entries(metrics).filter(([name]) => !name.startsWith('time/'));
      return { ...rest, metrics: Object.fromEntries(steady) };
    });
}

describe('a run that goes on', () => {
  let undisturbed: { events: RunEvent[]; log: unknown; result: Record<string, string> };
  beforeAll(async () => {
    const output = newOutput();
    const events = await start({ output });
    undisturbed = { events, log: await logOf(events), result: await resultOf(output) };
  });

  test('had something to remember: several bests, checkpoints and all files', () => {
    const { events, result } = undisturbed;
    const checkpoints = events.filter(({ type }) => type === 'checkpoint');
    expect(checkpoints).toMatchObject([{ step: 0 }, { step: 2 }, { step: 3 }]);
    expect(events.filter(({ type }) => type === 'validated')).toHaveLength(3);
    expect(Object.keys(result)).toEqual(
      expect.arrayContaining([
        'adapter/adapter_model.safetensors',
        'adapter/value_head.safetensors',
        'best/adapter_model.safetensors',
        'best/best.json',
        'checkpoints/step-000002/state.safetensors',
        'samples-before.jsonl',
        'rollouts/queries.jsonl',
        'rollouts/step-000003.jsonl.gz',
      ]),
    );
  });

  test('learns the same to the last bit when nothing of the rollouts is kept', async () => {
    const output = newOutput();
    await start({ output, options: { ...whole, keepRollouts: 0 } });
    const kept = Object.entries(undisturbed.result).filter(([name]) => !/^rollouts/.test(name));
    expect(await resultOf(output)).toEqual(Object.fromEntries(kept));
  });

  test.each<[string, Pick<Start, 'crashAfter' | 'stopAfter'>]>([
    ['a crash while it measures', { crashAfter: ({ type }) => type === 'progress' }],
    ['a crash in the first step', { crashAfter: ({ type }) => type === 'calibrated' }],
    ['a crash after a measurement', { crashAfter: isMeasured(1) }],
    ['a crash when all is done', { crashAfter: ({ type }) => type === 'compared' }],
    ['Ctrl-C between two checkpoints', { stopAfter: isStep(1) }],
  ])('after %s ends with the same bytes and the same log', async (_, how) => {
    const output = newOutput();
    const first = await start({ output, ...how });
    const second = await start({ output, ...resume });
    expect(second.at(-1)?.type).toBe('finished');
    expect(await logOf(first, second)).toEqual(undisturbed.log);
    const result = await resultOf(output);
    const expected = undisturbed.result;
    for (const name of Object.keys(expected)) {
      expect(result[name] === expected[name], name).toBe(true);
    }
    expect(
      (await readdir(output, { recursive: true })).filter((name) => /\.(tmp|old)$/.test(name)),
    ).toEqual([]);
  });

  test.each([
    ['before', 0],
    ['after', 3],
  ])('Ctrl-C while it measures %s is the end of its log, until it goes on', async (when, step) => {
    const output = newOutput();
    const stopAfter = (event: RunEvent) =>
      event.type === 'progress' && event.phase === `measure ${when}` && event.done === 0;
    await expect(start({ output, stopAfter })).rejects.toThrow();
    const read = () => readEvents(join(output, 'events.jsonl'));
    const end = { type: 'stopped', step, reason: 'interrupted while measuring' };
    expect((await read()).at(-1)).toEqual(end);
    await start({ output, ...resume });
    expect(await logOf(await read())).toEqual(undisturbed.log);
    expect(await resultOf(output)).toEqual(undisturbed.result);
  });

  test('measures the starting policy anew when its answers are gone', async () => {
    const output = await copyOfCrashed();
    await rm(join(output, 'samples-before.jsonl'));
    await start({ output, ...resume });
    expect(await resultOf(output)).toEqual(undisturbed.result);
  });

  test('Ctrl-C in the first step keeps what was measured before, and the adapter it starts from', async () => {
    const output = newOutput();
    const options = { ...whole, checkpointEvery: 0 };
    const events = await start({ output, options, stopAfter: ({ type }) => type === 'calibrated' });
    expect(events.at(-1)).toMatchObject({ type: 'stopped', step: 0, saved: true });
    expect(await readdir(join(output, 'checkpoints'))).toEqual(['step-000000']);
    const [{ tensors }, given] = await Promise.all([
      readAdapter(join(output, 'adapter')),
      readAdapter(settings.adapter),
    ]);
    expect(tensors).toEqual(given.tensors);
    const rest = await start({ output, options, ...resume });
    expect(rest.find(({ type }) => type !== 'progress')).toMatchObject({
      type: 'resumed',
      step: 0,
    });
    expect(rest.filter(({ type }) => type === 'evaluated')).toHaveLength(1); // the one after
    expect((await resultOf(output))['adapter/adapter_model.safetensors']).toBe(
      undisturbed.result['adapter/adapter_model.safetensors'],
    );
  });

  test('of an earlier version, which kept its best elsewhere, ends with the same bytes', async () => {
    const output = await copyOfCrashed();
    const log = join(output, 'events.jsonl');
    await writeFile(log, (await readFile(log, 'utf8')).replace('"job":"detox",', ''));
    for (const name of await readdir(join(output, 'checkpoints'))) {
      const path = join(output, 'checkpoints', name, 'state.json');
      const { job: _, memory, ...record } = JSON.parse(await readFile(path, 'utf8'));
      const { before, evaluations, best, since, ...learnt } = memory;
      const measured = evaluations.find(({ step }: { step: number }) => step === best?.step);
      const then = best && { best: { step: best.step, value: measured.measures.reward.mean } };
      await writeFile(path, JSON.stringify({ ...record, ...then, memory: learnt }));
    }
    const events = await start({ output, ...resume });
    expect(events[0]).toMatchObject({ type: 'resumed', step: 2 });
    expect(events.find(({ type }) => type === 'validated')).toMatchObject({ step: 3 });
    expect(await resultOf(output)).toEqual(undisturbed.result);
  });

  test('says so, and takes the checkpoint before, when the newest is damaged', async () => {
    const output = await copyOfCrashed();
    await appendFile(join(output, 'checkpoints', 'step-000002', 'state.safetensors'), 'x');
    const events = await start({ output, ...resume });
    expect(events[0]).toMatchObject({
      type: 'resumed',
      step: 0,
      notes: [
        expect.stringMatching(
          /^A newer checkpoint was passed over\. .*The checkpoint is damaged\.$/,
        ),
      ],
    });
    expect(await resultOf(output)).toEqual(undisturbed.result);
  });

  test('says when another version or another engine goes on', async () => {
    const output = await copyOfCrashed();
    const other: Engine = { ...engine, description: 'another engine' };
    const context = { resume: true, version: '2', engine: other };
    const [first] = await start({ output, context, crashAfter: () => true });
    expect(first).toMatchObject({
      type: 'resumed',
      step: 2,
      notes: [
        'The version of tactful was 1 and is 2: the last bits may differ.',
        `The engine was ${engine.description} and is another engine: the last bits may differ.`,
      ],
    });
  });

  test('may write the value head as TRL reads it from there on', async () => {
    const output = await copyOfCrashed();
    const options: Options = { ...whole, valueHeadFile: 'pytorch_model.bin' };
    await start({ output, options, ...resume });
    const [ours, theirs] = ['value_head.safetensors', 'pytorch_model.bin'];
    const result = await resultOf(output);
    for (const folder of ['adapter', 'checkpoints/step-000003/adapter']) {
      expect(await readdir(join(output, folder))).toContain(theirs);
      expect(await readdir(join(output, folder))).not.toContain(ours);
    }
    const changed = Object.keys(result).filter((name) => result[name] !== undisturbed.result[name]);
    expect(changed).toContain(`adapter/${theirs}`);
    expect(changed.filter((name) => !name.endsWith(theirs))).toEqual([]);
  });

  test('counts the seconds of all its starts, without what a crash cost', async () => {
    const output = await copyOfCrashed();
    const path = join(output, 'checkpoints', 'step-000002', 'state.json');
    const json = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...json, seconds: 1000 }));
    const last = (await start({ output, ...resume })).at(-1);
    expect(last).toMatchObject({ type: 'finished', steps: 3 });
    expect((last as { seconds: number }).seconds).toBeGreaterThan(1000);
    expect((last as { seconds: number }).seconds).toBeLessThan(1060);
  });
});

test("numpy's stream goes on where it was, with TRL 0.8.0's semantics", async () => {
  const options: Options = {
    compat: 'trl-0.8.0',
    steps: 2,
    checkpointEvery: 1,
    evaluateEvery: 0,
    samples: 1,
    minLength: 5, // no response so short that TRL's mask is empty
    responseLimits: [5, 7],
    useScoreScaling: true,
    useScoreNorm: true,
  };
  const [one, two] = [newOutput(), newOutput()];
  await start({ output: one, options });
  await start({ output: two, options, crashAfter: isStep(2) });
  await start({ output: two, options, ...resume });
  expect(await resultOf(two)).toEqual(await resultOf(one));
});

test('RLOO goes on to the bit, without a value head', async () => {
  const options: Options = { algorithm: 'rloo', steps: 2, checkpointEvery: 1, samples: 1 };
  const [one, two] = [newOutput(), newOutput()];
  await start({ output: one, options });
  await start({ output: two, options, crashAfter: isStep(2) });
  await start({ output: two, options, ...resume });
  expect(await resultOf(two)).toEqual(await resultOf(one));
});

describe('checkpoints', () => {
  test('with 0 there is one at a stop and one at the end, and no other', async () => {
    const output = newOutput();
    const options = { steps: 2, checkpointEvery: 0, samples: 1 };
    const first = await start({ output, options, stopAfter: isStep(1) });
    const second = await start({ output, options, ...resume });
    const of = (events: readonly RunEvent[]) =>
      events.flatMap((event) => (event.type === 'checkpoint' ? [event.path] : []));
    expect(of(first)).toEqual(['checkpoints/step-000001']);
    expect(of(second)).toEqual(['checkpoints/step-000002']);
  });

  test('nothing is written without a folder', async () => {
    const config = DetoxConfig.parse({
      ...settings,
      steps: 1,
      samples: 1,
      evaluateEvery: 1,
      validationSamples: 1,
    });
    const types: string[] = [];
    for await (const { type } of detox(config, { engine, runId: 'test', version: '1' })) {
      types.push(type);
    }
    expect(types).toContain('validated');
    expect(types).not.toContain('checkpoint');
  });
});

describe('the best adapter', () => {
  test.each([
    ['reward', Math.max],
    ['toxicity', Math.min],
  ] as const)('by %s is that of the step measured best', async (bestMetric, best) => {
    const output = newOutput();
    const options: Options = {
      steps: 3,
      learningRate: 3e-2,
      samples: 1,
      evaluateEvery: 1,
      validationSamples: 6,
      bestMetric,
      checkpointEvery: 1,
      keepCheckpoints: 3,
    };
    const events = await start({ output, options });
    const measured = events.filter((event) => event.type === 'validated');
    const value = best(...measured.map((event) => event[bestMetric].mean));
    const first = measured.find((event) => event[bestMetric].mean === value)!;
    const { step } = measured.findLast((event) => event.best)!;
    expect(step).toBe(first.step);
    const record = JSON.parse(await readFile(join(output, 'best', 'best.json'), 'utf8'));
    expect(record).toEqual({ step, metric: bestMetric, value });
    const name = `step-00000${step}`;
    const [kept, then] = await Promise.all(
      [join(output, 'best'), join(output, 'checkpoints', name, 'adapter')].map(readAdapter),
    );
    expect(kept.tensors).toEqual(then.tensors);
  });

  test('that gets no better ends the training, when patience is at its end', async () => {
    const output = newOutput();
    const options = { steps: 5, samples: 1, evaluateEvery: 1, validationSamples: 6, patience: 2 };
    // so small a rate changes no number: the first is the best
    const still = { ...options, learningRate: 1e-30 };
    const events = await start({ output, options: still, stopAfter: isStep(2) });
    expect(events.at(-1)).toMatchObject({ type: 'stopped', step: 2, saved: true });
    const rest = await start({ output, options: still, ...resume });
    const measured = rest.filter((event) => event.type === 'validated');
    expect(measured.map(({ step, best }) => [step, best])).toEqual([
      [2, false],
      [3, false],
    ]);
    expect(rest.at(-1)).toMatchObject({ type: 'finished', steps: 3, early: true });
    expect((await readAdapter(join(output, 'adapter'))).tensors.size).toBeGreaterThan(0);
  });

  test('is chosen by dialogues that the training does not see', async () => {
    const output = newOutput();
    const options = { steps: 1, samples: 1, evaluateEvery: 1, validationSamples: 10 };
    const [begun] = await start({ output, options });
    expect(begun).toMatchObject({ data: { train: 14, validation: 10, test: 6 } });
    await expect(
      start({ output: newOutput(), options: { ...options, validationSamples: 24 } }),
    ).rejects.toThrow(
      '`validationSamples`: expected fewer than the 24 dialogues for training, got 24.',
    );
  });
});

test('a number that is not finite leaves a dump, and the checkpoint before it as it was', async () => {
  const output = newOutput();
  const options: Options = { ...whole, learningRate: 1e38, warmup: 0, schedule: 'constant' };
  const failed = start({ output, options });
  await expect(failed).rejects.toThrow(NumericError);
  await expect(failed).rejects.toThrow(
    `What was known is in ${join(output, 'dump')}. npx tactful resume ${output} goes on after step 0 and meets the same error, `,
  );
  const names = ['batch.json', 'error.json', 'state.safetensors'];
  expect((await readdir(join(output, 'dump'))).sort()).toEqual(names);
  expect(await readdir(join(output, 'checkpoints'))).toEqual(['step-000000']);
  const batch = JSON.parse(await readFile(join(output, 'dump', 'batch.json'), 'utf8'));
  expect(batch.rows).toHaveLength(4);
});

test('a dump does not take a response for one of the batch before it', async () => {
  const output = newOutput();
  const sizes = { batchSize: 4, miniBatchSize: 4, samples: 1, calibrate: 0 };
  // one optimizer step, after which all numbers are finite and the next logits are not
  const options: Options = { ...sizes, learningRate: 1e25 };
  await expect(start({ output, options })).rejects.toThrow('logits of response 0, token 0');
  const { step, details, sample } = JSON.parse(
    await readFile(join(output, 'dump', 'error.json'), 'utf8'),
  );
  expect(step).toBe(1);
  expect(details).toMatchObject({ sample: 0, query: expect.any(Array), response: [] });
  expect(sample).toBeUndefined();
  expect(await readdir(join(output, 'dump'))).not.toContain('batch.json');
});

describe('what it refuses', () => {
  const again = (options: Options) =>
    start({ output: crashed, options: { ...whole, ...options }, ...resume });

  test.each<[Options, string]>([
    [{ learningRate: 2e-3 }, 'learningRate: expected 0.001, with which the run began, got 0.002.'],
    [{ seed: 1 }, 'seed: expected 0, with which the run began, got 1.'],
    [{ adamEps: 1e-7 }, 'adamEps: expected 0.00001, with which the run began, got 1e-7.'],
  ])('another setting: %j', async (options, message) => {
    await expect(again(options)).rejects.toThrow(`${message} Put it back, or start a new run.`);
  });

  test('other weights, another tokenizer, other data, by name', async () => {
    for (const path of ['model/model.safetensors', 'model/tokenizer.json', 'dialogues.jsonl']) {
      const file = join(folder, path);
      const bytes = await readFile(file);
      await appendFile(file, ' ');
      await expect(again({})).rejects.toThrow(
        /^(model|data) .*(model\.safetensors|tokenizer\.json|dialogues\.jsonl): expected sha256 \w{12}…, as when the run began, got sha256 \w{12}…\. Put it back as it was, or start a new run\.$/,
      );
      await writeFile(file, bytes);
    }
  });

  test('a start without the adapter with which it began', async () => {
    await expect(again({ adapter: undefined })).rejects.toThrow(
      /^adapter adapter\/adapter_config\.json: expected sha256 .*, as when the run began, got no file\./,
    );
  });

  test('nothing when only the amount of what is kept changes, or the place of the files', async () => {
    const moved = await mkdtemp(join(tmpdir(), 'tactful-moved-'));
    const { model, data } = await tinySettings(moved);
    const options = { ...whole, model, data, checkpointEvery: 1, keepCheckpoints: 1 };
    const output = await copyOfCrashed();
    const [first] = await start({ output, options, ...resume, crashAfter: () => true });
    expect(first).toMatchObject({ type: 'resumed', step: 2, notes: [] });
    await rm(moved, { recursive: true });
  });
});
