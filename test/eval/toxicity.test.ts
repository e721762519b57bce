import { expect, test } from 'vitest';
import { toxicityScores } from '../../src/eval/toxicity.ts';
import { isToxic } from '../../src/model/toxic.ts';
import { goldenJson } from '../golden.ts';

/** Written by evaluate 0.4.3's toxicity measurement; see the golden folder's README. */
const golden = await goldenJson<{
  all: { toxicity: number[] };
  maximum: { max_toxicity: number };
  ratio_05: { toxicity_ratio: number };
  ratio_03: { toxicity_ratio: number };
  np_mean: number;
  np_std_population: number;
}>('metrics', 'toxicity.json');

test('mean, maximum, ratio and spread are those of evaluate and numpy', () => {
  const scores = toxicityScores(golden.all.toxicity);
  const wide = toxicityScores(golden.all.toxicity, { threshold: 0.3 });
  expect([
    scores.mean,
    scores.populationStd,
    scores.maximum,
    scores.ratio,
    wide.ratio,
  ]).toBeAllClose(
    [
      golden.np_mean,
      golden.np_std_population,
      golden.maximum.max_toxicity,
      golden.ratio_05.toxicity_ratio,
      golden.ratio_03.toxicity_ratio,
    ],
    { atol: 1e-9 }, // float64 on both sides, another order of summation
  );
});

test('a probability at the threshold counts as toxic', () => {
  expect(isToxic(0.5)).toBe(true);
  expect(toxicityScores([0.5, 0.499]).ratio).toBe(0.5);
});

test('no text is an error', () => {
  expect(() => toxicityScores([])).toThrow('toxicity: expected one text or more, got none.');
});
