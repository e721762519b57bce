import { access } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { DetoxConfig, resolvedConfig } from '../../src/jobs/detox/config.ts';
import { isPreset, type PresetName, presetSettings, presets } from '../../src/jobs/presets.ts';

const names = Object.keys(presets) as PresetName[];
const trl = 'trl-0.8.0';

test.each(names)('%s is all that a run needs, with and without compat', (name) => {
  for (const compat of ['none', trl] as const) {
    const config = DetoxConfig.parse({ ...presetSettings(name, compat), compat });
    expect(resolvedConfig(config).compat).toBe(compat);
  }
});

test('the files of the demo are there', async () => {
  const { model, adapter, rewardModel, data } = presets.demo;
  for (const path of [model, adapter, rewardModel, data]) await access(path);
});

describe('lab', () => {
  const config = (compat: 'none' | typeof trl) =>
    resolvedConfig(DetoxConfig.parse({ ...presetSettings('lab', compat), compat }));

  test('has the models, the data and the numbers of the notebook', () => {
    expect(presets.lab).toMatchObject({
      model: 'google/flan-t5-base',
      rewardModel: 'facebook/roberta-hate-speech-dynabench-r4-target',
      data: 'knkarthick/dialogsum',
      learningRate: 1.41e-5,
      ppoEpochs: 1,
      batchSize: 16,
      miniBatchSize: 4,
      steps: 10,
    });
    expect(presets.lab).not.toHaveProperty('adapter');
  });

  test('has the semantics of the default', () => {
    expect(config('none')).toMatchObject({
      reference: 'initialPolicy',
      scoreOn: 'response',
      minLength: 0,
      without: [],
      calibrate: 64,
      valueHeadFile: 'value_head.safetensors',
    });
    expect(config('none').samples).toBeGreaterThanOrEqual(500);
  });

  test("with compat has the notebook's, as far as there are settings for them", () => {
    expect(config(trl)).toMatchObject({
      reference: 'base', // D1
      samples: 11, // D3
      scoreOn: 'pair', // D6
      topK: 0,
      minLength: 5, // D8
      valueHead: 'uniform',
      valueHeadFile: 'pytorch_model.bin',
      adamEps: 1e-8,
      calibrate: 0,
      missingEosPenalty: 0,
      rescore: true,
    });
  });
});

test('what is no preset is none', () => {
  expect([...names, 'labs', 'toString', 7, undefined].filter(isPreset)).toEqual(names);
});

test('settings that are resolved already stay as they are', () => {
  const needed = { model: 'm', rewardModel: 'r', data: 'd' };
  const given = [
    {},
    { algorithm: 'rloo' },
    { algorithm: 'grpo' },
    { algorithm: 'grpo', klPlacement: 'reward' },
    { compat: trl },
    { useScoreScaling: true },
    { klPlacement: 'loss' },
    { calibrate: 0 },
  ];
  for (const settings of given) {
    const once = resolvedConfig(DetoxConfig.parse({ ...needed, ...settings }));
    expect(resolvedConfig(DetoxConfig.parse(once))).toEqual(once);
  }
});
