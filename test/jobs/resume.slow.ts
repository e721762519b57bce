import { writeFileSync } from 'node:fs';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  expectResult,
  expectSame,
  isMeasured,
  isMeasuring,
  isStep,
  recordIn,
  resume,
  type Start,
  stoppedJob,
  type Undisturbed,
  undisturbed,
} from './tiny.ts';

const setup = stoppedJob();
const { newOutput, copyOfStopped, scratch } = setup;
let { tiny, job, whole } = setup;
beforeAll(() => {
  ({ tiny, job, whole } = setup);
});

describe('a job that goes on ends with the same bytes', () => {
  test.each<[string, Pick<Start, 'crashAfter' | 'stopAfter'>, number]>([
    ['Ctrl-C between two checkpoints', { stopAfter: isStep(3) }, 3],
    ['Ctrl-C before a measurement that is due', { stopAfter: isStep(2) }, 2],
    ['Ctrl-C in a measurement', { stopAfter: isMeasuring(4) }, 4],
    ['Ctrl-C after a measurement', { stopAfter: isMeasured(4) }, 4],
    ['Ctrl-C when all steps are done', { stopAfter: isStep(6) }, 6],
    ['a crash, from the newest checkpoint', { crashAfter: isStep(5) }, 4],
    ['a crash after a best that no checkpoint knows', { crashAfter: isMeasured(4) }, 2],
  ])('after %s', async (_, how, from) => {
    const { second } = await expectSame(job, { output: await newOutput(), ...how }, whole);
    expect(second[0]).toMatchObject({ type: 'resumed', step: from, steps: 6, notes: [] });
  });

  test('after it was stopped twice', async () => {
    const output = await newOutput();
    await job({ output, stopAfter: isStep(1) });
    await job({ output, ...resume, stopAfter: isStep(5) });
    await expectResult(output, await job({ output, ...resume }), whole);
  });

  test('after a stop at which the best was older, and no later one is as good', async () => {
    const settings = { bestMetric: 'accuracy' };
    const expected = await undisturbed(job, { output: await newOutput(), settings });
    const best = (JSON.parse(atob(expected.files['training.json'])) as { best: number }).best;
    const last = { stopAfter: isStep(5) };
    const { first } = await expectSame(job, { output: await newOutput(), ...last }, expected);
    expect(best).toBeLessThan(5);
    expect(first.at(-1)).toMatchObject({ type: 'stopped', best, last: expect.any(String) });
  });

  test.each([3, 4, 5])('when patience ends it, stopped after step %i', async (step) => {
    const settings = { evaluateEvery: 1, patience: 2, bestMetric: 'accuracy', epochs: 9 };
    const expected = await undisturbed(job, { output: await newOutput(), settings });
    const end = expected.events.at(-1);
    if (end?.type !== 'finished') throw new Error();
    expect(end).toMatchObject({ early: true });
    const how = { stopAfter: isStep(Math.min(step, end.steps)) };
    await expectSame(job, { output: await newOutput(), ...how }, expected);
  });

  test('without measurements in between, and without checkpoints but at the stop', async () => {
    const settings = { evaluateEvery: 0, checkpointEvery: 0 };
    const expected = await undisturbed(job, { output: await newOutput(), settings });
    expect(expected.events.map(({ type }) => type)).not.toContain('checkpoint');
    await expectSame(job, { output: await newOutput(), stopAfter: isStep(3) }, expected);
  });

  test('when it teaches an adapter, which was measured before the first step', async () => {
    const { adapter } = tiny.jobs;
    const expected = await undisturbed(adapter, { output: await newOutput() });
    const how = { stopAfter: isStep(3) };
    const { second } = await expectSame(adapter, { output: await newOutput(), ...how }, expected);
    expect(second.map(({ type }) => type).slice(0, 2)).toEqual(['resumed', 'step']);
    expect(
      second.filter((event) => event.type === 'progress' && /before/.test(event.phase)),
    ).toEqual([]);
  });
});

test('starts from its beginning when its checkpoints are gone, but not that it was begun', async () => {
  const output = await copyOfStopped();
  for (const step of [4, 5]) {
    await rm(join(output, 'checkpoints', `step-00000${step}`), { recursive: true });
  }
  await expectResult(output, await job({ output, ...resume }), whole);
});

test('files may lie elsewhere, and checkpoints come as often as one likes', async () => {
  const output = await copyOfStopped();
  const model = join(await scratch(), 'moved');
  await cp(tiny.classifier, model, { recursive: true });
  await job({ output, settings: { model, checkpointEvery: 1 }, ...resume });
  const { config } = await recordIn(output);
  expect(config).toMatchObject({ model, checkpointEvery: 1 });
});

test('what the settings leave open is as it was when the job began', async () => {
  const settings = { learningRate: undefined, warmup: undefined };
  const expected = await undisturbed(job, { output: await newOutput(), settings });
  await expectSame(job, { output: await newOutput(), stopAfter: isStep(3) }, expected);
});

