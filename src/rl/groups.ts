import type { Experience } from './algorithm.ts';
import { maskedSum } from './masked.ts';

/** What each response earned, all of its tokens together. */
export function totals({ rewards, masks }: Pick<Experience, 'rewards' | 'masks'>): number[] {
  return rewards.map((row, i) => maskedSum([row], [masks[i]]));
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

/** Every token that counts gets the advantage of its response. */
export function spread(
  advantages: readonly number[],
  { masks }: Pick<Experience, 'masks'>,
): Float32Array[] {
  return masks.map((mask, i) => mask.map((one) => one * advantages[i]));
}
