import { describe, expect, test } from 'vitest';
import { samplingGap } from '../../src/rl/sampling-gap.ts';
import { row } from './experience.ts';

const named = {
  'sampling/sampling_logp_difference/mean': 'mean',
  'sampling/sampling_logp_difference/max': 'max',
  'sampling/importance_sampling_ratio/min': 'least weight',
  'sampling/importance_sampling_ratio/mean': 'mean weight',
  'sampling/importance_sampling_ratio/max': 'most weight',
};

/** Two responses, the second one with a first token that does not count; ratios of the tokens. */
function gapOf(
  ratios: readonly (readonly number[])[],
  options: Parameters<typeof samplingGap>[2],
  masks = ratios.map((tokens) => tokens.map(() => 1)),
) {
  const drawn = ratios.map((tokens) => row(...tokens.map((_, t) => -1 - t)));
  const logprobs = ratios.map((tokens, i) =>
    row(...tokens.map((ratio, t) => drawn[i][t] + Math.log(ratio))),
  );
  const samples = masks.map((mask, i) => ({ mask: row(...mask), drawn: drawn[i] }));
  const { stats, weights } = samplingGap(samples, logprobs, options);
  const told = Object.entries(stats).map(([name, value]) => [
    named[name as keyof typeof named],
    value,
  ]);
  return { told: Object.fromEntries(told) as Record<string, number>, weights };
}

const close = (rows: readonly (readonly number[])[]) =>
  rows.map((numbers) => numbers.map((number) => expect.closeTo(number, 5)));

describe('a token', () => {
  test('is worth how much likelier it is than it was drawn, up to the cap', () => {
    const { told, weights } = gapOf([[1, 4, 0.5], [1.5]], { correction: 'token', cap: 2 });
    expect(weights?.map((one) => [...one])).toEqual(close([[1, 2, 0.5], [1.5]]));
    const distance = (Math.log(4) + Math.log(2) + Math.log(1.5)) / 4;
    expect(told.mean).toBeCloseTo(distance, 5);
    expect(told.max).toBeCloseTo(Math.log(4), 5);
    expect(told['least weight']).toBeCloseTo(0.5, 5);
    expect(told['mean weight']).toBeCloseTo(5 / 4, 5);
    expect(told['most weight']).toBeCloseTo(2, 5);
  });

  test('that does not count says nothing, however far off it is', () => {
    const masks = [
      [0, 1],
      [1, 1],
    ];
    const { told } = gapOf(
      [
        [1e6, 1],
        [1, 1],
      ],
      { correction: 'token', cap: 2 },
      masks,
    );
    expect(told).toEqual({
      mean: 0,
      max: 0,
      'least weight': 1,
      'mean weight': 1,
      'most weight': 1,
    });
  });
});

test('a response is worth the product over its tokens, up to the cap', () => {
  const { told, weights } = gapOf(
    [
      [1.2, 1.5],
      [4, 0.25, 3],
    ],
    { correction: 'sequence', cap: 2 },
  );
  expect(weights?.map((one) => [...one])).toEqual(
    close([
      [1.8, 1.8],
      [2, 2, 2],
    ]),
  );
  expect(told['least weight']).toBeCloseTo(1.8, 5);
  expect(told['mean weight']).toBeCloseTo((2 * 1.8 + 3 * 2) / 5, 5);
});

test('the gap is told, and weighs nothing, where it is not to be made up for', () => {
  const { told, weights } = gapOf([[4]], { correction: 'none', cap: 2 });
  expect(told.max).toBeCloseTo(Math.log(4), 5);
  expect(told['most weight']).toBeCloseTo(2, 5);
  expect(weights).toBeUndefined();
});

test('nothing is told where nobody knows how a response was drawn', () => {
  const samples = [{ mask: row(1), drawn: row(-1) }, { mask: row(1) }];
  const options = { correction: 'token', cap: 2 } as const;
  expect(samplingGap(samples, [row(-1), row(-1)], options)).toEqual({ stats: {} });
});
