/**
 * The gap between the policy that sampled and the policy that learns: in a lower precision two
 * roundings of one policy. Pure.
 */
import { maskedMean, type Rows, zipRows } from './masked.ts';
import type { RlSample } from './sample.ts';

/** What the gap comes to; rows [labels] each. */
export interface SamplingGap {
  /** Under the names of metrics.ts; nothing where nobody knows how responses were drawn. */
  readonly stats: Readonly<Record<string, number>>;
  /** What the policy loss of each token is worth; missing where all count the same. */
  readonly weights?: Rows;
}

interface GapSettings {
  readonly correction: 'token' | 'sequence' | 'none';
  /** Largest weight. */
  readonly cap: number;
}

/**
 * How far log-probabilities lie from those of the draw, and the truncated importance weights that
 * make up for it: `min(p / p_drawn, cap)`, of a token or of its whole response.
 * @see Ionides 2008, Truncated Importance Sampling, https://doi.org/10.1198/106186008X320456
 */
export function samplingGap(
  samples: readonly Pick<RlSample, 'drawn' | 'mask'>[],
  logprobs: Rows,
  { correction, cap }: GapSettings,
): SamplingGap {
  const masks = samples.map(({ mask }) => mask);
  if (!samples.every(({ drawn }) => drawn)) return { stats: {} };
  const drawn = samples.map((sample) => sample.drawn!);
  // what does not count may be anything
  const gaps = zipRows(logprobs, drawn, (lp, at) => lp - at).map((row, i) =>
    row.map((gap, t) => (masks[i][t] ? gap : 0)),
  );
  const distances = gaps.map((row) => row.map(Math.abs));
  const ofToken = (gap: number) => Math.min(Math.exp(gap), cap);
  const weights = gaps.map((row) => {
    if (correction !== 'sequence') return row.map(ofToken);
    const weight = ofToken(row.reduce((sum, gap) => sum + gap, 0));
    return row.map(() => weight);
  });
  const counting = weights.flatMap((row, i) => [...row.filter((_, t) => masks[i][t])]);
  const stats = {
    'sampling/sampling_logp_difference/mean': maskedMean(distances, masks),
    'sampling/sampling_logp_difference/max': largest(distances.flatMap((row) => [...row])),
    'sampling/importance_sampling_ratio/min': -largest(counting.map((weight) => -weight)),
    'sampling/importance_sampling_ratio/mean': maskedMean(weights, masks),
    'sampling/importance_sampling_ratio/max': largest(counting),
  };
  return { stats, ...(correction !== 'none' && { weights }) };
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), Number.NEGATIVE_INFINITY);
}
