import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trlArrays, trlScalars } from '../../src/metrics.ts';
import type { Parameters } from '../../src/model/parameters.ts';
import type { Policy } from '../../src/model/policy.ts';
import { stepArrays } from '../../src/rl/arrays.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import { rlSample } from '../../src/rl/sample.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenBatch, goldenPolicy, restorer, small } from './golden-policy.ts';
import { report } from './step-report.ts';

let engine: Engine;
let policy: Policy;
let reference: Parameters;
let restore: () => Promise<void>;
beforeAll(async () => {
  engine = await testEngine();
  policy = await goldenPolicy(engine);
  reference = await policy.parameters.copy();
  restore = restorer(policy);
});
afterAll(async () => {
  for (const part of [policy, reference]) await part.close();
  await engine.close();
});

/** A learner on the start of all golden runs, with a batch to learn from. */
async function setUp(options: Partial<RlConfig> = {}) {
  await restore();
  const { queries, responses, scores } = await goldenBatch();
  const samples = responses.map((response, i) => rlSample(queries[i], response));
  const settings = { ...small, batchSize: samples.length, ...options };
  const learner = new RlLearner({ policy, reference, config: RlConfig.parse(settings) });
  return { learner, samples, scores };
}

const [nan, row] = [Number.NaN, (...numbers: number[]) => Float32Array.from(numbers)];

test('rows are as wide as the longest response, with NaN behind the end of the others', () => {
  const samples = [rlSample([5], [0, 6]), rlSample([5, 6], [0, 6, 7, 1])];
  const arrays = stepArrays({
    samples,
    klDist: [1, 2],
    logprobs: [row(-1), row(-2, -3, -4)],
    refLogprobs: [row(-5), row(-6, -7, -8)],
    advantages: [row(1), row(2, 3, 4)],
    trained: [
      { rows: [1], ratios: [row(1.2, 1.3, 1.4)] },
      { rows: [0], ratios: [row(1.1)] },
    ],
  });
  const found = Object.entries(arrays).map(([name, { shape, data }]) => [name, shape, [...data]]);
  expect(found).toEqual([
    ['objective/kl_dist', [2], [1, 2]],
    ['objective/logprobs', [2, 3], [-1, nan, nan, -2, -3, -4]],
    ['objective/ref_logprobs', [2, 3], [-5, nan, nan, -6, -7, -8]],
    ['ppo/policy/advantages', [6], [2, 3, 4, 1, nan, nan]],
    ['ppo/policy/ratio', [6], [1.2, 1.3, 1.4, 1.1, nan, nan].map(Math.fround)],
    ['tokens/queries_dist', [2], [1, 2]],
    ['tokens/responses_dist', [2], [2, 4]],
  ]);
});

test('the place behind a cut-off response, where the critic guesses, is no place of the response', () => {
  const options = { truncated: true, bootstrap: true };
  const rows = [row(1, 2, 99)];
  const { 'objective/logprobs': logprobs, 'ppo/policy/ratio': ratio } = stepArrays({
    samples: [rlSample([5], [0, 6, 7], options)],
    klDist: [0],
    logprobs: rows,
    refLogprobs: rows,
    advantages: rows,
    trained: [{ rows: [0], ratios: rows }],
  });
  expect([logprobs.shape, ratio.shape]).toEqual([[1, 2], [2]]);
  expect([logprobs.data, ratio.data]).toEqual([row(1, 2), row(1, 2)]);
});

test('a step makes its arrays when asked, and not before', async () => {
  const { learner, samples, scores } = await setUp();
  const step = await learner.step(samples, scores);
  expect(Object.getOwnPropertyDescriptor(step, 'arrays')?.get).toBeTypeOf('function');
  expect(Object.keys(step.arrays).sort()).toEqual([...trlArrays].sort());
  expect(step.arrays).toEqual(stepArrays(step));
});

test.each(['rloo', 'grpo'] as const)(
  "%s has TRL's names but those of a critic",
  async (algorithm) => {
    const { learner, samples, scores } = await setUp({ algorithm });
    const { stats, arrays } = await learner.step(samples, scores);
    const missing = trlScalars.filter((name) => !(name in stats));
    expect(missing).toEqual(trlScalars.filter((name) => /^ppo\/(returns|val)\//.test(name)));
    expect(stats['ppo/loss/value']).toBe(0);
    expect(Object.keys(arrays).sort()).toEqual([...trlArrays].sort());
  },
);

test('the guide shows an example of a step, which works', async () => {
  const [example, guide] = await Promise.all(
    ['test/rl/step-report.ts', 'docs/guide.md'].map((path) => readFile(path, 'utf8')),
  );
  expect(guide).toContain(example.replace("'../../src/index.ts'", "'tactful'"));
  const { learner, samples, scores } = await setUp();
  const { kl, clipped, explained, largestRatio, seconds } = await report(learner, samples, scores);
  expect(Math.abs(kl)).toBeLessThan(1e-3); // the policy is its own reference still
  expect(clipped).toBeGreaterThanOrEqual(0);
  expect(explained).toBeTypeOf('number');
  expect(largestRatio).toBeGreaterThan(1);
  expect(seconds).toBeGreaterThan(0);
});
