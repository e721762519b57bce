/**
 * Each way in which TRL 0.8.0, the lab and the default part: the defect in compat mode and with its
 * one correction left out, its absence in the default. Numbers are those of "D" and "point" below.
 *
 * D1, 1      the reference is the bare model                       here
 * D2, D3     a change without a sign, of 11 samples                test/eval/statistics.test.ts
 * D4, 5      generation with dropout on                            here: there is no dropout at all
 * D5, 24     the reward is the largest logit                       judge.test.ts, corrections.test.ts
 * D6         the reward reads prompt and response                  judge.test.ts
 * D7         and their special tokens as text                      judge.test.ts, corrections.test.ts
 * D8, 25, 26 warpers: a typo in one, min_length                    lab.test.ts, config.test.ts
 * D9, 2, 4   first token, empty response                           here, sample.test.ts
 * D9, 3      decoder start                                         lab.test.ts
 * D10, 32    nothing to resume                                     learner.test.ts, checkpoint.test.ts
 * D11, 10    a KL coefficient that cannot move                     lab.test.ts
 * 6, 8, 9, 11, 13, 17, 20  arithmetic that both have               ppo.golden.test.ts, masked.test.ts
 * 7          whitened rewards leak out of the padding              here, ppo.test.ts
 * 12         numpy's global generator shuffles                     here
 * 14         clipping acts once                                    here
 * 15         a skipped minibatch still takes a step                here
 * 16         early stopping comes after the epoch                  here
 * 18, 22     Adam's epsilon, start of the value head               lab.test.ts
 * 19         use_score_norm alone does nothing                     lab.test.ts
 * 21, 28, 29 arithmetic of the models                              test/model, test/tokenizer/tokenizer.test.ts
 * 23, 27     padding of generate; how toxicity is measured         test/model/policy.test.ts, test/eval
 * 30         sizes that do not fit; kl < -1 only warns             here, config.test.ts
 * 31         accelerate's last batch: batches here are whole, and rules.ts makes their sizes fit
 * and        logprobs at temperature 1 of tokens drawn at another  here
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { gradientNorm } from '../../../src/model/optimizer.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { GenerationConfig } from '../../../src/model/sampling.ts';
import { RlConfig } from '../../../src/rl/config.ts';
import { gae } from '../../../src/rl/gae.ts';
import { RlLearner } from '../../../src/rl/learner.ts';
import { whiten } from '../../../src/rl/masked.ts';
import { baseParameters } from '../../../src/rl/reference.ts';
import { type RlSample, rlSample } from '../../../src/rl/sample.ts';
import { numpyRandom } from '../../../src/rl/trl/numpy.ts';
import { placesOf } from '../../../src/rl/trl/places.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { testEngine } from '../../engine.ts';
import {
  type GoldenBatch,
  goldenBatch,
  goldenPolicy,
  restorer,
  small,
  snapshot,
} from '../golden-policy.ts';
import { ours, trl, ways } from './modes.ts';

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
    rlSample(batch.queries[i], response, placesOf(config)),
  );
  return { learner, samples, config, step: () => learner.step(samples, batch.scores) };
}

describe('D1, point 1: what the KL is measured against', () => {
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
    expect(minibatches[0].ratio).toBeCloseTo(1, 5); // two graphs in float32
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

describe('D4, point 5: dropout', () => {
  test.each([trl, ours])(
    'there is none: after a step ($compat) the same draws give the same response',
    async (mode) => {
      const { step } = await fixture(mode);
      await step();
      const config = GenerationConfig.parse({ maxNewTokens: 8 });
      const draw = { seed: 1, key: [] };
      const once = () => policy.generate(batch.queries, config, draw);
      expect(await once()).toEqual(await once());
    },
  );
});

describe('D9, point 2: the first generated token', () => {
  test.each(ways('scoresFirstToken'))('%s: is not rewarded', async (_, options) => {
    const masked = await fixture(options);
    expect(masked.samples.map(({ mask }) => mask[0])).toEqual(batch.queries.map(() => 0));
    const { critic } = await masked.step();
    expect(critic!.values.every((row) => row[0] === 0)).toBe(true); // as where the mask is 0
  });

  test('is by default', async () => {
    const whole = await fixture(ours);
    expect(whole.samples.map(({ mask }) => mask[0])).toEqual(batch.queries.map(() => 1));
    const { critic: all } = await whole.step();
    expect(all!.values.some((row) => row[0] !== 0)).toBe(true);
  });
});

describe('D9, point 4: a response that ends at once', () => {
  const empty = (options: Partial<RlConfig>) =>
    rlSample(batch.queries[0], [0, 1], placesOf(RlConfig.parse(options)));

  test.each(ways('scoresFirstToken'))('%s: has nothing to score', (_, options) => {
    expect(() => empty(options)).toThrow('response: expected at least 3 decoder ids');
  });

  test('is learnt from by default', async () => {
    const { learner, samples } = await fixture(ours);
    const { logprobs } = await learner.step([empty(ours), ...samples.slice(1)], batch.scores);
    expect(logprobs[0]).toHaveLength(1);
  });
});

describe('point 7: whitened rewards', () => {
  /** Each row's returns, and what its own rewards make of them. */
  async function returns(options: Partial<RlConfig>) {
    const { step, samples, config } = await fixture({ ...options, whitenRewards: true });
    const { rewards, values, critic, masks } = await step();
    const product = (rows: typeof rewards) =>
      rows.map((row, i) => row.map((x, t) => x * masks[i][t]));
    const whitened = whiten(product(rewards), masks, { keepMean: true });
    const own = product(values).map(
      (row, i) => gae(whitened[i], row, { gamma: config.gamma, lambda: config.lam }).returns,
    );
    const worst = own.map((row, i) =>
      Math.max(...row.map((x, t) => Math.abs(x - critic!.returns[i][t]))),
    );
    const width = Math.max(...samples.map(({ tokens }) => tokens));
    return { worst, short: samples.map(({ tokens }) => tokens < width) };
  }

  test.each(ways('whitensRealTokens'))(
    '%s: what is made of the padding leaks into shorter rows',
    async (_, options) => {
      const { worst, short } = await returns(options);
      expect(worst.map((x) => x > 1e-3)).toEqual(short);
      expect(new Set(short).size).toBe(2);
    },
  );

  test('rows end where they end by default', async () => {
    const { worst } = await returns(ours);
    expect(Math.max(...worst)).toBeLessThan(1e-6); // float32
  });
});

