import type { Numbers } from '../tensor.ts';

// Softmax outside of a graph, in float64.

/** log(sum(e^x)), shifted by the largest x so that nothing overflows. */
export function logSumExp(logits: Numbers): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i] - largest);
  return largest + Math.log(total);
}

/** The probability of what is true or false by itself. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Softmax: probabilities that sum to 1. */
export function probabilities(logits: Numbers): number[] {
  const largest = Math.max(...Array.from(logits));
  const weights = Array.from(logits, (x) => Math.exp(x - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
