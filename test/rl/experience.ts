import { expect } from 'vitest';
import { RlConfig } from '../../src/rl/config.ts';
import { grpo } from '../../src/rl/grpo.ts';
import { rloo } from '../../src/rl/rloo.ts';
import { rlSample } from '../../src/rl/sample.ts';

export const row = (...numbers: number[]) => Float32Array.from(numbers);

/** Responses that earn so much: half of it with the first of two tokens, half with the second. */
export function earning(earned: readonly number[]) {
  const samples = earned.map((_, i) => rlSample([i + 2, 1], [0, 5, 1]));
  return {
    samples,
    masks: samples.map(({ mask }) => mask),
    rewards: earned.map((reward) => row(reward / 2, reward / 2)),
    values: earned.map(() => row(0, 0)),
  };
}

/** Settings for which a batch of responses, in groups of `numGenerations`, is one minibatch. */
export function groupConfig(
  algorithm: 'rloo' | 'grpo',
  batchSize: number,
  options: Partial<RlConfig> & Pick<RlConfig, 'numGenerations'>,
): RlConfig {
  return RlConfig.parse({ algorithm, batchSize, miniBatchSize: batchSize, ...options });
}

/** The advantage of each response, the same at all of its tokens. */
export function advantagesOf(
  algorithm: 'rloo' | 'grpo',
  earned: readonly number[],
  options: Partial<RlConfig> & Pick<RlConfig, 'numGenerations'>,
): number[] {
  const config = groupConfig(algorithm, earned.length, options);
  const { estimate } = { rloo, grpo }[algorithm];
  const { advantages, critic } = estimate(earning(earned), config);
  expect(critic).toBeUndefined();
  return advantages.map(([first, ...others]) => {
    expect(others).toEqual([first]);
    return first;
  });
}
