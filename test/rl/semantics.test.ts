/** Each way in which TRL 0.8.0 and the default part: the defect in compat mode, its absence without. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { gradientNorm } from '../../src/model/optimizer.ts';
import type { Policy } from '../../src/model/policy.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import { numpyRandom } from '../../src/rl/numpy.ts';
import { baseParameters } from '../../src/rl/reference.ts';
import { type RlSample, rlSample } from '../../src/rl/sample.ts';
import { semanticsOf } from '../../src/rl/semantics.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import {
  type GoldenBatch,
  goldenBatch,
  goldenPolicy,
  restorer,
  small,
  snapshot,
} from './golden-policy.ts';

const trl = { compat: 'trl-0.8.0' } as const;
const ours = { compat: 'none' } as const;

let engine: Engine;
let batch: GoldenBatch;
let policy: Policy;
let restore: () => Promise<void>;
beforeAll(async () => {
  engine = await testEngine();
  batch = await goldenBatch();
  policy = await goldenPolicy(engine);
  restore = restorer(policy);
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

interface Fixture {
  learner: RlLearner;
  samples: RlSample[];
  config: RlConfig;
  /** One step on the golden batch. */
  step: () => ReturnType<RlLearner['step']>;
}

/** A new learner of the policy, which starts anew. */
async function fixture(options: Partial<RlConfig>): Promise<Fixture> {
  const batchSize = batch.queries.length;
  const config = RlConfig.parse({ ...small, batchSize, ...options });
  await restore();
  const reference =
    config.reference === 'base'
      ? await baseParameters(engine, policy.parameters)
      : await policy.parameters.copy();
  onTestFinished(() => reference.close());
  const learner = new RlLearner({ policy, reference, config });
  const samples = batch.responses.map((response, i) =>
    rlSample(batch.queries[i], response, semanticsOf(config)),
  );
  return { learner, samples, config, step: () => learner.step(samples, batch.scores) };
}

describe('D1: what the KL is measured against', () => {
  test("TRL's reference is the bare model: the KL is above zero before any update", async () => {
    const { step } = await fixture({ ...trl, reference: 'base' });
    const { klDist, stats } = await step();
    expect(Math.max(...klDist.map(Math.abs))).toBeGreaterThan(0.1);
    expect(Math.abs(stats['objective/kl'])).toBeGreaterThan(1e-2);
  });

  test('ours is the starting adapter: KL below 1e-4 and ratio 1 before any update', async () => {
    const { step } = await fixture(ours);
    const { klDist, minibatches } = await step();
    expect(Math.max(...klDist.map(Math.abs))).toBeLessThan(1e-4);
    expect(minibatches[0].avgRatio).toBeCloseTo(1, 5); // two graphs in float32
  });

  test('a default run with another reference stops before its first update', async () => {
    const { samples, config } = await fixture(ours);
    const reference = await baseParameters(engine, policy.parameters);
    const start = snapshot(policy);
    const learner = new RlLearner({ policy, reference, config });
    await expect(learner.step(samples, batch.scores)).rejects.toMatchObject({
      code: 'INVARIANT',
      message: expect.stringContaining('expected KL < 1e-3 before the first update'),
    });
    expect(snapshot(policy)).toEqual(start);
    await reference.close();
  });
});

describe('D9: the first generated token', () => {
  test("is not rewarded with TRL's mask, and is with ours", async () => {
    const masked = await fixture(trl);
    expect(masked.samples.map(({ mask }) => mask[0])).toEqual(batch.queries.map(() => 0));
    const { critic } = await masked.step();
    expect(critic!.values.every((row) => row[0] === 0)).toBe(true); // as where the mask is 0
    const whole = await fixture(ours);
    expect(whole.samples.map(({ mask }) => mask[0])).toEqual(batch.queries.map(() => 1));
    const { critic: all } = await whole.step();
    expect(all!.values.some((row) => row[0] !== 0)).toBe(true);
  });
});

describe('maxGradNorm', () => {
  /** Length of Adam's first moments after many steps of a small maxGradNorm. */
  async function momentum(semantics: Partial<RlConfig>) {
    const maxGradNorm = 1e-3;
    const { learner, step } = await fixture({ ...semantics, maxGradNorm });
    const { gradNorms } = await step();
    expect(Math.min(...gradNorms)).toBeGreaterThan(10 * maxGradNorm); // all want clipping
    return gradientNorm(learner.optimizer.state.first) / maxGradNorm;
  }

  test("limits every step: Adam's momentum stays below it", async () => {
    expect(await momentum(ours)).toBeLessThanOrEqual(1); // an average of clipped gradients
  });

  test("limits only the first step of TRL's life", async () => {
    expect(await momentum(trl)).toBeGreaterThan(1);
  });
});

