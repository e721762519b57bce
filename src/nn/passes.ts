/** How the tokens of responses see each other: all of a response at once, or what stands behind a past. */
import type { Value } from '../graph/graph.ts';
import { add, less, mul, sub, where } from '../graph/ops/elementwise.ts';
import { matmul } from '../graph/ops/linear.ts';
import {
  concat,
  cut,
  expandLike,
  indicesAlong,
  reduceSum,
  reshape,
  shapeOf,
  transpose,
} from '../graph/ops/shape.ts';
import { softmax } from '../graph/ops/softmax.ts';
import { product } from '../graph/shapes.ts';
import { dropWeights } from './dropout.ts';
import { attend, type KeyValue } from './layers.ts';
import { type Packing, packedRows, paddedRows, placesIn, type Rows, singleRows } from './rows.ts';
import type { Scope } from './scope.ts';

/** One pass of a decoder over tokens of responses. */
export interface Pass {
  readonly rows: Rows;
  /** int64 [tokens] */
  ids(): Value;
  /** Key position - query position, int64 [queries, keys]. */
  readonly relative: Value;
  /** 0 where a query may see a key, else -1e9: broadcasts to [queries, keys]. */
  readonly unseen: Value;
  /** Keys and values of each block, as far as self-attention has come: what a cache keeps. */
  readonly present: KeyValue[];
  /** Places of the tokens in their responses, from 0: int64, broadcasts to [tokens]. */
  positions(): Value;
  /** Self-attention of a block -> [batch, heads, queries, size]. */
  attend(block: SelfAttention): Value;
}

/** A block's queries, and the keys and values of the same tokens: [batch, heads, time, size]. */
export interface SelfAttention {
  readonly module: Scope;
  readonly block: number;
  readonly query: Value;
  readonly own: KeyValue;
  /** [1, heads or 1, queries, keys] or what broadcasts to it */
  readonly bias: Value;
}

/** Whole responses, each position seeing those before it and itself: ids int64 [tokens]. */
export function wholePass(ids: Value, packing: Packing): Pass {
  const rows = packedRows(packing);
  const positions = indicesAlong(packing.slots, 1);
  const relative = distances(positions, positions);
  return {
    rows,
    ids: () => ids,
    relative,
    unseen: laterOnes(relative),
    present: [],
    positions: () => placesIn(packing),
    attend: ({ module, query, own, bias }) =>
      attend(query, own, bias, (weights) => dropWeights(module, weights, rows)),
  };
}

/**
 * One position of each response behind a past, without a copy of it.
 * @param ids int64 [batch]
 * @param past of each block: [1 + past, batch, heads, size], the first unused; `present` is [1, batch, heads, size]
 */
export function stepPass(ids: Value, past: readonly KeyValue[]): Pass {
  const [{ key }] = past;
  const { graph } = key;
  const rows = indicesAlong(key, 0);
  const now = shapeOf(key, { start: 0, end: 1 });
  // row j of the past holds position j - 1, and the step is at position past - 1
  const relative = distances(now, concat(rows, now, { axis: 0, dim: 'keys' }));
  const first = less(relative, sub(graph.integers(1), now));
  const present: KeyValue[] = [];
  return {
    rows: singleRows,
    ids: () => ids,
    relative,
    unseen: where(first, graph.scalar(-1e9), graph.scalar(0)),
    present,
    positions: () => sub(now, graph.integers(1)),
    attend({ module, block, query, own, bias }) {
      const asRow = (x: Value) => reshape(x, [1, x.shape[0], x.shape[1], x.shape[3]]);
      present[block] = { key: asRow(own.key), value: asRow(own.value) };
      return attendStep(query, past[block], own, bias, (weights) =>
        dropWeights(module, weights, singleRows, 1),
      );
    },
  };
}

/**
 * Some positions behind a past of any length, none included: the layout in which Hugging Face's
 * libraries keep a past.
 * @param ids int64 [batch, time], padding and all
 * @param past of each block: [batch, heads, past, size]; `present` is past and new positions together
 */
export function passBehind(ids: Value, past: readonly KeyValue[]): Pass {
  const before = past[0].key;
  const now = add(indicesAlong(ids, 1), shapeOf(before, { start: 2, end: 3 }));
  const keys = concat(indicesAlong(before, 2), now, { axis: 0, dim: 'keys' });
  const relative = distances(now, keys);
  const present: KeyValue[] = [];
  return {
    rows: paddedRows(ids),
    ids: () => reshape(ids, [product(ids.shape)]),
    relative,
    unseen: laterOnes(relative),
    present,
    positions: () =>
      reshape(expandLike(reshape(now, [1, now.shape[0]]), ids), [product(ids.shape)]),
    attend({ block, query, own, bias }) {
      const behind = (one: Value, other: Value) => concat(one, other, { axis: 2, dim: 'keys' });
      present[block] = {
        key: behind(past[block].key, own.key),
        value: behind(past[block].value, own.value),
      };
      return attend(query, present[block], bias);
    },
  };
}

/** Key position - query position, int64 [queries, keys]. */
export function distances(queries: Value, keys: Value): Value {
  return sub(keys, reshape(queries, [queries.shape[0], 1]));
}

/** -1e9 for keys behind the query. */
function laterOnes(relative: Value): Value {
  const { graph } = relative;
  return where(less(graph.integers(0), relative), graph.scalar(-1e9), graph.scalar(0));
}

/** Attention of one position to those before it and to itself: query, own [batch, heads, 1, size]. */
function attendStep(
  query: Value,
  past: KeyValue,
  own: KeyValue,
  bias: Value,
  dropped: (weights: Value) => Value,
): Value {
  const before = matmul(query, transpose(past.key, { perm: [1, 2, 3, 0] }));
  const self = reduceSum(mul(query, own.key), { axis: -1, keepDims: true });
  const scores = add(concat(before, self, { axis: 3, dim: 'keys' }), bias);
  const weights = dropped(softmax(scores, { axis: -1 }));
  const border = shapeOf(past.key, { start: 0, end: 1 });
  const [toPast, toSelf] = cut(weights, border, { axis: 3, dims: [past.key.shape[0], 1] });
  const seen = matmul(toPast, transpose(past.value, { perm: [1, 2, 0, 3] }));
  return add(seen, mul(toSelf, own.value));
}
