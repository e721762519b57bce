/** What settings mean together: which contradict each other, and which follow from others. */
import type { Algorithm } from './algorithm.ts';
import { algorithms } from './algorithms.ts';
import type { Given, Rule } from './fields.ts';
import { compatRules, withCompat } from './trl/rules.ts';

/** One reason why settings do not fit together, at the setting to change. */
interface Contradiction {
  readonly path: keyof Given;
  readonly message: string;
}

const traits = ({ algorithm }: Given): Algorithm => algorithms[algorithm];
const groups = (config: Given) => !traits(config).critic;
const inLoss = (config: Given) => placement(config) === 'loss';

const rules: readonly Rule[] = [
  [
    'miniBatchSize',
    (c) => c.batchSize % (c.miniBatchSize * c.gradientAccumulationSteps) !== 0,
    'miniBatchSize × gradientAccumulationSteps must divide batchSize',
  ],
  ['numGenerations', (c) => c.batchSize % generations(c) !== 0, 'must divide batchSize'],
  [
    'numGenerations',
    (c) => groups(c) && generations(c) < 2,
    'rloo and grpo compare responses to one prompt and need 2 or more',
  ],
  [
    'algorithm',
    (c) => groups(c) && !c.generation.sample,
    'rloo and grpo compare different responses, and need `sample`',
  ],
  [
    'horizon',
    (c) => c.adapKlCtrl && c.horizon <= 0.2 * c.batchSize,
    'counts responses, and must be above a fifth of batchSize',
  ],
  [
    'useScoreNorm',
    (c) => c.useScoreNorm && !c.useScoreScaling,
    'does nothing without useScoreScaling',
  ],
  [
    'useScoreScaling',
    (c) => c.useScoreScaling && c.batchSize === 1,
    'needs a batchSize above 1: one score has no deviation',
  ],
  [
    'calibrate',
    (c) => (c.calibrate ?? 0) > 0 && c.useScoreScaling,
    'cannot go with useScoreScaling, which scales scores as well',
  ],
  [
    'calibrate',
    (c) => c.calibrate === 1,
    'one response has no deviation: take 16 or more, or 0 for none',
  ],
  [
    'klPenalty',
    (c) => inLoss(c) && c.klPenalty === 'full',
    'full is for klPlacement reward: the loss has the logprobs of the sampled tokens alone',
  ],
  [
    'klPenalty',
    (c) => inLoss(c) && c.klPenalty === 'kl',
    'kl in the loss has a mean gradient of zero: take mse or k3 with klPlacement loss',
  ],
  ...(['whitenRewards', 'bootstrapTruncated', 'detachValue', 'criticWarmup'] as const).map(
    (path): Rule => [
      path,
      (c) => groups(c) && Boolean(c[path]),
      'is for the critic of `algorithm` ppo: rloo and grpo have none',
    ],
  ),
  [
    'advantageScale',
    (c) => !groups(c) && c.advantageScale !== undefined,
    'is for `algorithm` rloo and grpo: ppo whitens its advantages over the batch',
  ],
  [
    'valueLearningRate',
    (c) => groups(c) && c.valueLearningRate !== undefined,
    'is for the critic of `algorithm` ppo: rloo and grpo have none',
  ],
  [
    'valueHead',
    (c) => c.valueHead !== undefined && groups(c) !== (c.valueHead === 'none'),
    'none is for `algorithm` rloo and grpo, zero and uniform are for ppo',
  ],
  ['warmup', (c) => c.warmup > 0 && c.warmup >= c.steps, 'must be below `steps`'],
  ['criticWarmup', (c) => c.criticWarmup > 0 && c.criticWarmup >= c.steps, 'must be below `steps`'],
  [
    'responseLimits',
    (c) => c.responseLimits !== undefined && c.responseLimits[0] >= c.responseLimits[1],
    'low must be below high',
  ],
  [
    'responseLimits',
    (c) => c.responseLimits !== undefined && c.responseLimits[1] - 1 > c.generation.maxNewTokens,
    'lengths go up to high - 1, which must not be above maxNewTokens',
  ],
  [
    'rescore',
    (c) => c.staleness > 0 && c.rescore === false,
    'cannot be off with `staleness`: the policy that sampled is not the one that learns',
  ],
  ...compatRules,
];

/** Settings that do not fit together; each message names both sides. */
export function contradictions(config: Given): Contradiction[] {
  return rules.flatMap(([path, broken, message]) => (broken(config) ? [{ path, message }] : []));
}

function generations(config: Given): number {
  return config.numGenerations ?? traits(config).defaults.numGenerations;
}

function placement(config: Given): 'reward' | 'loss' {
  return config.klPlacement ?? traits(config).defaults.klPlacement;
}

/** Fills in what follows from other settings. */
export function resolved(given: Given) {
  const config = withCompat(given);
  const klPlacement = placement(config);
  const calibrate = config.calibrate ?? (config.useScoreScaling ? 0 : 64);
  const scaled = calibrate > 0 || config.useScoreScaling;
  return {
    ...config,
    numGenerations: generations(config),
    klPlacement,
    klPenalty: config.klPenalty ?? (klPlacement === 'loss' ? 'k3' : 'kl'),
    advantageScale: groups(config)
      ? (config.advantageScale ?? traits(config).defaults.advantageScale)
      : undefined,
    calibrate,
    missingEosPenalty: config.missingEosPenalty ?? (scaled ? 1 : 0),
    adamEps: config.adamEps ?? 1e-5,
    valueHead: config.valueHead ?? (groups(config) ? 'none' : 'zero'),
    reference: config.reference ?? 'initialPolicy',
  };
}
