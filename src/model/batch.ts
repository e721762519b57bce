import { ShapeError } from '../errors.ts';
import type { Feeds } from '../runtime/engine.ts';
import { float32, int64 } from '../tensor.ts';

/** A query and a response to be scored. */
export interface Sequence {
  /** Encoder ids. */
  readonly query: readonly number[];
  /** Decoder ids: position t sees those up to t. */
  readonly inputs: readonly number[];
  /** The id that is scored at each position: as many as inputs. */
  readonly labels: readonly number[];
}

/** A response as a decoder learns it: shifted right by the decoder start, each of its ids scored. */
export function sequenceOf(
  query: readonly number[],
  response: readonly number[],
  decoderStartId: number,
): Sequence {
  return { query, inputs: [decoderStartId, ...response.slice(0, -1)], labels: response };
}

/** Rows padded to one length on the right, and which of them is real. */
export function padRows(rows: readonly (readonly number[])[], padId: number) {
  const width = Math.max(1, ...rows.map((row) => row.length));
  const ids = new BigInt64Array(rows.length * width).fill(BigInt(padId));
  const mask = new Float32Array(rows.length * width);
  rows.forEach((row, b) => {
    row.forEach((id, t) => {
      ids[b * width + t] = BigInt(id);
      mask[b * width + t] = 1;
    });
  });
  const shape = [rows.length, width];
  return { ids: { dtype: 'int64' as const, shape, data: ids }, mask: float32(mask, shape), width };
}

/**
 * Inputs of a graph that scores responses, every position of every sequence.
 * @throws {ShapeError} when a sequence has not one label for each input
 */
export function scoringFeeds(
  sequences: readonly Sequence[],
  padId: number,
  temperature: number,
): Feeds {
  for (const { inputs, labels } of sequences) {
    if (inputs.length === labels.length) continue;
    throw new ShapeError('sequence', `labels [${inputs.length}]`, `[${labels.length}]`);
  }
  const source = padRows(
    sequences.map(({ query }) => query),
    padId,
  );
  const target = padRows(
    sequences.map(({ inputs }) => inputs),
    padId,
  );
  const tokens = sequences.flatMap(({ labels }, b) =>
    labels.map((label, t) => ({ label, position: b * target.width + t })),
  );
  return {
    sourceIds: source.ids,
    sourceMask: source.mask,
    decoderIds: target.ids,
    positions: int64(tokens.map(({ position }) => position)),
    labels: int64(tokens.map(({ label }) => label)),
    inverseTemperature: float32([1 / temperature], []),
  };
}

/** Cuts a flat list into rows of the given lengths. */
export function splitRows(flat: Float32Array, lengths: readonly number[]): Float32Array[] {
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return flat.slice(start - length, start);
  });
}

/** One after another. */
export function joinRows(rows: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let start = 0;
  for (const row of rows) {
    joined.set(row, start);
    start += row.length;
  }
  return joined;
}

/**
 * Groups items of similar size so that padding wastes little and a group fits the budget: its
 * largest size times its number of items is at most that, unless one item alone is more.
 * @returns indices of the items, group by group
 */
export function groupBySize(sizes: readonly number[], budget: number): number[][] {
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[a] - sizes[b] || a - b);
  const groups: number[][] = [];
  let group: number[] = [];
  for (const index of order) {
    if (group.length > 0 && (group.length + 1) * sizes[index] > budget) {
      groups.push(group);
      group = [];
    }
    group.push(index);
  }
  return group.length > 0 ? [...groups, group] : groups;
}
