import type { EstimateSettings, Experience } from './algorithm.ts';
import { maskedSum, moments } from './masked.ts';

/** Keeps responses that all earned the same at zero. */
const epsilon = 1e-4;

/** What each response earned, all of its tokens together. */
export function totals({ rewards, masks }: Pick<Experience, 'rewards' | 'masks'>): number[] {
  return rewards.map((row, i) => maskedSum([row], [masks[i]]));
}

/** Whether numbers are all the same but for rounding: none of them is better than another. */
export function isFlat(numbers: readonly number[]): boolean {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return high - low <= 1e-6 * Math.max(1, Math.abs(low), Math.abs(high));
}

/** Share of the groups of `size` neighbours whose numbers are all the same. */
export function flatShare(numbers: readonly number[], size: number): number {
  const flat = byGroup(numbers, size, (group) => [Number(isFlat(group))]);
  return moments(flat).mean;
}

/** Applies `judge` to each group of `size` neighbours, the responses to one prompt. */
export function byGroup(
  numbers: readonly number[],
  size: number,
  judge: (group: readonly number[]) => readonly number[],
): number[] {
  const starts = Array.from({ length: numbers.length / size }, (_, i) => i * size);
  return starts.flatMap((start) => judge(numbers.slice(start, start + size)));
}

/**
 * Advantages over the standard deviation (n - 1) of what was earned: by the responses to the same
 * prompt, or by the whole batch.
 */
export function scaled(
  advantages: readonly number[],
  earned: readonly number[],
  { advantageScale, numGenerations }: Pick<EstimateSettings, 'advantageScale' | 'numGenerations'>,
): readonly number[] {
  if (advantageScale === 'none') return advantages;
  const size = advantageScale === 'batch' ? earned.length : numGenerations;
  const deviations = byGroup(earned, size, (group) => group.map(() => moments(group).std));
  return advantages.map((advantage, i) => advantage / (deviations[i] + epsilon));
}

/** Every token that counts gets the advantage of its response. */
export function spread(
  advantages: readonly number[],
  { masks }: Pick<Experience, 'masks'>,
): Float32Array[] {
  return masks.map((mask, i) => mask.map((one) => one * advantages[i]));
}
