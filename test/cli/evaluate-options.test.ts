/** Settings of `evaluate` out of the config file of a run. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { jobOptions } from '../../src/cli/job-options.ts';
import { detoxKind } from '../../src/jobs/detox/detox.ts';
import { evaluateKind } from '../../src/jobs/evaluate/evaluate.ts';
import type { Settings } from '../../src/jobs/kind.ts';
import { presetSettings } from '../../src/jobs/presets.ts';
import { tactful } from './io.ts';

const { under, options } = jobOptions(evaluateKind);

let directory: string;
let config: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-evaluate-'));
  config = join(directory, 'config.yaml');
});
afterAll(() => rm(directory, { recursive: true }));

async function ofRun(settings: Settings, given: Settings = {}) {
  await writeFile(config, stringify(settings));
  return under({ config, ...given });
}

describe('the config file of a run', () => {
  test('gives what a measurement has; what else it says is left out and told', async () => {
    const run = { preset: 'demo', steps: 3, kl: { target: 3 }, samples: 8, seed: 5, store: [] };
    const { said, values, notes } = await ofRun(run);
    expect(said).toEqual({ preset: 'demo', samples: 8, seed: 5, store: [] });
    expect(options.parse(values)).toMatchObject({ samples: 8, seed: 5 });
    const says = `${config} has settings that evaluate does not have, and they are left out: steps, target.`;
    expect(notes).toEqual([{ says }]);
  });

  test('of nothing that is left out nothing is told', async () => {
    const { notes } = await ofRun({ preset: 'demo', samples: 8, against: 'none' });
    expect(notes).toEqual([]);
  });

  test('the sampler of its measurements is the one that measures', async () => {
    const { said, notes } = await ofRun({
      ...{ model: 'm', rewardModel: 'r', data: 'd', maxNewTokens: 64, topK: 3, minLength: 2 },
      ...{ evaluationMaxNewTokens: 32, evaluationMinLength: 0, evaluationTopK: 50 },
    });
    expect(said).toEqual({
      ...{ model: 'm', rewardModel: 'r', data: 'd' },
      ...{ maxNewTokens: 32, topK: 50, minLength: 0 },
    });
    expect(notes).toEqual([]);
  });

  test('what its preset has with `compat`, the measurement has too', async () => {
    const { values, notes } = await ofRun({ preset: 'lab', compat: 'trl-0.8.0', seed: 4 });
    expect(values).toMatchObject({ scoreOn: 'pair', toxicityOn: 'pair', samples: 11, seed: 4 });
    expect(values).toMatchObject({ maxNewTokens: 100, minLength: 0, topK: 50 });
    expect(notes?.[0].says).toMatch(/left out: compat\.$/);
    const own = await ofRun({ ...presetSettings('lab'), compat: 'trl-0.8.0' });
    expect(own.values).toMatchObject({ scoreOn: 'pair', maxNewTokens: 399, samples: 500 });
  });

  test('whole as it was given, every setting is taken or told', async () => {
    const { known } = jobOptions(detoxKind);
    const { preset: _, ...all } = known.parse(presetSettings('demo'));
    const { said, notes } = await ofRun(all);
    const told = notes?.[0].says.replace(/.*: |\.$/g, '').split(', ') ?? [];
    const renamed = Object.keys(all).filter((name) => /^evaluation/.test(name));
    expect([...Object.keys(said), ...told, ...renamed].toSorted()).toEqual(
      Object.keys(all).toSorted(),
    );
    expect(told).toContain('learningRate');
  });

  test('beside what the run has learnt it says how that is measured', async () => {
    await mkdir(join(directory, 'adapter'));
    await writeFile(join(directory, 'adapter', 'adapter_config.json'), '{}');
    const adapter = join(directory, 'adapter');
    const { notes } = await ofRun({ preset: 'demo' });
    const says = 'Measured is the policy with which the run of that file began.';
    const remedy = `What it has learnt is measured with \`adapter\` ${adapter}`;
    expect(notes).toEqual([{ says, remedy }]);
    expect((await ofRun({ preset: 'demo' }, { adapter })).notes).toEqual([]);
    expect((await ofRun({ preset: 'demo' }, { set: [`adapter=${adapter}`] })).notes).toEqual([]);
  });

  test('is wrong where it was wrong for the run', async () => {
    await expect(ofRun({ stepz: 3 })).rejects.toThrow('Did you mean "steps"?');
    await expect(ofRun({ steps: 'ten' })).rejects.toThrow(':1 steps: expected a whole number');
    await expect(ofRun({ reward: { label: 'a' }, rewardLabel: 'b' })).rejects.toThrow('once');
  });
});

test('what is left out is told where the command runs, in --json too', async () => {
  await writeFile(config, stringify({ preset: 'demo', steps: 3, data: join(directory, 'no.csv') }));
  const output = join(directory, 'out');
  const { err, out } = await tactful([
    'evaluate',
    '--config',
    config,
    '--output',
    output,
    '--json',
  ]);
  expect(err).toContain('note: ');
  expect(err).toContain('and they are left out: steps.');
  expect(out).toBe('');
});

describe('a setting of another job names the jobs that have it', () => {
  test.each([
    ['detox', { preset: 'demo', against: 'none' }, 'against', 'It is a setting of evaluate'],
    ['sft', { ppoEpochs: 2 }, 'ppoEpochs', 'It is a setting of detox'],
    ['train-classifier', { loraRank: 2 }, 'loraRank', 'It is a setting of detox and sft'],
    [
      'evaluate',
      { loraRank: 2, epochs: 1 },
      'epochs',
      'It is a setting of sft and train-classifier',
    ],
  ])('%s', async (job, settings, name, remedy) => {
    await writeFile(config, stringify(settings));
    const { code, err } = await tactful([job, '--config', config]);
    expect(code).toBe(1);
    expect(err).toContain(`expected a known setting, got "${name}". ${remedy}: leave it out here.`);
  });

  test('by --set as well', async () => {
    const { err } = await tactful(['evaluate', '--set', 'steps=3']);
    expect(err).toContain('It is a setting of detox: leave it out here.');
  });
});
