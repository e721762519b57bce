import { afterAll, beforeAll, expect, test } from 'vitest';
import { gradientNorm } from '../../src/model/optimizer.ts';
import type { Policy } from '../../src/model/policy.ts';
import { randomStream } from '../../src/random.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { policyLoss } from '../../src/rl/loss.ts';
import type { Rows } from '../../src/rl/masked.ts';
import { type RlSample, rlSample } from '../../src/rl/sample.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensors } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenBatch, goldenPolicy } from './golden-policy.ts';
import { plainStats } from './plain-loss.ts';

interface Inputs {
  oldLogprobs: Rows;
  refLogprobs: Rows;
  oldValues: Rows;
  advantages: Rows;
  returns: Rows;
}

const config = RlConfig.parse({ vfCoef: 0.7 });
let engine: Engine;
let policy: Policy;
let samples: RlSample[];
/** What the policy says of the samples at the start. */
let logprobs: Rows;
let values: Rows;
beforeAll(async () => {
  engine = await testEngine();
  policy = await goldenPolicy(engine);
  const { queries, responses } = await goldenBatch(0, policy.shape.config.decoderStartId);
  samples = responses.slice(0, 4).map((response, i) => rlSample(queries[i], response));
  const scores = await policy.score(sequences());
  logprobs = scores.map((row) => row.logprobs);
  values = scores.map((row) => row.values);
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

const sequences = () => samples.map(({ sequence }) => sequence);

/** The samples' masks, with every third token taken out. */
const masks = (): Rows => samples.map(({ mask }) => mask.map((one, t) => (t % 3 === 1 ? 0 : one)));

/** Inputs around the policy's own numbers, so that some tokens are clipped and some are not. */
function randomInputs(seed: number): Inputs {
  const random = randomStream(seed, ['ppo loss']);
  const near = (rows: Rows, reach: number) =>
    rows.map((row) => row.map((x) => x + reach * random.normal()));
  const zero = values.map((row) => new Float32Array(row.length));
  return {
    oldLogprobs: near(logprobs, 0.3),
    refLogprobs: near(logprobs, 0.3),
    oldValues: near(values, 0.3),
    advantages: near(zero, 1),
    returns: near(values, 1),
  };
}

async function graphLoss(inputs: Inputs, mask: Rows, settings = config) {
  const weights = weightsOf(mask);
  return policy.gradient(policyLoss(settings), sequences(), { ...inputs, weights });
}

function weightsOf(mask: Rows): Rows {
  const count = mask.reduce((sum, row) => sum + row.reduce((a, b) => a + b, 0), 0);
  return mask.map((row) => row.map((x) => x / Math.max(1, count)));
}

async function plainLoss(inputs: Inputs, mask: Rows): Promise<number> {
  const scores = await policy.score(sequences());
  const weights = weightsOf(mask);
  const all = { ...inputs, masks: mask, weights, scores, klCoef: 0 };
  return plainStats(all, config)['loss/total'];
}

const norm = (gradients: Tensors, part: string) =>
  gradientNorm(new Map([...gradients].filter(([name]) => name.includes(part))));

test('the loss of the graph is the loss of the statistics', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const inputs = randomInputs(seed);
    const { loss } = await graphLoss(inputs, masks());
    expect([loss]).toBeAllClose([await plainLoss(inputs, masks())], { atol: 1e-5 }); // float32
  }
});

test('the gradient is the slope of the loss', async () => {
  const inputs = randomInputs(6);
  const { gradients } = await graphLoss(inputs, masks());
  const { tensors } = policy.parameters;
  for (const [name, { data: gradient }] of gradients) {
    const { data } = tensors.get(name)!;
    const start = data.slice();
    const length = Math.hypot(...gradient);
    // the loss moves by 1e-3: far above float32's rounding, and few tokens meet a clip's edge
    const reach = 5e-4 / length;
    const at = async (sign: number) => {
      data.set(start.map((x, i) => x + (sign * reach * gradient[i]) / length));
      await policy.parameters.commit();
      return plainLoss(inputs, masks());
    };
    const slope = ((await at(1)) - (await at(-1))) / (2 * reach);
    data.set(start);
    await policy.parameters.commit();
    // along its own direction the slope is the gradient's length; 3 %: curvature and clip edges
    expect([slope], name).toBeAllClose([length], { rtol: 0.03 });
  }
});

test('a masked token has no part in loss or gradient, whatever its numbers', async () => {
  const inputs = randomInputs(7);
  const mask = masks();
  const spoiled = Object.fromEntries(
    Object.entries(inputs).map(([name, rows]: [string, Rows]) => [
      name,
      rows.map((row, i) => row.map((x, t) => (mask[i][t] === 1 ? x : -9))),
    ]),
  ) as unknown as Inputs;
  const [clean, noisy] = [await graphLoss(inputs, mask), await graphLoss(spoiled, mask)];
  expect(noisy.loss).toBe(clean.loss);
  expect(noisy.gradients).toEqual(clean.gradients);
});

test('with nothing scored the gradient is zero', async () => {
  const none = samples.map(({ mask }) => new Float32Array(mask.length));
  const { loss, gradients } = await graphLoss(randomInputs(8), none);
  expect(loss).toBeCloseTo(0, 12);
  expect(gradientNorm(gradients)).toBe(0);
});

test('a ratio beyond the clip in the direction of its advantage learns no more', async () => {
  const settings = RlConfig.parse({ vfCoef: 0 });
  const all = (x: number) => values.map((row) => new Float32Array(row.length).fill(x));
  const ones = samples.map(({ mask }) => mask);
  /** Length of the gradient when each ratio is e^shift and each advantage is the same. */
  const learned = async (shift: number, advantage: number) => {
    const oldLogprobs = logprobs.map((row) => row.map((lp) => lp - shift));
    const inputs = {
      oldLogprobs,
      refLogprobs: logprobs,
      oldValues: values,
      returns: values,
      advantages: all(advantage),
    };
    return norm((await graphLoss(inputs, ones, settings)).gradients, 'lora_');
  };
  expect(await learned(0.5, 1)).toBe(0); // ratio 1.65 > 1.2, pushed up
  expect(await learned(0.5, -1)).toBeGreaterThan(0); // pulled back
  expect(await learned(-0.5, -1)).toBe(0); // ratio 0.61 < 0.8, pushed down
  expect(await learned(-0.5, 1)).toBeGreaterThan(0); // pulled back
  expect(await learned(0.1, 1)).toBeGreaterThan(0); // inside the clip
});

test('a value beyond the clip in the direction of its return learns no more', async () => {
  const ones = samples.map(({ mask }) => mask);
  const learned = async (moved: number, toReturn: number) => {
    const shifted = (x: number) => values.map((row) => row.map((value) => value + x));
    const zero = values.map((row) => new Float32Array(row.length));
    const inputs = {
      oldLogprobs: logprobs,
      refLogprobs: logprobs,
      oldValues: shifted(-moved),
      returns: shifted(toReturn),
      advantages: zero,
    };
    return norm((await graphLoss(inputs, ones)).gradients, 'v_head.');
  };
  expect(await learned(0.5, 1)).toBe(0); // rose by 0.5 > 0.2, return above
  expect(await learned(0.5, -1)).toBeGreaterThan(0); // return below: goes back
  expect(await learned(-0.5, -1)).toBe(0); // fell by 0.5, return below
  expect(await learned(0.1, 1)).toBeGreaterThan(0); // inside the clip
});
