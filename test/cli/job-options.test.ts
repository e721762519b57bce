/** Settings of the supervised jobs, out of flags, `--set` and config files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { headings } from '../../src/cli/headings.ts';
import { jobOptions } from '../../src/cli/job-options.ts';
import { classifyKind } from '../../src/jobs/classify.ts';
import { ClassifyConfig } from '../../src/jobs/classify-config.ts';
import type { Settings } from '../../src/jobs/kind.ts';
import { sftKind } from '../../src/jobs/sft.ts';
import { SftConfig } from '../../src/jobs/sft-config.ts';
import { tactful } from './io.ts';

const { under: underSft, options: sftOptions } = jobOptions(sftKind);
const { under: underClassify } = jobOptions(classifyKind);
const sftUnder = async (given: Settings) => (await underSft(given)).values;
const classifyUnder = async (given: Settings) => (await underClassify(given)).values;

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-jobs-'));
  path = join(directory, 'mine.yaml');
});
afterAll(() => rm(directory, { recursive: true }));

async function file(text: string): Promise<string> {
  await writeFile(path, text);
  return path;
}

test('a file and --set say settings under the flags, alone or in groups', async () => {
  const config = await file('model: m\ndata: d\nlora: { rank: 8 }\noptimizer:\n  warmup: 3\n');
  const set = ['training.seed=7', 'optimizer.schedule=linear'];
  expect(await sftUnder({ config, set, epochs: 1 })).toEqual({
    ...{ model: 'm', data: 'd', loraRank: 8, warmup: 3, seed: 7, schedule: 'linear' },
  });
  expect(await sftUnder({ config, loraRank: 4 })).toMatchObject({ loraRank: 8 }); // the flag lies over it
});

test('labels under other names are pairs, in a file and by a flag', async () => {
  const told = ['neg=NEGATIVE', 'so, so=neutral'];
  const config = await file(stringify({ model: 'm', data: 'd', labelNames: told }));
  expect(await classifyUnder({ config })).toMatchObject({ labelNames: told });
  const words = ['train-classifier', '--model', 'm', '--data', 'd', '--label-names'];
  for (const wrong of ['neg', '=NEGATIVE', 'neg= ']) {
    const { code, err } = await tactful([...words, `a=b,${wrong}`]);
    expect({ code, err }).toEqual({
      code: 2,
      err: `error: --label-names: expected label=name, got "${wrong.trim()}".\n`,
    });
  }
});

test('JSON is a config file as well', async () => {
  const config = await file(
    JSON.stringify({ data: 't.csv', modelConfig: 'c.json', measuring: {} }),
  );
  expect(await classifyUnder({ config })).toEqual({ data: 't.csv', modelConfig: 'c.json' });
});

describe('what is wrong is told with its place', () => {
  test.each([
    [
      'sft',
      '# mine\nloraRnak: 3',
      ':2: expected a known setting, got "loraRnak". Did you mean "loraRank"?',
    ],
    ['sft', 'step: 3', ':1: expected a known setting, got "step".'],
    [
      'sft',
      'steps: 3',
      ':1: expected a known setting, got "steps". It is a setting of detox: leave it out here.',
    ],
    ['sft', 'ppo: { epochs: 3 }', ':1: expected a known setting, got "ppo".'],
    ['sft', 'model: m\nlora:\n  rank: 0', ':3 lora.rank: expected a whole number above 0, got 0.'],
    [
      'sft',
      'seed: 1\ntraining: { seed: 1 }',
      ':2 training.seed: expected each setting once, got PATH:1 seed as well.',
    ],
    [
      'train-classifier',
      '\nclassWeights: even',
      ':2 classWeights: expected one of none, balanced, got "even".',
    ],
    ['train-classifier', 'lora: { rank: 3 }', ':1: expected a known setting, got "lora".'],
    [
      'sft',
      'model: m\ndata: d\nadapter: a\nloraRank: 3',
      ':4 loraRank: expected a setting with an effect, got one that does nothing: the adapter that is given has its own. Leave it out.',
    ],
  ])('%s: %j', async (job, text, message) => {
    const config = await file(text);
    const { code, out, err } = await tactful([job, '--config', config]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(`error: ${path}${message.replace('PATH', path)}\n`);
  });

  test.each([
    [
      ['--set', 'epochs=2', '--epochs', '3'],
      1,
      '--set epochs: expected each setting once, got --epochs as well.',
    ],
    [['--set', 'epochs=0'], 1, '--set epochs: expected a number above 0, got 0.'],
    [['--data', 'd'], 2, 'expected --model <dir|name>, got nothing.'],
    [
      ['--model', 'm', '--data', 'd', '--patience', '2'],
      2,
      '--patience: needs --evaluate-every; got --patience 2 and --evaluate-every 0.',
    ],
  ])('%j', async (words, code, message) => {
    expect(await tactful(['sft', ...words])).toEqual({ code, out: '', err: `error: ${message}\n` });
  });
});

describe('a setting that does nothing beside the others is refused', () => {
  const named = { model: 'm', data: 'd' };
  test.each([
    [
      { ...named, full: true, loraAlpha: 8 },
      '--lora-alpha',
      '--full trains every weight, without an adapter',
    ],
    [
      { ...named, full: true, loraDropout: 0.1 },
      '--lora-dropout',
      '--full trains every weight, without an adapter',
    ],
    [{ ...named, adapterRevision: 'x' }, '--adapter-revision', 'no --adapter is given'],
    [{ ...named, testDataRevision: 'x' }, '--test-data-revision', 'no --test-data is given'],
    [
      { ...named, testShare: 0.3, testData: 't' },
      '--test-share',
      'all of --test-data or --test-split is held out',
    ],
    [{ ...named, bestMetric: 'rouge1' }, '--best-metric', '--evaluate-every is 0'],
  ])('%j', async (given, flag, because) => {
    await expect(sftUnder(given)).rejects.toThrow(
      `${flag}: expected a setting with an effect, got one that does nothing: ${because}. Leave it out.`,
    );
  });

  test('also in train-classifier', async () => {
    const fresh = { data: 'd', modelConfig: 'c', tokenizer: 't', revision: 'v1' };
    await expect(classifyUnder(fresh)).rejects.toThrow('no --model is given');
  });

  test('but not in the record of a result, which says every setting', async () => {
    const { output: _, ...all } = sftOptions.parse({
      model: 'm',
      data: 'd',
      adapter: 'a',
      loraRank: 8,
    });
    const { config: __, set, ui, ...record } = all;
    expect(await sftUnder({ config: await file(stringify(record)) })).toEqual(record);
  });
});

test('another model than that of a file is not looked for at the revision of the file', async () => {
  const config = await file('model: o/m\nrevision: v1\ndata: o/d\ndataRevision: v2\n');
  expect(await sftUnder({ config })).toMatchObject({ revision: 'v1', dataRevision: 'v2' });
  expect(await sftUnder({ config, model: 'o/m' })).toMatchObject({ revision: 'v1' });
  const other = await sftUnder({ config, model: './mine', set: ['data=o/e'] });
  expect(other).toEqual({ model: 'o/m', data: 'o/e' });
  expect(await sftUnder({ config, set: ['data=o/e', 'dataRevision=v3'] })).toMatchObject({
    ...{ revision: 'v1', data: 'o/e', dataRevision: 'v3' },
  });
});

test('every heading that names a setting of a job is in its --help', async () => {
  for (const [name, config] of [
    ['sft', SftConfig],
    ['train-classifier', ClassifyConfig],
  ] as const) {
    const { out } = await tactful([name, '--help']);
    const shown = Object.keys(headings).filter((heading) => out.includes(`\n${heading}:\n`));
    const expected = Object.entries(headings).filter(([, names]) =>
      names.some((one) => one in config.shape),
    );
    expect(shown).toEqual(expected.map(([heading]) => heading));
  }
});
