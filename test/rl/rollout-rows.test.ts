import { expect, test } from 'vitest';
import type { SeenStep } from '../../src/rl/collect.ts';
import type { RlStep } from '../../src/rl/learner.ts';
import { responseIds, rolloutRows } from '../../src/rl/rollout-rows.ts';
import { rlSample } from '../../src/rl/sample.ts';
import { row } from './experience.ts';

/** Three responses: one whole, one whose first token was forced, one cut short and valued behind its end. */
const samples = [
  rlSample([7], [0, 5, 1]),
  rlSample([8], [0, 6, 4, 1], { mask: (place) => (place === 0 ? 0 : 1) }),
  rlSample([7], [0, 9, 9], { truncated: true, bootstrap: true }),
];
const rollouts = ['five', 'six', 'nine'].map((text, i) => ({
  query: { id: `d${i}`, text: `query ${i}`, ids: [7] },
  response: [],
  truncated: i === 2,
  text,
}));
const learnt = {
  samples,
  masks: samples.map(({ mask }) => mask),
  scores: [1, -2, 0.5],
  klDist: [0.25, 0.5, 0],
  logprobs: [row(-1, -2), row(-9, -1, -0.1), row(-1, -1, 0)],
  refLogprobs: [row(-1.5, -2), row(-9, -1, -0.5), row(-1, -1, 0)],
  kls: [row(0.5, 0), row(0, 0, 0.4), row(0, 0, 0)],
  advantages: [row(1, 3), row(50, 1, 2), row(-1, -1, 77)],
  critic: {
    values: [row(0.5, 0.25), row(0, 0.5, 1.5), row(0, 0, 77)],
    returns: [row(2, 2), row(0, 1, 1), row(0, 0, 77)],
  },
  // an epoch over two rows, half of another: the last row is never met
  trained: [
    { rows: [1, 0], ratios: [row(1, 1, 1), row(1, 1)], entropies: [row(0, 2, 4), row(1, 3)] },
    { rows: [0], ratios: [row(2, Number.POSITIVE_INFINITY)], entropies: [row(7, 7)] },
  ],
} as unknown as RlStep;
const answer = { scores: [3, 4, 5], parts: { classifier: [3, 4, 5], 'length.ts': [1, 2, 3] } };
const seen: SeenStep = { step: 4, rollouts, answer, learnt };
const words = {
  queries: ['a', 'b', 'a'],
  texts: [
    ['five', '</s>'],
    ['', 'x', '</s>'],
    ['9', '9'],
  ],
};
const rows = rolloutRows(seen, words);

test('a response has its place, its texts and what was said of it', () => {
  expect(rows[2]).toMatchObject({
    ...{ step: 4, row: 2, id: 'd2', query: 'a', response: 'nine', length: 2, truncated: true },
    ...{ score: 0.5, parts: { classifier: 5, 'length.ts': 3 }, kl: 0 },
  });
});

test('sums and means are over the tokens that count', () => {
  const { logprob, refLogprob, advantage, value, return: back, entropy } = rows[1];
  expect([logprob, refLogprob, advantage, value, back, entropy]).toEqual([
    expect.closeTo(-1.1, 6),
    -1.5,
    1.5,
    1,
    1,
    3,
  ]);
});

test('a token has its numbers, the place behind a truncated response none', () => {
  expect(rows[0].tokens).toEqual({
    ...{ ids: [5, 1], texts: ['five', '</s>'], logprobs: [-1, -2], refLogprobs: [-1.5, -2] },
    ...{ kls: [0.5, 0], advantages: [1, 3], values: [0.5, 0.25], returns: [2, 2] },
    ...{ entropies: [1, 3], ratios: [2, 3.4028234663852886e38] },
  });
  expect(rows[1].tokens?.mask).toEqual([0, 1, 1]);
  expect(rows[2].tokens).toMatchObject({ ids: [9, 9], advantages: [-1, -1], values: [0, 0] });
});

test('what the update never came to has neither entropy nor ratio', () => {
  expect(Object.keys(rows[2])).not.toContain('entropy');
  expect(Object.keys(rows[2].tokens ?? {})).not.toContain('ratios');
});

test('without a critic there is neither value nor return, without parts none', () => {
  const { critic, ...without } = learnt;
  const [first] = rolloutRows(
    { ...seen, answer: { scores: [] }, learnt: without as RlStep },
    words,
  );
  for (const name of ['value', 'return', 'parts']) expect(first).not.toHaveProperty(name);
  for (const name of ['values', 'returns']) expect(first.tokens).not.toHaveProperty(name);
});

test('JSON keeps all of it', () => {
  expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
});

test('ids are those of the response, its end included', () => {
  expect(responseIds(learnt)).toEqual([
    [5, 1],
    [6, 4, 1],
    [9, 9],
  ]);
});
