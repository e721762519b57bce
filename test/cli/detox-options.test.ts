import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { headings } from '../../src/cli/headings.ts';
import { ClassifyConfig } from '../../src/jobs/classify-config.ts';
import { DetoxConfig } from '../../src/jobs/detox/config.ts';
import { presets } from '../../src/jobs/presets.ts';
import { SftConfig } from '../../src/jobs/sft-config.ts';
import { rlFields } from '../../src/rl/fields.ts';
import { resolvedOptions, settingsUnder } from './detox-settings.ts';
import { tactful } from './io.ts';

test('every setting of the training stands under one heading of --help', () => {
  const { generation: _, ...fields } = rlFields;
  const headed: string[] = Object.values(headings).flat();
  expect(headed.filter((name, i) => headed.indexOf(name) !== i)).toEqual([]);
  expect(Object.keys(fields).filter((name) => !headed.includes(name))).toEqual([]);
  const jobs = { ...DetoxConfig.shape, ...SftConfig.shape, ...ClassifyConfig.shape };
  expect(headed.filter((name) => !(name in jobs))).toEqual([]);
});

test('--help names flags where the settings name each other', async () => {
  const { out } = await tactful(['detox', '--help']);
  const help = out.replace(/\s+/g, ' ');
  expect(help).toContain('(default: 64; 0 with --use-score-scaling or --compat)');
  expect(help).not.toMatch(/`|\b(useScoreScaling|batchSize)\b/);
});

describe('settings that do not fit together are told as flags', () => {
  test.each([
    [
      '--mini-batch-size 5',
      '--mini-batch-size: --mini-batch-size × --gradient-accumulation-steps must divide --batch-size; got --mini-batch-size 5, --batch-size 32 and --gradient-accumulation-steps 1',
    ],
    [
      '--algorithm rloo --whiten-rewards',
      '--whiten-rewards: is for the critic of --algorithm ppo: rloo and grpo have none; got --algorithm rloo',
    ],
    [
      '--algorithm rloo --critic-warmup 2',
      '--critic-warmup: is for the critic of --algorithm ppo: rloo and grpo have none; got --critic-warmup 2 and --algorithm rloo',
    ],
    [
      '--algorithm grpo --num-generations 1',
      '--num-generations: rloo and grpo compare responses to one prompt and need 2 or more, got 1',
    ],
    [
      '--algorithm grpo --kl-penalty kl',
      '--kl-penalty: kl in the loss has a mean gradient of zero: take mse or k3 with --kl-placement loss',
    ],
    [
      '--advantage-scale batch',
      '--advantage-scale: is for --algorithm rloo and grpo: ppo whitens its advantages over the batch; got --advantage-scale batch and --algorithm ppo',
    ],
    [
      '--no-use-score-scaling --use-score-norm',
      '--use-score-norm: does nothing without --use-score-scaling',
    ],
    [
      '--use-score-scaling --calibrate 32',
      '--calibrate: cannot go with --use-score-scaling, which scales scores as well, got 32',
    ],
    [
      '--calibrate 1',
      '--calibrate: one response has no deviation: take 16 or more, or 0 for none, got 1',
    ],
    [
      '--bootstrap-truncated --without whitensRealTokens',
      '--bootstrap-truncated: needs the correction whitensRealTokens, which --without leaves out; got --without whitensRealTokens',
    ],
    [
      '--compat trl-0.8.0 --bootstrap-truncated',
      '--bootstrap-truncated: cannot go with --compat trl-0.8.0, which has no such thing',
    ],
    [
      '--compat trl-0.8.0 --algorithm grpo',
      '--compat: trl-0.8.0 goes with --algorithm ppo alone; got --compat trl-0.8.0 and --algorithm grpo',
    ],
    ['--patience 2', '--patience: needs --evaluate-every; got --patience 2 and --evaluate-every 0'],
    ['--steps 60 --warmup 60', '--warmup: must be below --steps; got --warmup 60 and --steps 60'],
    [
      '--response-limits 8,100 --max-new-tokens 64',
      '--response-limits: lengths go up to high - 1, which must not be above --max-new-tokens; got --response-limits 8,100 and --max-new-tokens 64',
    ],
    ['--without scoreFirstToken', /^--without: expected .* Did you mean "scoresFirstToken"\?$/],
  ])('%s', async (line, message) => {
    const { code, out, err } = await tactful(['detox', ...line.split(' ')]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const said = err.replace(/^error: /, '').trimEnd();
    if (message instanceof RegExp) expect(said).toMatch(message);
    else expect(said).toBe(`${message}.`);
  });
});

describe('a run again from its config.yaml, with other flags', () => {
  let directory: string;
  const names = { model: 'm', rewardModel: 'r', data: 'd' };
  const record = async (given: object) => {
    const config = join(directory, 'config.yaml');
    await writeFile(config, stringify({ ...names, ...given }));
    return config;
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tactful-again-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test.each([
    [{}, { algorithm: 'grpo' }],
    [{}, { algorithm: 'rloo' }],
    [{ algorithm: 'grpo' }, { algorithm: 'ppo' }],
    [{}, { compat: 'trl-0.8.0' }],
    [{ compat: 'trl-0.8.0' }, { compat: 'none' }],
    [{}, { useScoreScaling: true }],
    [{ calibrate: 0 }, { calibrate: 64 }],
    [{ klPlacement: 'loss' }, { klPlacement: 'reward' }],
    [{ batchSize: 32 }, { steps: 3 }],
  ])('what followed from %j follows from %j', async (given, flags) => {
    const { values: under } = await settingsUnder({ ...flags, config: await record(given) });
    const again = resolvedOptions({ ...under, ...flags });
    expect(again).toEqual(resolvedOptions({ ...names, ...given, ...flags }));
  });

  test('what was chosen stays', async () => {
    const chosen = { klPenalty: 'abs', adamEps: 1e-7, reference: 'base' };
    const config = await record({ ...chosen, calibrate: 0 });
    const { values: under } = await settingsUnder({ compat: 'trl-0.8.0', config });
    expect(under).toMatchObject(chosen);
  });

  test('of a version that wrote all settings is not asked why some do nothing', async () => {
    const idle = { algorithm: 'grpo', lam: 1, adapKlCtrl: false, target: 3 };
    const config = await record(resolvedOptions({ ...names, ...idle }));
    await expect(settingsUnder({ config })).resolves.toMatchObject({
      values: { lam: 1, target: 3 },
    });
  });
});

test('a preset depends on compat, wherever that is said', async () => {
  const { values: lab } = await settingsUnder({ preset: 'lab' });
  expect(lab).toEqual(presets.lab);
  const { values: flag } = await settingsUnder({ preset: 'lab', compat: 'trl-0.8.0' });
  expect(flag).toEqual({
    ...presets.lab,
    ...{ scoreOn: 'pair', toxicityOn: 'pair', minLength: 5, samples: 11 },
    ...{ evaluationMaxNewTokens: 100, evaluationMinLength: 0, evaluationTopK: 50 },
    valueHeadFile: 'pytorch_model.bin',
  });
  const { values: set } = await settingsUnder({ preset: 'lab', set: ['parity.compat=trl-0.8.0'] });
  expect(set).toEqual({ ...flag, compat: 'trl-0.8.0' });
});
