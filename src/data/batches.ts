import { ConfigError, InputError } from '../errors.ts';
import { randomStream } from '../random.ts';

/** How to walk over the training items. */
export interface BatchOptions {
  /** Items a batch. */
  readonly batchSize: number;
  readonly seed: number;
  /** Batches of the whole run. */
  readonly steps: number;
  /** First batch to give, counted from 0: that of a resumed run is the number of steps done. @default 0 */
  readonly start?: number;
}

/**
 * Batches `start` to `steps - 1` of a run, as indices below `count`. Each epoch is a shuffle of its
 * own, key `['shuffle', epoch]`, whose last incomplete batch is dropped; a batch depends on
 * (count, batchSize, seed, step) alone.
 * @throws {InputError} when the items do not fill one batch
 */
export function trainingBatches(count: number, options: BatchOptions): Generator<number[]> {
  const { batchSize, steps, start = 0 } = options;
  for (const [name, value, least] of [
    ['batchSize', batchSize, 1],
    ['steps', steps, 0],
    ['start', start, 0],
  ] as const) {
    if (!Number.isInteger(value) || value < least) {
      throw new ConfigError(name, `an integer of at least ${least}`, `${value}`);
    }
  }
  if (count < batchSize) {
    const remedy = `Use more data, or a \`batchSize\` of ${Math.max(count, 1)} or less.`;
    const expected = `at least ${batchSize} items, one batch`;
    throw new InputError('trainingBatches', expected, `${count}`, remedy);
  }
  return batches(count, { ...options, start });
}

function* batches(
  count: number,
  { batchSize, seed, steps, start }: Required<BatchOptions>,
): Generator<number[]> {
  const items = Array.from({ length: count }, (_, index) => index);
  const perEpoch = Math.floor(count / batchSize);
  let order: number[] = [];
  for (let step = start; step < steps; step++) {
    const place = step % perEpoch;
    if (place === 0 || step === start) {
      order = randomStream(seed, ['shuffle', Math.floor(step / perEpoch)]).shuffle(items);
    }
    yield order.slice(place * batchSize, (place + 1) * batchSize);
  }
}
