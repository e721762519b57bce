import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RlConfig } from '../../src/rl/config.ts';
import { moments } from '../../src/rl/masked.ts';
import {
  prepareScores,
  type RunningMoments,
  startMoments,
  updateMoments,
} from '../../src/rl/scores.ts';
import { goldenJson, goldenPath } from '../golden.ts';

/** Scores of responses that have no fault. */
const prepared = (scores: readonly number[], options: RlConfig, moments: RunningMoments) =>
  prepareScores(
    scores,
    scores.map(() => ({ truncated: false, tokens: 5 })),
    options,
    { moments },
  );

const config = (options: Partial<RlConfig>) => RlConfig.parse(options);
const score = fc.double({ min: -10, max: 10, noNaN: true });
const scores = fc.array(score, { minLength: 2, maxLength: 12 });

interface Step {
  running?: { mean: number; std: number; var: number; count: number };
}
const entries = await readdir(goldenPath('ppo'), { withFileTypes: true });
const variants = entries.filter((entry) => entry.isDirectory() && entry.name !== 'adapter');
const data = await goldenJson<{ steps: { scores: number[] }[] }>('ppo', 'data.json');

test("running moments are TRL's in every variant that keeps them", async () => {
  for (const { name } of variants) {
    const { steps } = await goldenJson<{ steps: Step[] }>('ppo', name, 'run.json');
    const running = startMoments();
    for (const [i, { running: expected }] of steps.entries()) {
      if (!expected) continue;
      updateMoments(running, data.steps[i].scores);
      const actual = [running.mean, running.std, running.variance, running.count];
      const { mean, std, var: variance, count } = expected;
      expect(actual, name).toBeAllClose([mean, std, variance, count], { rtol: 1e-5 }); // float32 there
    }
  }
});

test('batches in any split give the moments of all scores together', () => {
  const property = fc.property(fc.array(scores, { minLength: 1, maxLength: 5 }), (batches) => {
    const running = startMoments();
    for (const batch of batches) updateMoments(running, batch);
    const { mean, std } = moments(batches.flat());
    expect(running.mean).toBeCloseTo(mean, 8); // float64, another order of sums
    expect(running.std).toBeCloseTo(std, 8);
    expect(running.count).toBe(batches.flat().length);
  });
  fc.assert(property);
});

test('a batch answers with its own mean and deviation', () => {
  const running = startMoments();
  updateMoments(running, [100, 200]);
  expect(updateMoments(running, [1, 2, 3])).toEqual({ mean: 2, std: 1 });
});

test('scores pass unchanged by default', () => {
  const property = fc.property(scores, (batch) => {
    const running = startMoments();
    expect(prepared(batch, config({}), running)).toEqual(batch);
    expect(running).toEqual(startMoments());
  });
  fc.assert(property);
});

test('scaled and normalised, a first batch has mean 0 and deviation 1', () => {
  const spread = scores.filter((batch) => moments(batch).std > 0.1);
  const property = fc.property(spread, (batch) => {
    const options = config({ useScoreScaling: true, useScoreNorm: true });
    const { mean, std } = moments(prepared(batch, options, startMoments()));
    expect(mean).toBeCloseTo(0, 8);
    expect(std).toBeCloseTo(1, 4); // TRL adds float32's epsilon to the deviation
  });
  fc.assert(property);
});

test('scaling alone keeps the mean of a first batch, in units of its deviation', () => {
  const batch = [1, 2, 3];
  const scaled = prepared(batch, config({ useScoreScaling: true }), startMoments());
  expect(scaled).toBeAllClose(batch, { rtol: 1e-6 }); // deviation 1, and the epsilon
});

test('clipping comes last', () => {
  const clipped = prepared([-3, 0.5, 3], config({ scoreClip: 1 }), startMoments());
  expect(clipped).toEqual([-1, 0.5, 1]);
  const options = config({ useScoreScaling: true, useScoreNorm: true, scoreClip: 0.5 });
  expect(prepared([0, 100], options, startMoments())).toEqual([-0.5, 0.5]);
});

test('equal scores scale to finite numbers', () => {
  const options = config({ useScoreScaling: true, useScoreNorm: true });
  expect(prepared([2, 2], options, startMoments())).toEqual([0, 0]);
});
