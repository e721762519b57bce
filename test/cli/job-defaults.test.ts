/** What the form of a new run says of settings that are left open. */
import { expect, test } from 'vitest';
import { jobDefaults } from '../../src/cli/job-defaults.ts';
import { formDefaults } from '../../src/cli/job-forms.ts';
import { kinds } from '../../src/jobs/kinds.ts';
import { presets } from '../../src/jobs/presets.ts';

const kindOf = (job: string) => kinds.find(({ name }) => name === job)!.load();
const detox = await kindOf('detox');

test('a preset says what its settings are, also of one that is given', () => {
  const { judge, ...lab } = presets.lab;
  expect(jobDefaults(detox, { preset: 'lab' })).toMatchObject({ ...lab, judge });
  expect(jobDefaults(detox, { preset: 'demo', steps: 3 })).toMatchObject({ steps: 60, lam: 1 });
  expect(jobDefaults(detox, {})).toMatchObject({ steps: 60 }); // without a model it is the demo
  expect(jobDefaults(detox, { model: 'mine' })).toMatchObject({ steps: 10 });
});

test('what follows from other settings follows, and is not what was given', () => {
  const plain = jobDefaults(detox, { preset: 'demo' });
  const grpo = jobDefaults(detox, { preset: 'demo', algorithm: 'grpo' });
  const others = Object.keys(grpo).filter((name) => grpo[name] !== plain[name]);
  expect(others).toEqual(expect.arrayContaining(['numGenerations']));
  expect(grpo.algorithm).toBe('ppo');
  const parity = { preset: 'lab', compat: 'trl-0.8.0' };
  expect(jobDefaults(detox, parity)).toMatchObject({ guards: 'warn', samples: 11 });
  expect(jobDefaults(detox, { ...parity, guards: 'off' })).toMatchObject({ guards: 'warn' });
});

test('a learning rate is that of what is trained', async () => {
  const sft = await kindOf('sft');
  expect(jobDefaults(sft, {}).learningRate).toBe(1e-3);
  expect(jobDefaults(sft, { full: true }).learningRate).toBe(1e-4);
  expect(jobDefaults(sft, { full: true, learningRate: 1 }).learningRate).toBe(1e-4);
  const classify = await kindOf('train-classifier');
  expect(jobDefaults(classify, {}).learningRate).toBeUndefined();
  expect(jobDefaults(classify, { model: 'm' }).learningRate).toBe(2e-5);
  expect(jobDefaults(classify, { modelConfig: 'c', learningRate: 1 }).learningRate).toBe(1e-3);
});

test('what is given and wrong leaves the others as they are', () => {
  const wrong = {
    preset: 'demo',
    steps: 'many',
    algorithm: 'grpo',
    numGenerations: 7,
    nonsense: 1,
  };
  expect(jobDefaults(detox, wrong)).toMatchObject({ steps: 60, batchSize: 32 });
});

test.each(kinds)('$name says what its settings are before anything is given', async ({ name }) => {
  const defaults = await formDefaults({ job: name, settings: {} });
  expect(defaults).toMatchObject({ store: 'folder', threads: 0 });
  expect(JSON.parse(JSON.stringify(defaults))).toEqual(defaults);
});

test('of a kind that there is not nothing is known', async () => {
  expect(await formDefaults({ job: 'dpo', settings: {} })).toEqual({});
});
