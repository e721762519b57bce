import { expect, test } from 'vitest';
import { tokenRewards } from '../../src/rl/rewards.ts';
import { row } from './experience.ts';

const kls = [row(1, -2, 4), row(0.5, 3, 0)];
const masks = [row(1, 1, 1), row(0, 1, 0)]; // the second ends a place before its row

test('each token pays the price of its KL, and the score comes with the last one that counts', () => {
  const start = kls.map((each) => each.slice());
  const { rewards, nonScoreRewards } = tokenRewards({ kls, masks, scores: [10, -3] }, 0.5);
  expect(nonScoreRewards).toEqual([row(-0.5, 1, -2), row(-0.25, -1.5, -0)]);
  expect(rewards).toEqual([row(-0.5, 1, 8), row(-0.25, -4.5, -0)]);
  expect(kls).toEqual(start);
});

test('where the KL is paid in the loss, the score is all', () => {
  const { rewards } = tokenRewards({ kls: [row(1, 2)], masks: [row(1, 1)], scores: [7] }, 0);
  expect(rewards).toEqual([row(-0, 7)]);
});
