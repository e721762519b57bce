/** What stops a run: numbers that are not finite, and a start that is not where it has to be. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NumericError } from '../../src/errors.ts';
import type { Parameters } from '../../src/model/parameters.ts';
import type { Policy, ScoreOptions } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { type LearnerParts, RlLearner } from '../../src/rl/learner.ts';
import { baseParameters } from '../../src/rl/reference.ts';
import { rlSample } from '../../src/rl/sample.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { restorer, snapshot } from './golden-policy.ts';
import { tinySamples, tinyScores, tinyStart } from './tiny-policy.ts';

let engine: Engine;
let policy: Policy;
let reference: Parameters;
let restore: () => Promise<void>;
let close: () => Promise<void>;
let restoreReference: () => Promise<void>;
beforeAll(async () => {
  engine = await testEngine();
  ({ policy, reference, restore, close } = await tinyStart(engine));
  restoreReference = restorer({ parameters: reference });
});
afterAll(async () => {
  await close();
  await engine.close();
});

const size = 8;
const samples = tinySamples(size);
const scores = tinyScores(size);
const algorithms = ['ppo', 'rloo', 'grpo'] as const;
type Options = Partial<RlConfig>;

/** A new learner; policy and reference go back to their start. */
async function learnerOf(options: Options = {}, other: Partial<LearnerParts> = {}) {
  const sizes = { batchSize: size, miniBatchSize: 4, ppoEpochs: 1, calibrate: 0 };
  const config = RlConfig.parse({ ...sizes, learningRate: 1e-3, ...options });
  await restore();
  await restoreReference();
  return new RlLearner({ policy, reference, config, ...other });
}

/** A part of the decoder, which is run anew for each token. */
const weight = 'decoder.block.0.layer.0.SelfAttention.v.lora_B.weight';

