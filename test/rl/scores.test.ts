import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RlConfig } from '../../src/rl/config.ts';
import { moments } from '../../src/rl/masked.ts';
import {
  calibrationOf,
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

test('clipping comes after scaling', () => {
  const clipped = prepared([-3, 0.5, 3], config({ scoreClip: 1 }), startMoments());
  expect(clipped).toEqual([-1, 0.5, 1]);
  const options = config({ useScoreScaling: true, useScoreNorm: true, scoreClip: 0.5 });
  expect(prepared([0, 100], options, startMoments())).toEqual([-0.5, 0.5]);
});

test('equal scores scale to finite numbers', () => {
  const options = config({ useScoreScaling: true, useScoreNorm: true });
  expect(prepared([2, 2], options, startMoments())).toEqual([0, 0]);
});

test('a calibration is mean and deviation (n - 1) of the scores; 1 where they are all the same', () => {
  expect(calibrationOf([1, 2, 3, 6])).toEqual({ n: 4, mean: 3, std: Math.sqrt(14 / 3) });
  expect(calibrationOf([4, 4])).toEqual({ n: 2, mean: 4, std: 1 });
  expect(calibrationOf([4])).toEqual({ n: 1, mean: 4, std: 1 });
});

test('calibrated scores are measured from the mean, in deviations, and move no running moments', () => {
  const running = startMoments();
  const samples = [0, 1, 2].map(() => ({ truncated: false, tokens: 5 }));
  const memory = { moments: running, calibration: { mean: 2, std: 0.5 } };
  expect(prepareScores([2, 3, 1], samples, config({}), memory)).toEqual([0, 2, -2]);
  expect(running).toEqual(startMoments());
});

describe('a penalty is taken', () => {
  const whole = { truncated: false, tokens: 3 };
  const settings = {
    calibrate: 0,
    missingEosPenalty: 2,
    minResponseTokens: 3,
    shortResponsePenalty: 0.25,
  };
  const penalised = (samples: readonly (typeof whole)[], options: Partial<RlConfig> = settings) =>
    prepareScores(
      samples.map(() => 10),
      samples,
      config(options),
      { moments: startMoments() },
    );

  test('for no end, for fewer tokens than minResponseTokens, and for both together', () => {
    const samples = [
      whole,
      { ...whole, truncated: true },
      { ...whole, tokens: 2 },
      { truncated: true, tokens: 2 },
    ];
    expect(penalised(samples)).toEqual([10, 8, 9.75, 7.75]);
  });

  test('after clipping, which does not hide it', () => {
    const truncated = { ...whole, truncated: true };
    expect(penalised([whole, truncated], { ...settings, scoreClip: 5 })).toEqual([5, 3]);
  });

  test('by default for no end alone, in deviations of the scores', () => {
    const samples = [whole, { truncated: true, tokens: 1 }];
    expect(penalised(samples, {})).toEqual([10, 9]);
    expect(penalised(samples, { calibrate: 0 })).toEqual([10, 10]);
  });
});

test('scores are calibrated, then clipped, then penalised', () => {
  const samples = [{ truncated: true, tokens: 5 }];
  const memory = { moments: startMoments(), calibration: { mean: 1, std: 2 } };
  // (9 - 1) / 2 = 4, clipped to 3, less 1
  expect(prepareScores([9], samples, config({ scoreClip: 3 }), memory)).toEqual([2]);
});