describe('a folder with an unfinished job', () => {
  test('is free when its checkpoints are removed, as it says', async () => {
    const output = await copyOfStopped();
    await rm(join(output, 'checkpoints'), { recursive: true });
    await expectResult(output, await job({ output }), whole);
  });

  test('may also hold an earlier result, until there is a new one', async () => {
    const output = await newOutput();
    await job({ output, settings: { seed: 3 } });
    await job({ output, settings: { evaluateEvery: 0 }, crashAfter: isStep(3) });
    expect((await recordIn(output)).config.seed).toBe(3);
    const settings = { evaluateEvery: 0 };
    const expected = await undisturbed(job, { output: await newOutput(), settings });
    await expectResult(output, await job({ output, settings, ...resume }), expected);
  });
});

describe('a kill while one result takes the place of another', () => {
  const uuid = '0b4e3c1c-9a1f-4c57-8f0b-6f3a1f6d2a10';
  const beside = (output: string, end: string) => join(dirname(output), `.result.${uuid}.${end}`);

  test.each<[string, (output: string) => Promise<void>]>([
    [
      'before the new one is there',
      async (output) => {
        await rename(output, beside(output, 'old'));
        await mkdir(beside(output, 'tmp'));
      },
    ],
    [
      'before the checkpoints are in it',
      async (output) => {
        await cp(output, beside(output, 'old'), { recursive: true });
        await rm(join(output, 'checkpoints'), { recursive: true });
      },
    ],
    [
      'before the old one is gone',
      async (output) => {
        await cp(output, beside(output, 'old'), { recursive: true });
        await rm(join(beside(output, 'old'), 'checkpoints'), { recursive: true });
      },
    ],
  ])('%s is no loss', async (_, kill) => {
    const output = await copyOfStopped();
    await kill(output);
    await expect(job({ output })).rejects.toThrow('an unfinished train-classifier');
    await expectResult(output, await job({ output, ...resume }), whole);
  });

  test('before there was a checkpoint leaves a folder that a new job may take', async () => {
    const output = await newOutput();
    await mkdir(join(output, 'checkpoints'), { recursive: true });
    await writeFile(join(output, 'checkpoints', `.train-classifier.yaml.${uuid}.tmp`), 'half');
    await expectResult(output, await job({ output }), whole);
  });
});

test('a stop without room for a checkpoint saves the weights, and says why there is no more', async () => {
  const output = await newOutput();
  const settings = { evaluateEvery: 1, checkpointEvery: 0 };
  const stopAfter = (event: Parameters<ReturnType<typeof isMeasured>>[0]) => {
    if (!isMeasured(1)(event)) return false;
    writeFileSync(join(output, 'checkpoints'), 'in the way');
    return true;
  };
  const events = await job({ output, settings, stopAfter });
  expect(events.at(-1)).toMatchObject({
    type: 'stopped',
    saved: true,
    problem: `${output}/checkpoints: expected a place that can be written, got a file where a folder has to be. Name another folder by \`output\`.`,
  });
  expect((await recordIn(output)).best).toBe(1);
});

describe.each([
  ['adapter', {}],
  ['adapter', { microBatchSize: 2, bestMetric: 'rouge1', evaluateEvery: 1, patience: 3 }],
  ['whole model', {}],
  ['whole model', { gradientCheckpointing: true, evaluateEvery: 0 }],
  ['fresh classifier', {}],
  ['fresh classifier', { classWeights: 'balanced', schedule: 'linear', epochs: 2.5 }],
  ['trained classifier', { microBatchSize: 3, batchSize: 5 }],
] as const)('%s with %j', (kind, settings) => {
  let expected: Undisturbed;
  beforeAll(async () => {
    expected = await undisturbed(tiny.jobs[kind], { output: await newOutput(), settings });
  });

  test.each([1, 4])('stopped after step %i ends with the same bytes', async (step) => {
    const steps = expected.events.filter(({ type }) => type === 'step').length;
    const how = { stopAfter: isStep(Math.min(step, steps)) };
    await expectSame(tiny.jobs[kind], { output: await newOutput(), ...how }, expected);
  });

  test('broken off ends with the same bytes', async () => {
    const how = { crashAfter: isStep(3) };
    const { second } = await expectSame(
      tiny.jobs[kind],
      { output: await newOutput(), ...how },
      expected,
    );
    expect(second[0]).toMatchObject({ type: 'resumed', step: 2 });
  });

  test('stopped in a measurement ends with the same bytes', async () => {
    const how = { stopAfter: isMeasuring(2) };
    if (settings && 'evaluateEvery' in settings && settings.evaluateEvery === 0) return;
    await expectSame(tiny.jobs[kind], { output: await newOutput(), ...how }, expected);
  });
});