/** Puts a number into a tensor. */
async function plant({ tensors, commit }: Parameters, x: number, name = weight) {
  const { data } = tensors.get(name)!;
  data[data.length - 1] = x;
  await commit();
}

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<NumericError> {
  const outcome = await promise.then(
    () => 'no error',
    (caught: unknown) => caught,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as NumericError;
}

/** The error that a step ends with; the parameters are those before it. */
async function errorOf(learner: RlLearner, wrong: readonly number[] = scores) {
  const before = snapshot(policy);
  const error = await rejection(learner.step(samples, wrong));
  expect(snapshot(policy)).toEqual(before);
  expect(learner.steps).toBe(0);
  return error;
}

const idsOf = (sample: number) => {
  const { query, labels } = samples[sample].sequence;
  return { query, response: labels };
};

describe('a number that is not finite stops the step before the update, and is named', () => {
  test('NaN in a parameter of the policy, found in what it says of the first response', async () => {
    const learner = await learnerOf();
    await plant(policy.parameters, Number.NaN);
    expect(await errorOf(learner)).toMatchObject({
      name: 'NumericError',
      message: expect.stringContaining(
        'step 1: logprobs of sample 0, token 0: expected a finite number, got NaN.',
      ),
      details: { tensor: 'logprobs', step: 1, sample: 0, token: 0, ...idsOf(0) },
    });
  });

  test('infinity in the reference', async () => {
    const learner = await learnerOf();
    await plant(reference, Number.POSITIVE_INFINITY);
    expect(await errorOf(learner)).toMatchObject({
      message: expect.stringContaining('step 1: refLogprobs of sample 0, token 0'),
      details: { tensor: 'refLogprobs', step: 1, sample: 0, token: 0, ...idsOf(0) },
    });
  });

  test('NaN in the value head', async () => {
    const learner = await learnerOf({ detachValue: true });
    await plant(policy.parameters, Number.NaN, 'v_head.summary.bias');
    expect(await errorOf(learner)).toMatchObject({
      message: expect.stringContaining('step 1: values of sample 0, token 0'),
      details: { tensor: 'values', step: 1, sample: 0, token: 0, ...idsOf(0) },
    });
  });

  test.each([Number.NaN, Number.NEGATIVE_INFINITY])('%d as a score', async (score) => {
    const learner = await learnerOf();
    const error = await errorOf(learner, scores.with(2, score));
    expect(error).toMatchObject({
      name: 'NumericError',
      message: `step 1: score of sample 2: expected a finite number, got ${score}.`,
      details: { tensor: 'scores', step: 1, sample: 2, ...idsOf(2) },
    });
  });

  test('a score too large for float32, found in what is made of it', async () => {
    const learner = await learnerOf();
    expect(await errorOf(learner, scores.with(3, 1e39))).toMatchObject({
      name: 'NumericError',
      details: { step: 1, sample: 3, ...idsOf(3) },
    });
  });
});

describe('a learning rate that is far too large', () => {
  test('makes infinity, found after the optimizer step and named', async () => {
    const learner = await learnerOf();
    const error = await rejection(learner.step(samples, scores, 1e39));
    const { tensor } = error.details;
    expect(error).toMatchObject({
      name: 'NumericError',
      message: expect.stringContaining(`step 1: parameter of ${tensor}: expected finite numbers`),
      details: { kind: 'parameter', step: 1 },
    });
    const { data } = policy.parameters.tensors.get(`${tensor}`)!;
    expect(data.every(Number.isFinite)).toBe(false);
    expect(learner.steps).toBe(0);
  });

  test('makes numbers that overflow in the next minibatch, which names the sample of the batch', async () => {
    const learner = await learnerOf({ ratioThreshold: 1e300, seed: 1 });
    const [, second] = [4, 8].map((end) => learner.draws.shuffle(0, 0).slice(end - 4, end));
    const error = await rejection(learner.step(samples, scores, 1e30));
    const [sample] = second;
    expect(error).toMatchObject({
      name: 'NumericError',
      message: expect.stringContaining(`step 1: logprobs in training of sample ${sample}, token 0`),
      details: { step: 1, sample, token: 0, ...idsOf(sample) },
    });
    expect(sample).not.toBe(0); // its place in the minibatch
  });
});

test('the response of an error is what was generated, without the place behind it', async () => {
  const { query, inputs, labels } = samples[0].sequence;
  const options = { truncated: true, bootstrap: true };
  const longer = rlSample(query, [inputs[0], ...labels], options);
  const learner = await learnerOf({ bootstrapTruncated: true });
  const wrong = await rejection(
    learner.step([longer, ...samples.slice(1)], [Number.NaN, ...scores.slice(1)]),
  );
  expect(wrong.details).toMatchObject({ sample: 0, ...idsOf(0) });
  await plant(policy.parameters, Number.NaN);
  const { details } = await rejection(learner.step([longer, ...samples.slice(1)], scores));
  expect(details).toMatchObject({ tensor: 'logprobs', sample: 0, ...idsOf(0) });
});

describe('logits that are not finite, while responses are sampled', () => {
  const queries = samples.map(({ sequence }) => sequence.query);

  test('name the response and the token', async () => {
    await restore();
    const config = GenerationConfig.parse({ minNewTokens: 4, maxNewTokens: 6 });
    let steps = 0;
    const { signal } = new AbortController();
    signal.throwIfAborted = () => {
      // before the tokens 1 are made, the weights go bad for all that follow
      if (++steps === 2) void plant(policy.parameters, Number.NaN);
    };
    const draw = { seed: 1, key: [] };
    const error = await rejection(policy.generate(queries, config, draw, { signal }));
    const sample = Number(error.details.sample);
    expect(error).toMatchObject({
      name: 'NumericError',
      message: expect.stringContaining(
        `logits of response ${sample}, token 1: expected finite numbers, got NaN or infinity. `,
      ),
      details: { tensor: 'logits', token: 1, query: queries[sample] },
    });
    expect(error.details.response).toHaveLength(1);
  });

  test('name the first token of a greedy generation too', async () => {
    await restore();
    await plant(policy.parameters, Number.NaN);
    const config = GenerationConfig.parse({ sample: false, maxNewTokens: 3 });
    const call = policy.generate([queries[3]], config, { seed: 0, key: [] });
    await expect(call).rejects.toThrow('logits of response 0, token 0: expected finite numbers');
  });

  test('name it under topP and topK as well', async () => {
    await restore();
    await plant(policy.parameters, Number.NaN);
    const config = GenerationConfig.parse({ topP: 0.9, topK: 5, maxNewTokens: 3 });
    const call = policy.generate([queries[3]], config, { seed: 0, key: [] });
    await expect(call).rejects.toThrow('logits of response 0, token 0: expected finite numbers');
  });
});

describe.each(algorithms)('the start of %s', (algorithm) => {
  test('has no KL, and ratio 1', async () => {
    const { klDist, minibatches } = await (await learnerOf({ algorithm })).step(samples, scores);
    expect(Math.max(...klDist.map(Math.abs))).toBeLessThan(1e-4);
    expect(minibatches[0].ratio).toBeCloseTo(1, 5); // two graphs in float32
  });

  test('with another reference is refused before the first update', async () => {
    const other = await baseParameters(engine, reference);
    const learner = await learnerOf({ algorithm }, { reference: other });
    expect(await errorOf(learner)).toMatchObject({
      code: 'INVARIANT',
      message: expect.stringContaining('expected KL < 1e-3 before the first update'),
    });
    await other.close();
  });

  test('with a policy that scores one response in two ways is refused before the first update', async () => {
    const colder = (options: ScoreOptions = {}) => ({ ...options, temperature: 1.1 });
    const twofold = {
      shape: policy.shape,
      parameters: policy.parameters,
      score: (rows, options) => policy.score(rows, colder(options)),
      gradient: (...call) => policy.gradient(...call),
      leaveDecoding: () => policy.leaveDecoding(),
    } as Pick<Policy, 'shape' | 'parameters' | 'score' | 'gradient' | 'leaveDecoding'> as Policy;
    const learner = await learnerOf({ algorithm }, { policy: twofold });
    expect(await errorOf(learner)).toMatchObject({
      code: 'INVARIANT',
      message: expect.stringMatching(/expected ratio 1 before the first update, got [\d.]+\./),
    });
  });
});

test('a learner that goes on is not at its start: its KL is what it is', async () => {
  const learner = await learnerOf({ learningRate: 1e-2 });
  await learner.step(samples, scores);
  const state = learner.save();
  const fresh = await learnerOf();
  await fresh.restore(state);
  const { klDist } = await fresh.step(samples, scores);
  expect(Math.max(...klDist.map(Math.abs))).toBeGreaterThan(1e-3);
});

describe('a batch with little to tell stops nothing: one', () => {
  /** Responses of one token each: the end. */
  const ends = samples.map(({ sequence: { query } }) => rlSample(query, [0, 1]));

  test('whose returns are all the same has no explained variance, and no other metric that is not finite', async () => {
    const learner = await learnerOf({ initKlCoef: 0 });
    for (const [name, { data }] of policy.parameters.tensors)
      if (name.startsWith('v_head.')) data.fill(0);
    await policy.parameters.commit(); // a critic that knows nothing: returns are the scores
    const { stats, critic } = await learner.step(
      ends,
      scores.map(() => 2),
    );
    expect(new Set(critic!.returns.map(([x]) => x))).toEqual(new Set([2]));
    expect(Object.entries(stats).filter(([, x]) => !Number.isFinite(x))).toEqual([]);
    expect(stats).not.toHaveProperty('ppo/val/var_explained');
  });

  test('of one response with one token: its advantage is 0, the critic learns', async () => {
    const learner = await learnerOf({ batchSize: 1, miniBatchSize: 1 });
    const { stats, advantages, critic } = await learner.step(ends.slice(0, 1), [2]);
    expect(advantages).toEqual([Float32Array.of(0)]);
    expect(critic!.returns[0][0]).toBeCloseTo(2, 5);
    expect(Object.entries(stats).filter(([, x]) => !Number.isFinite(x))).toEqual([]);
  });

  test('that is learnt from in minibatches of one token', async () => {
    const learner = await learnerOf({ miniBatchSize: 1 });
    const start = snapshot(policy);
    const { stats, gradNorms } = await learner.step(ends, scores);
    expect(gradNorms).toHaveLength(size);
    expect(Object.entries(stats).filter(([, x]) => !Number.isFinite(x))).toEqual([]);
    expect(snapshot(policy)).not.toEqual(start);
  });
});