describe('ratioThreshold', () => {
  /** A usual step, then one whose minibatches are all over the threshold. */
  async function skipped(semantics: Partial<RlConfig>) {
    const { config, step } = await fixture({ ...semantics, learningRate: 1e-4 });
    await step();
    config.ratioThreshold = 0.1;
    const before = snapshot(policy);
    const { gradNorms, stats } = await step();
    expect(stats['ppo/loss/total']).toBe(0);
    return { gradNorms, before, after: snapshot(policy) };
  }

  test('skips the step: no parameter moves', async () => {
    const { gradNorms, before, after } = await skipped(ours);
    expect(gradNorms).toEqual([]);
    expect(after).toEqual(before);
  });

  test("lets TRL's Adam go on by momentum, with gradients of zero", async () => {
    const { gradNorms, before, after } = await skipped(trl);
    expect(new Set(gradNorms)).toEqual(new Set([0]));
    expect(after).not.toEqual(before);
  });
});

describe('earlyStopping', () => {
  const eager = { earlyStopping: true, targetKl: 1e-6, ppoEpochs: 3, learningRate: 1e-3 };

  test('stops before the second step, once the first has moved the policy too far', async () => {
    const { step } = await fixture({ ...ours, ...eager });
    const { gradNorms, minibatches } = await step();
    expect(gradNorms).toHaveLength(1);
    expect(minibatches).toHaveLength(2); // the second was looked at, not taken
    expect(minibatches[1].k3).toBeGreaterThan(1.5 * eager.targetKl);
  });

  test('in TRL ends an epoch that has been taken whole', async () => {
    const { step, config } = await fixture({ ...trl, ...eager });
    const perEpoch = config.batchSize / config.miniBatchSize;
    const { gradNorms, minibatches } = await step();
    expect(gradNorms.length).toBeGreaterThanOrEqual(perEpoch);
    expect(gradNorms.length % perEpoch).toBe(0);
    expect(minibatches[1].k3).toBeGreaterThan(1.5 * eager.targetKl);
  });

  test('off, takes all epochs', async () => {
    const { step, config } = await fixture({ ...ours, ...eager, earlyStopping: false });
    const perEpoch = config.batchSize / config.miniBatchSize;
    expect((await step()).gradNorms).toHaveLength(perEpoch * eager.ppoEpochs);
  });
});

describe('the order of minibatches', () => {
  test('is a function of seed, step and epoch', async () => {
    const { learner } = await fixture(ours);
    const later = learner.draws.shuffle(3, 1);
    expect(learner.draws.shuffle(0, 0)).not.toEqual(later);
    expect(learner.draws.shuffle(3, 1)).toEqual(later);
    const other = await fixture({ ...ours, seed: 1 });
    expect(other.learner.draws.shuffle(3, 1)).not.toEqual(later);
  });

  test("is the next of numpy's permutations in compat mode", async () => {
    const { learner, config } = await fixture({ ...trl, seed: 5 });
    const numpy = numpyRandom(5);
    for (const step of [0, 1, 2])
      expect(learner.draws.shuffle(step, 0)).toEqual(numpy.permutation(config.batchSize));
  });
});

describe('what a step refuses', () => {
  test('a batch of another size, where TRL raises a ValueError', async () => {
    const { learner, samples, config } = await fixture(ours);
    const n = config.batchSize;
    const few = learner.step(samples.slice(0, 3), batch.scores.slice(0, 3));
    await expect(few).rejects.toThrow(
      `step: expected batchSize = ${n} samples and scores, got 3 samples and 3 scores.`,
    );
    const short = learner.step(samples, batch.scores.slice(1));
    await expect(short).rejects.toThrow(`got ${n} samples and ${n - 1} scores`);
  });

  test('a score that is no finite number, naming the sample', async () => {
    const { learner, samples } = await fixture(ours);
    const start = snapshot(policy);
    const scores = batch.scores.with(2, Number.NaN);
    await expect(learner.step(samples, scores)).rejects.toThrow(
      'score of sample 2: expected a finite number, got NaN.',
    );
    expect(snapshot(policy)).toEqual(start);
  });
});
