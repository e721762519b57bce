import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { algorithmNames } from '../../src/rl/algorithms.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { klPenalties } from '../../src/rl/fields.ts';

type Settings = { [K in keyof RlConfig]?: unknown };

/** What is wrong with settings, one line a fault. */
function faults(settings: Settings): string[] {
  const result = RlConfig.safeParse(settings);
  const issues = result.success ? [] : result.error.issues;
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

interface Case {
  readonly broken: Settings;
  /** Names both sides: the setting to change, and what it does not go with. */
  readonly fault: string;
  /** The same settings with either side changed. */
  readonly mended: readonly Settings[];
}

const critic = 'is for the critic of `algorithm` ppo: rloo and grpo have none';
const wrongHead = 'valueHead: none is for `algorithm` rloo and grpo, zero and uniform are for ppo';
const indivisible =
  'miniBatchSize: miniBatchSize × gradientAccumulationSteps must divide batchSize';

const cases: Case[] = [
  {
    broken: { batchSize: 10, miniBatchSize: 4 },
    fault: indivisible,
    mended: [
      { batchSize: 12, miniBatchSize: 4 },
      { batchSize: 10, miniBatchSize: 5 },
    ],
  },
  {
    broken: { batchSize: 8, miniBatchSize: 4, gradientAccumulationSteps: 4 },
    fault: indivisible,
    mended: [
      { batchSize: 8, miniBatchSize: 4, gradientAccumulationSteps: 2 },
      { batchSize: 16, miniBatchSize: 4, gradientAccumulationSteps: 4 },
    ],
  },
  {
    broken: { numGenerations: 3 },
    fault: 'numGenerations: must divide batchSize',
    mended: [{ numGenerations: 2 }, { numGenerations: 3, batchSize: 12 }],
  },
  {
    broken: { algorithm: 'rloo', batchSize: 6, miniBatchSize: 2 },
    fault: 'numGenerations: must divide batchSize', // 4 by default
    mended: [
      { algorithm: 'rloo', batchSize: 8 },
      { batchSize: 6, miniBatchSize: 2 },
    ],
  },
  {
    broken: { algorithm: 'grpo', numGenerations: 1 },
    fault: 'numGenerations: rloo and grpo compare responses to one prompt and need 2 or more',
    mended: [{ algorithm: 'grpo', numGenerations: 2 }, { numGenerations: 1 }],
  },
  ...['rloo', 'grpo'].map((algorithm) => ({
    broken: { algorithm, generation: { sample: false } },
    fault: 'algorithm: rloo and grpo compare different responses, and need `sample`',
    mended: [{ algorithm }, { generation: { sample: false } }],
  })),
  {
    broken: { horizon: 8, batchSize: 40 },
    fault: 'horizon: counts responses, and must be above a fifth of batchSize',
    mended: [
      { horizon: 9, batchSize: 40 },
      { horizon: 8, batchSize: 36 },
      { horizon: 8, batchSize: 40, adapKlCtrl: false },
    ],
  },
  {
    broken: { useScoreNorm: true },
    fault: 'useScoreNorm: does nothing without useScoreScaling',
    mended: [{ useScoreNorm: true, useScoreScaling: true }, {}],
  },
  {
    broken: { batchSize: 1, miniBatchSize: 1, useScoreScaling: true },
    fault: 'useScoreScaling: needs a batchSize above 1: one score has no deviation',
    mended: [
      { batchSize: 1, miniBatchSize: 1 },
      { batchSize: 2, miniBatchSize: 1, useScoreScaling: true },
    ],
  },
  {
    broken: { calibrate: 2, useScoreScaling: true },
    fault: 'calibrate: cannot go with useScoreScaling, which scales scores as well',
    mended: [{ calibrate: 2 }, { calibrate: 0, useScoreScaling: true }, { useScoreScaling: true }],
  },
  {
    broken: { calibrate: 1 },
    fault: 'calibrate: one response has no deviation: take 16 or more, or 0 for none',
    mended: [{ calibrate: 0 }, { calibrate: 2 }],
  },
  {
    broken: { klPlacement: 'loss', klPenalty: 'full' },
    fault:
      'klPenalty: full is for klPlacement reward: the loss has the logprobs of the sampled tokens alone',
    mended: [{ klPenalty: 'full' }, { klPlacement: 'loss', klPenalty: 'abs' }],
  },
  {
    broken: { algorithm: 'grpo', klPenalty: 'kl' },
    fault:
      'klPenalty: kl in the loss has a mean gradient of zero: take mse or k3 with klPlacement loss',
    mended: [
      { algorithm: 'grpo', klPenalty: 'kl', klPlacement: 'reward' },
      { algorithm: 'grpo', klPenalty: 'mse' },
      { algorithm: 'rloo', klPenalty: 'kl' },
    ],
  },
  ...(['whitenRewards', 'bootstrapTruncated', 'detachValue'] as const).map((name) => ({
    broken: { algorithm: 'rloo', [name]: true },
    fault: `${name}: ${critic}`,
    mended: [{ [name]: true }, { algorithm: 'rloo', [name]: false }],
  })),
  {
    broken: { algorithm: 'grpo', criticWarmup: 1 },
    fault: `criticWarmup: ${critic}`,
    mended: [{ criticWarmup: 1 }, { algorithm: 'grpo', criticWarmup: 0 }],
  },
  {
    broken: { algorithm: 'rloo', valueLearningRate: 1e-3 },
    fault: `valueLearningRate: ${critic}`,
    mended: [{ valueLearningRate: 1e-3 }, { algorithm: 'rloo' }],
  },
  ...(['group', 'batch', 'none'] as const).map((advantageScale) => ({
    broken: { advantageScale },
    fault:
      'advantageScale: is for `algorithm` rloo and grpo: ppo whitens its advantages over the batch',
    mended: [
      { algorithm: 'rloo', advantageScale },
      { algorithm: 'grpo', advantageScale },
    ],
  })),
  {
    broken: { valueHead: 'none' },
    fault: wrongHead,
    mended: [{ valueHead: 'zero' }, { algorithm: 'grpo', valueHead: 'none' }],
  },
  ...['zero', 'uniform'].map((valueHead) => ({
    broken: { algorithm: 'rloo', valueHead },
    fault: wrongHead,
    mended: [{ algorithm: 'rloo', valueHead: 'none' }, { valueHead }],
  })),
  {
    broken: { bootstrapTruncated: true, compat: 'trl-0.8.0' },
    fault: 'bootstrapTruncated: cannot go with `compat` trl-0.8.0, which has no such thing',
    mended: [{ bootstrapTruncated: true }, { compat: 'trl-0.8.0' }],
  },
  {
    broken: { bootstrapTruncated: true, without: ['clipsEveryStep', 'whitensRealTokens'] },
    fault: 'bootstrapTruncated: needs the correction whitensRealTokens, which `without` leaves out',
    mended: [
      { bootstrapTruncated: true, without: ['clipsEveryStep'] },
      { without: ['whitensRealTokens'] },
    ],
  },
  {
    broken: { compat: 'trl-0.8.0', algorithm: 'rloo' },
    fault: 'compat: trl-0.8.0 goes with `algorithm` ppo alone',
    mended: [{ compat: 'trl-0.8.0', algorithm: 'ppo' }, { algorithm: 'rloo' }],
  },
  {
    broken: { compat: 'trl-0.8.0', without: ['clipsEveryStep'] },
    fault: 'without: cannot go with `compat`, which leaves out all corrections',
    mended: [{ compat: 'trl-0.8.0', without: [] }, { without: ['clipsEveryStep'] }],
  },
  ...(['warmup', 'criticWarmup'] as const).map((name) => ({
    broken: { [name]: 3, steps: 3 },
    fault: `${name}: must be below \`steps\``,
    mended: [
      { [name]: 2, steps: 3 },
      { [name]: 0, steps: 1 },
    ],
  })),
  {
    broken: { responseLimits: [5, 5] },
    fault: 'responseLimits: low must be below high',
    mended: [{ responseLimits: [4, 5] }],
  },
  {
    broken: { responseLimits: [2, 9], generation: { maxNewTokens: 7 } },
    fault: 'responseLimits: lengths go up to high - 1, which must not be above maxNewTokens',
    mended: [
      { responseLimits: [2, 8], generation: { maxNewTokens: 7 } },
      { responseLimits: [2, 9], generation: { maxNewTokens: 8 } },
    ],
  },
];

describe.each(cases)('$fault', ({ broken, fault, mended }) => {
  test(`says so of ${JSON.stringify(broken)} alone`, () => {
    expect(faults(broken)).toEqual([fault]);
    expect(mended.map(faults)).toEqual(mended.map(() => []));
  });
});

test('all contradictions are told at once', () => {
  const settings = { useScoreNorm: true, warmup: 10, batchSize: 15 };
  expect(faults(settings)).toEqual([
    indivisible,
    'useScoreNorm: does nothing without useScoreScaling',
    'warmup: must be below `steps`',
  ]);
});

/** The settings whose defaults depend on others. */
function filled(settings: Settings) {
  const config = RlConfig.parse(settings);
  const { numGenerations, klPlacement, klPenalty, advantageScale, calibrate } = config;
  const { missingEosPenalty, adamEps, valueHead, reference } = config;
  return {
    ...{ numGenerations, klPlacement, klPenalty, advantageScale, calibrate },
    ...{ missingEosPenalty, adamEps, valueHead, reference },
  };
}

describe('defaults that depend on other settings', () => {
  const ppo = {
    numGenerations: 1,
    klPlacement: 'reward',
    klPenalty: 'kl',
    advantageScale: undefined,
    calibrate: 64,
    missingEosPenalty: 1,
    adamEps: 1e-5,
    valueHead: 'zero',
    reference: 'initialPolicy',
  };
  const rloo = { ...ppo, numGenerations: 4, valueHead: 'none', advantageScale: 'none' };
  const grpo = { ...rloo, klPlacement: 'loss', klPenalty: 'k3', advantageScale: 'group' };
  const trl = { calibrate: 0, missingEosPenalty: 0, adamEps: 1e-8 };
  const lab = { ...ppo, ...trl, valueHead: 'uniform', reference: 'base' };

  test.each<[Settings, object]>([
    [{}, ppo],
    [{ algorithm: 'rloo' }, rloo],
    [{ algorithm: 'grpo' }, grpo],
    [{ compat: 'trl-0.8.0' }, lab],
    [{ useScoreScaling: true }, { ...ppo, calibrate: 0 }],
    [{ useScoreScaling: true, compat: 'trl-0.8.0' }, lab],
    [{ calibrate: 0 }, { ...ppo, calibrate: 0, missingEosPenalty: 0 }],
    [
      { calibrate: 2, compat: 'trl-0.8.0' },
      { ...lab, calibrate: 2 },
    ],
    [{ klPlacement: 'loss' }, { ...ppo, klPlacement: 'loss', klPenalty: 'k3' }],
    [
      { algorithm: 'grpo', klPlacement: 'reward' },
      { ...grpo, klPlacement: 'reward', klPenalty: 'kl' },
    ],
  ])('of %j', (settings, expected) => {
    expect(filled(settings)).toEqual(expected);
  });

  test('are not taken where a value is given', () => {
    const given = {
      numGenerations: 2,
      klPlacement: 'loss',
      klPenalty: 'abs',
      calibrate: 16,
      missingEosPenalty: 0.5,
      adamEps: 1e-6,
      valueHead: 'uniform',
      reference: 'base',
    };
    expect(filled(given)).toEqual({ ...given, advantageScale: undefined });
    expect(filled({ algorithm: 'grpo', advantageScale: 'batch' }).advantageScale).toBe('batch');
    expect(filled({ compat: 'trl-0.8.0', missingEosPenalty: 2 }).missingEosPenalty).toBe(2);
  });
});

test('a config with its defaults filled in is a config that says the same', () => {
  const settings = fc.record(
    {
      algorithm: fc.constantFrom(...algorithmNames),
      compat: fc.constantFrom('none', 'none', 'trl-0.8.0'),
      numGenerations: fc.constantFrom(1, 2, 4),
      klPlacement: fc.constantFrom('reward', 'loss'),
      klPenalty: fc.constantFrom(...klPenalties),
      calibrate: fc.constantFrom(0, 16),
      useScoreScaling: fc.boolean(),
      missingEosPenalty: fc.constantFrom(0, 2),
      adamEps: fc.constantFrom(1e-8, 1e-5),
      valueHead: fc.constantFrom('zero', 'uniform', 'none'),
      reference: fc.constantFrom('initialPolicy', 'base'),
      advantageScale: fc.constantFrom('group', 'batch', 'none'),
    },
    { requiredKeys: [] },
  );
  let parsed = 0;
  const property = fc.property(settings, (given) => {
    const result = RlConfig.safeParse(given);
    if (!result.success) return;
    parsed++;
    expect(RlConfig.parse(result.data)).toEqual(result.data);
    expect(RlConfig.parse(JSON.parse(JSON.stringify(result.data)))).toEqual(result.data);
  });
  fc.assert(property, { numRuns: 500 });
  expect(parsed).toBeGreaterThan(20); // about a sixth has no contradiction
});
