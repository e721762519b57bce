import type { Algorithm } from './algorithm.ts';
import { grpo } from './grpo.ts';
import { ppo } from './ppo.ts';
import { rloo } from './rloo.ts';

/** Every algorithm, by the name that settings have for it. */
export const algorithms = { ppo, rloo, grpo } as const satisfies Readonly<
  Record<string, Algorithm>
>;
export type AlgorithmName = keyof typeof algorithms;
/** Their names. */
export const algorithmNames = Object.keys(algorithms) as [AlgorithmName, ...AlgorithmName[]];
