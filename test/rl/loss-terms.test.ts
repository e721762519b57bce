/** The terms of the loss that settings add or change; the two of every run are in loss.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradientNorm } from '../../src/model/optimizer.ts';
import type { Parameters } from '../../src/model/parameters.ts';
import type { Policy } from '../../src/model/policy.ts';
import { randomStream } from '../../src/random.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import { policyLoss } from '../../src/rl/loss.ts';
import { maskedCount, type Rows } from '../../src/rl/masked.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensors } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { snapshot } from './golden-policy.ts';
import { plainStats } from './plain-loss.ts';
import { tinySamples, tinyScores, tinyStart } from './tiny-policy.ts';

let engine: Engine;
let policy: Policy;
let reference: Parameters;
let restore: () => Promise<void>;
let close: () => Promise<void>;
beforeAll(async () => {
  engine = await testEngine();
  ({ policy, reference, restore, close } = await tinyStart(engine));
});
afterAll(async () => {
  await close();
  await engine.close();
});

const samples = tinySamples(8);
const sequences = samples.map(({ sequence }) => sequence);
const masks: Rows = samples.map(({ mask }) => mask);
const klCoef = 0.3;
const isHead = (name: string) => name.startsWith('v_head.');
const norm = (gradients: Tensors, wanted: (name: string) => boolean) =>
  gradientNorm(new Map([...gradients].filter(([name]) => wanted(name))));
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
const flat = (rows: Rows) => rows.flatMap((row) => [...row]);

/** Inputs near what the policy says, `advantages` aside. */
async function inputsOf(advantage: () => number) {
  const random = randomStream(1, ['loss terms']);
  const scored = await policy.score(sequences);
  const near = (name: 'logprobs' | 'values', reach: number) =>
    scored.map((row) => row[name].map((x) => x + reach * random.normal()));
  // away from the policy's own, where the absolute difference has its edge
  const apart = (x: number) => x + random.pick([-1, 1]) * (0.2 + 0.5 * random.next());
  const count = maskedCount(masks);
  const weights = masks.map((row) => row.map((one) => one / count));
  return {
    oldLogprobs: near('logprobs', 0.1),
    refLogprobs: scored.map((row) => row.logprobs.map(apart)),
    oldValues: near('values', 0.1),
    returns: near('values', 1),
    advantages: masks.map((row) => row.map(advantage)),
    weights,
    klWeights: weights.map((row) => row.map((x) => klCoef * x)),
  };
}

type Inputs = Awaited<ReturnType<typeof inputsOf>>;
const random = randomStream(2, ['advantages']);

describe.each(['abs', 'mse', 'k3'] as const)('the KL in the loss, estimated by %s', (klPenalty) => {
  // with the entropy bonus beside it: one graph less to compile
  const config = RlConfig.parse({ klPlacement: 'loss', klPenalty, entropyCoef: 0.2, vfCoef: 0.7 });
  const graphLoss = (inputs: Inputs) => policy.gradient(policyLoss(config), sequences, inputs);
  const plainLoss = async (inputs: Inputs) => {
    const scores = await policy.score(sequences);
    return plainStats({ ...inputs, masks, scores, klCoef }, config)['loss/total'];
  };
  let inputs: Inputs;
  beforeAll(async () => {
    await restore();
    inputs = await inputsOf(() => random.normal());
  });

  test('is in the loss of the graph as in that of the statistics', async () => {
    const { loss } = await graphLoss(inputs);
    expect([loss]).toBeAllClose([await plainLoss(inputs)], { atol: 1e-5 }); // float32
    const none = { ...inputs, refLogprobs: inputs.oldLogprobs };
    expect(Math.abs((await graphLoss(none)).loss - loss)).toBeGreaterThan(0.01);
  });

  test('has the slope of the loss as its gradient', async () => {
    const { gradients } = await graphLoss(inputs);
    const { tensors } = policy.parameters;
    for (const [name, { data: gradient }] of gradients) {
      const { data } = tensors.get(name)!;
      const start = data.slice();
      const length = Math.hypot(...gradient);
      // the loss moves by 1e-3: far above float32's rounding, and few tokens meet an edge
      const reach = 5e-4 / length;
      const at = async (sign: number) => {
        data.set(start.map((x, i) => x + (sign * reach * gradient[i]) / length));
        await policy.parameters.commit();
        return plainLoss(inputs);
      };
      const slope = ((await at(1)) - (await at(-1))) / (2 * reach);
      data.set(start);
      // along its own direction the slope is the gradient's length; 3 %: curvature and edges
      expect([slope], name).toBeAllClose([length], { rtol: 0.03 });
    }
    await policy.parameters.commit();
  });
});