describe('point 14: maxGradNorm', () => {
  /** Length of Adam's first moments after many steps of a small maxGradNorm. */
  async function momentum(options: Partial<RlConfig>) {
    const maxGradNorm = 1e-3;
    const { learner, step } = await fixture({ ...options, maxGradNorm });
    const { gradNorms } = await step();
    expect(Math.min(...gradNorms)).toBeGreaterThan(10 * maxGradNorm); // all want clipping
    return gradientNorm(learner.optimizer.state.first) / maxGradNorm;
  }

  test("limits every step: Adam's momentum stays below it", async () => {
    expect(await momentum(ours)).toBeLessThanOrEqual(1); // an average of clipped gradients
  });

  test.each(ways('clipsEveryStep'))(
    "%s: limits only the first step of a learner's life",
    async (_, options) => {
      expect(await momentum(options)).toBeGreaterThan(1);
    },
  );
});

describe('point 15: ratioThreshold', () => {
  /** A usual step, then one whose minibatches are all over the threshold. */
  async function skipped(options: Partial<RlConfig>) {
    const { config, step } = await fixture({ ...options, learningRate: 1e-4 });
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

  test.each(ways('skipsWholeStep'))(
    '%s: lets Adam go on by momentum, with gradients of zero',
    async (_, options) => {
      const { gradNorms, before, after } = await skipped(options);
      expect(new Set(gradNorms)).toEqual(new Set([0]));
      expect(after).not.toEqual(before);
    },
  );
});

describe('point 16: earlyStopping', () => {
  const eager = { earlyStopping: true, targetKl: 1e-6, ppoEpochs: 3, learningRate: 1e-3 };

  test('stops before the second step, once the first has moved the policy too far', async () => {
    const { step } = await fixture({ ...ours, ...eager });
    const { gradNorms, minibatches } = await step();
    expect(gradNorms).toHaveLength(1);
    expect(minibatches).toHaveLength(2); // the second was looked at, not taken
    expect(minibatches[1].k3).toBeGreaterThan(1.5 * eager.targetKl);
  });

  test.each(ways('stopsBeforeStep'))(
    '%s: ends an epoch that has been taken whole',
    async (_, options) => {
      const { step, config } = await fixture({ ...options, ...eager });
      const perEpoch = config.batchSize / config.miniBatchSize;
      const { gradNorms, minibatches } = await step();
      expect(gradNorms.length).toBeGreaterThanOrEqual(perEpoch);
      expect(gradNorms.length % perEpoch).toBe(0);
      expect(minibatches[1].k3).toBeGreaterThan(1.5 * eager.targetKl);
    },
  );

  test('off, takes all epochs', async () => {
    const { step, config } = await fixture({ ...ours, ...eager, earlyStopping: false });
    const perEpoch = config.batchSize / config.miniBatchSize;
    expect((await step()).gradNorms).toHaveLength(perEpoch * eager.ppoEpochs);
  });
});

describe('point 12: the order of minibatches', () => {
  test('is a function of seed, step and epoch', async () => {
    const { learner } = await fixture(ours);
    const later = learner.draws.shuffle(3, 1);
    expect(learner.draws.shuffle(0, 0)).not.toEqual(later);
    expect(learner.draws.shuffle(3, 1)).toEqual(later);
    const other = await fixture({ ...ours, seed: 1 });
    expect(other.learner.draws.shuffle(3, 1)).not.toEqual(later);
  });

  test.each(ways('shufflesByKey'))(
    "%s: is the next of numpy's permutations",
    async (_, options) => {
      const { learner, config } = await fixture({ ...options, seed: 5 });
      const numpy = numpyRandom(5);
      for (const step of [0, 1, 2])
        expect(learner.draws.shuffle(step, 0)).toEqual(numpy.permutation(config.batchSize));
    },
  );
});

describe('temperature', () => {
  const generation = GenerationConfig.parse({ temperature: 0.5 });

  test.each(ways('scoresAtTemperature'))(
    '%s: scores at 1 what was drawn at another',
    async (_, options) => {
      const { step, samples } = await fixture({ ...options, generation });
      const plain = await policy.score(samples.map(({ sequence }) => sequence));
      expect((await step()).logprobs).toEqual(plain.map(({ logprobs }) => logprobs));
    },
  );

  test('is that of the sampler by default, in the rollouts, the reference and the update', async () => {
    const { step, samples } = await fixture({ ...ours, generation });
    const sequences = samples.map(({ sequence }) => sequence);
    const drawn = await policy.score(sequences, { temperature: 0.5 });
    const { logprobs, refLogprobs, minibatches } = await step();
    expect(logprobs).toEqual(drawn.map((row) => row.logprobs));
    expect(refLogprobs).toEqual(logprobs);
    expect(minibatches[0].ratio).toBeCloseTo(1, 5); // two graphs in float32
  });

  test('counts for nothing where the likeliest token is taken', async () => {
    const { step, samples } = await fixture({ generation: { ...generation, sample: false } });
    const plain = await policy.score(samples.map(({ sequence }) => sequence));
    expect((await step()).logprobs).toEqual(plain.map(({ logprobs }) => logprobs));
  });
});

describe('point 30: what a step refuses', () => {
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
      'step 1: score of sample 2: expected a finite number, got NaN.',
    );
    expect(snapshot(policy)).toEqual(start);
  });
});
