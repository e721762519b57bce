/** Defects of the lab around TRL's arithmetic, and settings that both modes have; see semantics.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../../src/family/tokenizer.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { argmax, GenerationConfig, warpLogits } from '../../../src/model/sampling.ts';
import { RlConfig } from '../../../src/rl/config.ts';
import { sampleOf } from '../../../src/rl/forward.ts';
import { klController } from '../../../src/rl/kl.ts';
import { collectRollouts } from '../../../src/rl/rollout.ts';
import { rlSample } from '../../../src/rl/sample.ts';
import { prepareScores, startMoments } from '../../../src/rl/scores.ts';
import { placesOf } from '../../../src/rl/trl/places.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import type { Tensor } from '../../../src/tensor.ts';
import { testEngine } from '../../engine.ts';
import { goldenPath } from '../../golden.ts';
import { type GoldenBatch, goldenBatch, goldenPolicy } from '../golden-policy.ts';
import { ours, trl, ways } from './modes.ts';

let engine: Engine;
let batch: GoldenBatch;
let policy: Policy;
beforeAll(async () => {
  engine = await testEngine();
  batch = await goldenBatch();
  policy = await goldenPolicy(engine);
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

const eosId = 1;

/** The rows of a matrix, each a copy. */
function rows({ shape: [height, width], data }: Tensor<'float32'>): Float32Array[] {
  return Array.from({ length: height }, (_, t) => data.slice(t * width, (t + 1) * width));
}

describe('D8, point 26: a sampler that is not the policy', () => {
  const sampled = (logits: Float32Array, t: number, options: Partial<GenerationConfig>) =>
    warpLogits(logits, GenerationConfig.parse(options), { newTokens: t, eosIds: [eosId] });

  /** Logits of each place of a response. */
  async function places(): Promise<Float32Array[]> {
    const { queries, responses } = batch;
    const longest = responses.reduce((a, b) => (b.length > a.length ? b : a));
    const { sequence } = rlSample(queries[0], longest);
    return rows(await policy.logits(sequence));
  }

  test("the lab's min_length 5 keeps the end from being drawn four times, and its logprob tells nothing of it", async () => {
    const warped = (await places()).map((row, t) => sampled(row, t, { minLength: 5 })[eosId]);
    expect(warped.map((logit) => logit === -Infinity)).toEqual(warped.map((_, t) => t < 4));
    expect(warped.length).toBeGreaterThan(4);
  });

  test('the default draws from what is scored', async () => {
    for (const [t, row] of (await places()).entries()) expect(sampled(row, t, {})).toEqual(row);
  });
});

describe('D9, point 3: the decoder start of a response that was cut', () => {
  const limits = [3, 5, 4, 6];
  /** Greedy responses that are cut, each at a limit of its own; shares of labels that are likeliest. */
  async function likeliest(options: Partial<RlConfig>) {
    const generation = GenerationConfig.parse({ sample: false, minNewTokens: 6, maxNewTokens: 8 });
    const config = RlConfig.parse({ ...options, generation });
    const tokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
    const queries = batch.queries.slice(0, 4).map((ids, i) => ({ id: `${i}`, text: '', ids }));
    const how = { generation, draw: { seed: 0, key: [] }, maxNewTokens: limits };
    const rollouts = await collectRollouts({ policy, tokenizer }, queries, how);
    const samples = rollouts.map((each) => sampleOf(each, policy, placesOf(config), config));
    const places = await Promise.all(samples.map(({ sequence }) => policy.logits(sequence)));
    const hits = samples.flatMap(({ sequence: { labels } }, i) => {
      return rows(places[i]).map((row, t) => {
        row[eosId] = -Infinity; // the end was not allowed
        return Number(argmax(row) === labels[t]);
      });
    });
    return {
      share: hits.reduce((a, b) => a + b, 0) / hits.length,
      first: samples.map(({ sequence }) => sequence.inputs[0]),
      labels: samples.map(({ sequence }) => sequence.labels.length),
      responses: rollouts.map(({ response }) => response),
    };
  }

  test.each(ways('keepsDecoderStart'))(
    '%s: is lost, and the policy is asked about another text',
    async (_, options) => {
      const { share, first, labels, responses } = await likeliest(options);
      expect(first).toEqual(responses.map(([token]) => token));
      expect(labels).toEqual(limits.map((limit) => limit - 1));
      expect(share).toBeLessThan(1);
    },
  );

  test('is kept by default: each token is scored where it was drawn', async () => {
    const { share, first, labels } = await likeliest(ours);
    expect(first).toEqual(limits.map(() => policy.shape.config.decoderStartId));
    expect(labels).toEqual(limits);
    expect(share).toBe(1); // the likeliest token was drawn, and is the likeliest
  });
});

describe('D11, point 10: the KL coefficient', () => {
  /** Where it is after ten steps of the lab, if the KL is always far above its target. */
  const reached = (horizon: number) => {
    const kl = klController({ initKlCoef: 0.2, adapKlCtrl: true, target: 6, horizon });
    for (let step = 0; step < 10; step++) kl.update(1000, 16);
    return kl.value / 0.2 - 1;
  };

  test('moves by a third of a percent in the lab at most, in both modes: the horizon is a setting', () => {
    for (const mode of [trl, ours]) {
      const { horizon } = RlConfig.parse(mode);
      expect(reached(horizon)).toBeCloseTo(1.00032 ** 10 - 1, 12);
    }
  });

  test('moves by a half with a horizon of half the responses of the run', () => {
    expect(reached(80)).toBeCloseTo(1.04 ** 10 - 1, 12);
  });
});

describe('points 18 and 22: what a run starts with', () => {
  test("is TRL's in compat mode, and ours by default", () => {
    const theirs = { adamEps: 1e-8, valueHead: 'uniform', calibrate: 0, missingEosPenalty: 0 };
    expect(RlConfig.parse(trl)).toMatchObject({ ...theirs, reference: 'base' });
    const own = { adamEps: 1e-5, valueHead: 'zero', calibrate: 64, missingEosPenalty: 1 };
    expect(RlConfig.parse(ours)).toMatchObject({ ...own, reference: 'initialPolicy' });
  });
});

describe('point 19: useScoreNorm alone', () => {
  test('does nothing, so that both modes refuse it', () => {
    const options = { ...RlConfig.parse(trl), useScoreNorm: true };
    const whole = batch.scores.map(() => ({ truncated: false, tokens: 5 }));
    const memory = { moments: startMoments() };
    expect(prepareScores(batch.scores, whole, options, memory)).toEqual(batch.scores);
    for (const mode of [trl, ours])
      expect(RlConfig.safeParse({ ...mode, useScoreNorm: true }).success).toBe(false);
  });
});
