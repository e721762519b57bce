import { z } from 'zod';
import { NumericError } from '../errors.ts';
import type { Numbers } from '../tensor.ts';

/** How responses are made. Names and defaults follow transformers' GenerationConfig. */
export const GenerationConfig = z.strictObject({
  sample: z.boolean().default(true).describe('Draw tokens at random; otherwise take the likeliest'),
  temperature: z.number().positive().default(1).describe('Logits are divided by this'),
  topK: z.int().nonnegative().default(0).describe('Keep the k likeliest tokens; 0 keeps all'),
  topP: z
    .number()
    .gt(0)
    .lte(1)
    .default(1)
    .describe('Keep the likeliest tokens up to this probability'),
  minLength: z
    .int()
    .nonnegative()
    .default(0)
    .describe('No end before this many ids, decoder start included'),
  minNewTokens: z.int().nonnegative().default(0).describe('No end before this many new tokens'),
  maxNewTokens: z.int().positive().default(64).describe('Longest response in tokens'),
});
export type GenerationConfig = z.infer<typeof GenerationConfig>;

/**
 * Logits as the sampler sees them, in transformers' order: minimum lengths, temperature, top k,
 * top p; what is removed becomes -Infinity. Greedy decoding knows only the minimum lengths.
 * @param logits [vocabulary]
 * @param newTokens tokens made so far, without the decoder start
 */
export function warpLogits(
  logits: Numbers,
  config: GenerationConfig,
  { newTokens, eosIds }: { newTokens: number; eosIds: readonly number[] },
): Float32Array {
  const warped = new Float32Array(logits); // `from` would walk an iterator: ten times slower
  if (refusesEnd(newTokens, config)) for (const id of eosIds) warped[id] = -Infinity;
  if (!config.sample) return warped;
  if (config.temperature !== 1) {
    for (let i = 0; i < warped.length; i++) warped[i] /= config.temperature;
  }
  if (config.topK > 0 && config.topK < warped.length) keepTopK(warped, config.topK);
  if (config.topP < 1) keepTopP(warped, config.topP);
  return warped;
}

/** Whether a response of so many tokens is still too short to end. */
export function refusesEnd(
  newTokens: number,
  { minLength, minNewTokens }: Pick<GenerationConfig, 'minLength' | 'minNewTokens'>,
): boolean {
  return newTokens + 1 < minLength || newTokens < minNewTokens;
}

/** The temperature that tokens are drawn at; greedy decoding knows none. */
export function drawnAt({ sample, temperature }: GenerationConfig): number {
  return sample ? temperature : 1;
}

/** The logprob of a token in the whole distribution of logits [vocabulary] at a temperature. */
export function logprobOf(logits: Numbers, token: number, temperature: number): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i] > largest) largest = logits[i];
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp((logits[i] - largest) / temperature);
  return (logits[token] - largest) / temperature - Math.log(total);
}

/** Removes all that is smaller than the k-th largest; ties with it stay. */
function keepTopK(logits: Float32Array, k: number): void {
  const border = logits.slice().sort()[logits.length - k];
  for (let i = 0; i < logits.length; i++) if (logits[i] < border) logits[i] = -Infinity;
}

/** Removes the unlikeliest tokens as long as their joint probability is at most 1 - p. */
function keepTopP(logits: Float32Array, p: number): void {
  const ascending = Array.from(logits, (_, i) => i).sort((a, b) => logits[a] - logits[b]);
  const { weights, total } = exponentials(logits);
  let mass = 0;
  for (const i of ascending.slice(0, -1)) {
    mass += weights[i] / total;
    if (mass > 1 - p) break;
    logits[i] = -Infinity;
  }
}

/**
 * The token at which the cumulative probability passes `u` in [0, 1).
 * @throws {NumericError} when a logit is NaN or +Infinity, or none is above -Infinity
 */
export function sampleToken(logits: Float32Array, u: number): number {
  const { weights, total } = exponentials(logits);
  let rest = u * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    rest -= weights[i];
    if (rest < 0) break;
  }
  return last;
}

/**
 * The first of the largest.
 * @throws {NumericError} when a logit is NaN, or none is above -Infinity
 */
export function argmax(logits: Numbers): number {
  let best = -1;
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i])) throw notFinite();
    if (logits[i] > (logits[best] ?? -Infinity)) best = i;
  }
  if (best < 0) throw notFinite();
  return best;
}

/** e^(x - max), not normalised, in float64. */
function exponentials(logits: Float32Array): { weights: Float64Array; total: number } {
  let largest = -Infinity;
  for (const x of logits) if (x > largest) largest = x;
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += weights[i] = Math.exp(logits[i] - largest);
  if (!Number.isFinite(total)) throw notFinite();
  return { weights, total };
}

/** What to do about logits that are not finite. */
export const badWeights =
  'The weights are not finite or far too large: go back to an earlier adapter.';

function notFinite(): NumericError {
  return new NumericError('logits', 'finite numbers', 'NaN or infinity', badWeights);
}
