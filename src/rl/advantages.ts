import type { RlConfig, Semantics } from './config.ts';
import { gae } from './gae.ts';
import { type Rows, whiten, zipRows } from './masked.ts';

/** Rows [labels] each. */
export interface Advantages {
  /** Token rewards as they came in. */
  readonly rewards: Rows;
  /** Values where the mask is 1, else 0. */
  readonly values: Rows;
  /** Advantages, whitened over the batch. */
  readonly whitened: Rows;
  /** Advantages before whitening, plus values. */
  readonly returns: Rows;
}

/**
 * From token rewards and values to whitened advantages and returns. Returns are made before the
 * advantages are whitened.
 */
export function advantagesOf(
  rewards: Rows,
  rawValues: Rows,
  rawMasks: Rows,
  { gamma, lam, whitenRewards }: RlConfig,
  { ragged }: Pick<Semantics, 'ragged'>,
): Advantages {
  const lengths = rewards.map((row) => row.length);
  const width = Math.max(...lengths);
  // TRL works on padded rows, and its whitened rewards are not zero in the padding
  const shaped = (rows: Rows) => (ragged ? rows : rows.map((row) => padded(row, width)));
  const own = (rows: Rows) => rows.map((row, i) => row.slice(0, lengths[i]));
  const masks = shaped(rawMasks);
  const product = (a: number, b: number) => a * b;
  const values = zipRows(shaped(rawValues), masks, product);
  const masked = zipRows(shaped(rewards), masks, product);
  const used = whitenRewards ? whiten(masked, masks, { keepMean: true }) : masked;
  const estimates = used.map((row, i) => gae(row, values[i], { gamma, lambda: lam }));
  const whitened = whiten(
    estimates.map(({ advantages }) => advantages),
    masks,
  );
  const returns = estimates.map((estimate) => estimate.returns);
  return { rewards, values: own(values), whitened: own(whitened), returns: own(returns) };
}

function padded(row: Float32Array, width: number): Float32Array {
  const wide = new Float32Array(width);
  wide.set(row);
  return wide;
}
