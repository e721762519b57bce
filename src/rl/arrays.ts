import type { TrlArray } from '../metrics.ts';
import { float32, type Tensor } from '../tensor.ts';
import type { Advantages, Experience } from './algorithm.ts';
import type { Rows } from './masked.ts';
import type { TrainedRows } from './update.ts';

/**
 * The arrays of a step under the names of metrics.ts; docs/ppo.md has the content and shape of each.
 * Rows are as wide as the longest response has labels, and a place that a response's mask leaves out
 * has its number like any other. Behind the end of a response stands NaN.
 */
export type StepArrays = Readonly<Record<TrlArray, Tensor<'float32'>>>;

/** What of a step the arrays are made of. */
type Source = Pick<Experience, 'samples' | 'logprobs' | 'refLogprobs'> &
  Pick<Advantages, 'advantages'> & {
    readonly trained: readonly Pick<TrainedRows, 'rows' | 'ratios'>[];
    readonly klDist: readonly number[];
  };

/** Lays out what a step already holds; costs a copy. */
export function stepArrays(step: Source): StepArrays {
  const { samples, klDist, logprobs, refLogprobs, advantages, trained } = step;
  const lengths = samples.map(({ tokens }) => tokens);
  const width = Math.max(...lengths);
  const table = (rows: Rows) => float32(padded(rows, lengths, width), [rows.length, width]);
  const order = trained.flatMap(({ rows }) => rows);
  const trainedLengths = order.map((row) => lengths[row]);
  const flat = (rows: Rows) => float32(padded(rows, trainedLengths, width));
  return {
    'objective/kl_dist': float32(klDist),
    'objective/logprobs': table(logprobs),
    'objective/ref_logprobs': table(refLogprobs),
    'ppo/policy/advantages': flat(order.map((row) => advantages[row])),
    'ppo/policy/ratio': flat(trained.flatMap(({ ratios }) => ratios)),
    'tokens/queries_dist': float32(samples.map(({ sequence }) => sequence.query.length)),
    'tokens/responses_dist': float32(lengths.map((length) => length + 1)),
  };
}

/** The first `lengths[i]` of each row, then NaN up to the width; all rows in one. */
function padded(rows: Rows, lengths: readonly number[], width: number): Float32Array {
  const data = new Float32Array(rows.length * width).fill(Number.NaN);
  // a row may have one place more, whose value is the critic's guess behind a cut-off response
  for (const [i, row] of rows.entries()) data.set(row.subarray(0, lengths[i]), i * width);
  return data;
}
