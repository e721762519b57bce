import { appendFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { logName } from '../../src/disk/result-folder.ts';
import { readEvents } from '../../src/store/event-log.ts';
import {
  expectResult,
  expectSame,
  filesIn,
  isMeasured,
  isMeasuring,
  recordIn,
  resume,
  type Start,
  stoppedJob,
} from './tiny.ts';

const setup = stoppedJob();
const { newOutput, copyOfStopped, scratch } = setup;
let { engine, tiny, job, finished, whole, stopped } = setup;
beforeAll(() => {
  ({ engine, tiny, job, finished, whole, stopped } = setup);
});

test('the stopped job has something to go on from: a best, checkpoints, the last step', async () => {
  expect((await readdir(stopped)).sort()).toEqual(
    expect.arrayContaining(['checkpoints', 'last', 'model.safetensors', 'training.json']),
  );
  const record = await recordIn(stopped);
  expect(record).toMatchObject({ steps: 5, best: 4 });
  expect(record.files).not.toContain('checkpoints');
  expect(record).not.toHaveProperty('finished');
  expect((await readdir(join(stopped, 'checkpoints'))).sort()).toEqual([
    'step-000004',
    'step-000005',
  ]);
});

describe('a job that goes on ends with the same bytes', () => {
  test('after Ctrl-C: it takes up the last step, and the best before it', async () => {
    const output = await copyOfStopped();
    const events = await job({ output, ...resume });
    expect(events[0]).toMatchObject({ type: 'resumed', step: 5, steps: 6, notes: [] });
    await expectResult(output, events, whole);
  });

  test('after a crash that left a best that no checkpoint knows', async () => {
    const how = { crashAfter: isMeasured(4) };
    const { second } = await expectSame(job, { output: await newOutput(), ...how }, whole);
    expect(second[0]).toMatchObject({ type: 'resumed', step: 2 });
  });

  test('after a kill in the midst of a measurement, and of the change of results', async () => {
    const output = await newOutput();
    await job({ output, stopAfter: isMeasuring(4) });
    await rename(output, join(dirname(output), `.result.${crypto.randomUUID()}.old`));
    await mkdir(join(dirname(output), `.result.${crypto.randomUUID()}.tmp`));
    await expect(job({ output })).rejects.toThrow('an unfinished train-classifier');
    await expectResult(output, await job({ output, ...resume }), whole);
  });
});

test('what happened beside a job is in its log, with the step before it and never as its last word', async () => {
  const output = await newOutput();
  const queue = {
    waiting: 0,
    active: 0,
    retries: 0,
    counted: {},
    late: 0,
    workers: [],
    bits: 'abc',
  };
  let asked = 0;
  const ends: boolean[] = [];
  const aside = (isLast: boolean) => {
    asked++;
    ends.push(isLast);
    return [{ type: 'machines' as const, time: '', ...queue, waiting: asked }];
  };
  const events = await job({ output, context: { aside } });
  const log = await readEvents(join(output, logName));
  expect(log.at(0)?.type).toBe('started');
  expect(log.at(-1)?.type).toBe('finished');
  let step = 0;
  for (const event of log) {
    if (event.type === 'machines') expect(event.step).toBe(step);
    if (event.type === 'step') step = event.step;
  }
  const told = log.flatMap((event) => (event.type === 'machines' ? [event.waiting] : []));
  expect(told).toEqual(Array.from({ length: asked }, (_, i) => i + 1));
  expect(asked).toBeGreaterThan(6);
  expect(ends).toEqual(Array.from({ length: asked }, (_, i) => i === asked - 1));
  expect(events.filter(({ type }) => type === 'machines').length).toBe(asked);
});

test('a folder of an earlier version, without a log, goes on to the same bytes', async () => {
  const output = await copyOfStopped();
  const [started] = await readEvents(join(output, logName));
  const settings = stringify('config' in started ? started.config : {});
  await rm(join(output, logName));
  await writeFile(join(output, 'checkpoints', 'train-classifier.yaml'), settings);
  const events = await job({ output, ...resume });
  expect(events.slice(0, 2)).toMatchObject([{ type: 'started' }, { type: 'resumed', step: 5 }]);
  expect(await filesIn(output)).toEqual(whole.files);
  expect((await readEvents(join(output, logName))).map(({ type }) => type)).toEqual([
    ...['started', 'resumed', 'step', 'validated', 'evaluated', 'finished'],
  ]);
});

describe('a checkpoint that is damaged', () => {
  const state = (output: string, step: number) =>
    join(output, 'checkpoints', `step-00000${step}`, 'state.safetensors');

  test('is told, and the one before is taken', async () => {
    const output = await copyOfStopped();
    await appendFile(state(output, 5), 'x');
    const events = await job({ output, ...resume });
    expect(events[0]).toMatchObject({
      type: 'resumed',
      step: 4,
      notes: [expect.stringMatching(/^A newer checkpoint was passed over\. .* is damaged\.$/)],
    });
    await expectResult(output, events, whole);
  });

  test('and the only one is refused: a job does not start again unasked', async () => {
    const output = await copyOfStopped();
    for (const step of [4, 5]) await appendFile(state(output, step), 'x');
    await expect(job({ output, ...resume })).rejects.toThrow(
      'expected a whole checkpoint, got none',
    );
  });

  test('whose memory names a best that was never measured is one, too', async () => {
    const output = await copyOfStopped();
    const path = join(dirname(state(output, 5)), 'state.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/("best": \{\s+"step": )4/, '$13'));
    const [resumed] = await job({
      output,
      ...resume,
      crashAfter: ({ type }) => type === 'resumed',
    });
    expect(resumed).toMatchObject({
      step: 4,
      notes: [expect.stringContaining('state.json: memory: best: expected one of the evaluations')],
    });
  });
});

test('says when another version or another engine goes on', async () => {
  const output = await copyOfStopped();
  const context = { resume: true, version: '2', engine: { ...engine, description: 'other' } };
  const crashAfter = ({ type }: { type: string }) => type === 'resumed';
  expect((await job({ output, context, crashAfter })).at(-1)).toMatchObject({
    notes: [
      'The version of tactful was 1 and is 2: the last bits may differ.',
      expect.stringMatching(
        /^The engine was onnxruntime .* and is other: the last bits may differ\.$/,
      ),
    ],
  });
});

describe('what is refused leaves everything as it was:', () => {
  const refused = async (start: Partial<Start>, other = job) => {
    const output = await copyOfStopped();
    const before = await readdir(output, { recursive: true });
    const error = await other({ output, ...resume, ...start }).catch((thrown: Error) => thrown);
    expect((await readdir(output, { recursive: true })).sort()).toEqual(before.sort());
    return { message: (error as Error).message, output };
  };

  test.each([
    [{ epochs: 4 }, 'epochs: expected 3, with which the run began, got 4. Put it back, or'],
    [{ learningRate: 2e-3 }, 'learningRate: expected 0.001, with which the run began, got 0.002.'],
    [{ patience: 1 }, 'patience: expected 0, with which the run began, got 1.'],
  ])('another setting, %j', async (settings, message) => {
    expect((await refused({ settings })).message).toContain(message);
  });

  test('other data, and another model', async () => {
    const data = join(await scratch(), 'texts.csv');
    await writeFile(data, `${await readFile(tiny.texts, 'utf8')}more,1\n`);
    expect((await refused({ settings: { data } })).message).toMatch(
      /^data \S+texts\.csv: expected sha256 \w{12}…, as when the run began, got sha256 \w{12}…\. Put/,
    );
    const model = await scratch();
    await cp(tiny.classifier, model, { recursive: true });
    await appendFile(join(model, 'tokenizer_config.json'), '\n');
    expect((await refused({ settings: { model } })).message).toMatch(
      /^model \S+tokenizer_config\.json: expected sha256 \w{12}…, as when the run began, got sha256/,
    );
  });

  test('another job, and a job that is finished', async () => {
    const { message, output } = await refused({}, tiny.jobs.adapter);
    expect(message).toBe(`${output}: expected an unfinished sft, got one of train-classifier.`);
    await expect(job({ output: finished, ...resume })).rejects.toThrow('got a finished one.');
  });

  test('a job at which another process works', async () => {
    const output = await copyOfStopped();
    await writeFile(join(output, 'lock'), `${process.ppid}\n`);
    await expect(job({ output, ...resume })).rejects.toThrow('expected nobody at work in it');
  });

  test('a folder in which something else lies by now', async () => {
    const output = await copyOfStopped();
    await writeFile(join(output, 'notes.txt'), 'mine');
    await expect(job({ output, ...resume })).rejects.toThrow('got one that also holds notes.txt.');
  });

  test('a job whose best so far is lost', async () => {
    const output = await copyOfStopped();
    await rm(join(output, 'model.safetensors'));
    await expect(job({ output, ...resume })).rejects.toThrow(
      /^result \S+model\.safetensors: expected sha256 \w{12}…, as after step 4, the best, got no file\./,
    );
  });
});

describe('a folder with an unfinished job', () => {
  test.each(['trained classifier', 'adapter'] as const)(
    'is not taken for a new %s: the message says how to go on',
    async (kind) => {
      const output = await copyOfStopped();
      await expect(tiny.jobs[kind]({ output })).rejects.toThrow(
        `got one with an unfinished train-classifier. Name another folder by \`output\`, go on: npx tactful resume ${output}, or remove ${output}/checkpoints to start anew.`,
      );
    },
  );
});

test('checkpoints of others are not taken for our own', async () => {
  const output = await newOutput();
  await mkdir(join(output, 'checkpoints', 'mine'), { recursive: true });
  await expect(job({ output })).rejects.toThrow('got one that holds checkpoints.');
});