test('the value loss reaches the adapter by default, and with detachValue the value head alone', async () => {
  await restore();
  const inputs = await inputsOf(() => 0);
  const lengths = async (detachValue: boolean) => {
    const loss = policyLoss(RlConfig.parse({ detachValue }));
    const { gradients } = await policy.gradient(loss, sequences, inputs);
    return { adapter: norm(gradients, (name) => !isHead(name)), head: norm(gradients, isHead) };
  };
  const [shared, detached] = [await lengths(false), await lengths(true)];
  expect(shared.adapter).toBeGreaterThan(1e-3);
  expect(detached.adapter).toBe(0);
  expect(detached.head).toBeGreaterThan(1e-3);
  expect([detached.head]).toBeAllClose([shared.head], { rtol: 1e-5 }); // order of float32 sums
});

interface Learning {
  readonly config: RlConfig;
  readonly learner: RlLearner;
}

/** RLOO, whose advantages are those of the scores, in one optimizer step. */
async function rloo(options: Partial<RlConfig>): Promise<Learning> {
  const sizes = { batchSize: 8, miniBatchSize: 8, ppoEpochs: 1, calibrate: 0, initKlCoef: 0 };
  const config = RlConfig.parse({ algorithm: 'rloo', ...sizes, learningRate: 1e-2, ...options });
  await restore();
  return { config, learner: new RlLearner({ policy, reference, config }) };
}

describe('with scores that are all the same', () => {
  const same = samples.map(() => 1);
  const entropy = async () =>
    mean(flat((await policy.score(sequences)).map(({ entropies }) => entropies)));

  test('an entropy bonus raises the entropy', async () => {
    const { learner } = await rloo({ entropyCoef: 0.5 });
    const before = await entropy();
    const { stats } = await learner.step(samples, same);
    expect(stats['ppo/loss/policy']).toBeCloseTo(0, 6);
    expect([stats['ppo/loss/total']]).toBeAllClose([-0.5 * before], { rtol: 1e-5 }); // float32
    expect(await entropy()).toBeGreaterThan(before + 1e-3);
  });

  test('and without one nothing moves', async () => {
    const { learner } = await rloo({});
    const start = snapshot(policy);
    await learner.step(samples, same);
    expect(snapshot(policy)).toEqual(start);
  });
});

describe('lossAverage', () => {
  const scores = tinyScores(8);
  const lengths = samples.map(({ tokens }) => tokens);
  /** Loss and gradient of the one minibatch of a step. */
  async function stepWith(lossAverage: RlConfig['lossAverage']) {
    const { learner, config } = await rloo({ lossAverage });
    const { stats, gradNorms, advantages, logprobs } = await learner.step(samples, scores);
    const own = advantages.map(([first]) => first); // of each response, the same for its tokens
    return { loss: stats['ppo/loss/policy'], gradNorms, advantages, logprobs, own, config };
  }

  test('token: a response counts as much as it has tokens', async () => {
    const { loss, own } = await stepWith('token');
    const total = lengths.reduce((a, b) => a + b, 0);
    const expected = own.map((advantage, i) => (-advantage * lengths[i]) / total);
    // ratios are 1 up to float32
    expect([loss]).toBeAllClose([expected.reduce((a, b) => a + b, 0)], { atol: 1e-5 });
    expect(Math.abs(loss)).toBeGreaterThan(1e-2);
  });

  test('sequence: a long response does not outweigh a short one', async () => {
    expect(new Set(lengths).size).toBeGreaterThan(3);
    const { loss, own, ...rest } = await stepWith('sequence');
    expect([loss]).toBeAllClose([-mean(own)], { atol: 1e-5 }); // as above
    // and the graph learns by the same weights
    const { advantages, logprobs, config, gradNorms } = rest;
    const weights = masks.map((row, i) => row.map((one) => one / lengths[i] / lengths.length));
    const inputs = { advantages, oldLogprobs: logprobs, weights };
    await restore();
    const { gradients } = await policy.gradient(policyLoss(config), sequences, inputs);
    expect(gradNorms).toBeAllClose([gradientNorm(gradients)], { rtol: 1e-5 }); // order of rows
    const [perToken] = (await stepWith('token')).gradNorms;
    expect(Math.abs(perToken / gradNorms[0] - 1)).toBeGreaterThan(0.01);
  });
});
