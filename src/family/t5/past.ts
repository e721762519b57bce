import type { Value } from '../../graph/graph.ts';
import { add, less, where } from '../../graph/ops/elementwise.ts';
import { concat, indicesAlong, reshape, shapeOf } from '../../graph/ops/shape.ts';
import { product } from '../../graph/shapes.ts';
import { attend, type KeyValue } from '../../nn/layers.ts';
import { paddedRows } from '../../nn/rows.ts';
import type { Scope } from '../../nn/scope.ts';
import type { T5Config } from '../config.ts';
import { type Cross, decoderStack, distances, keyValue, positionBias } from './layers.ts';

/** Tokens behind a past of any length, none included. */
export interface Continuation {
  /** int64 [batch, time] */
  readonly ids: Value;
  /** Keys and values of all positions before, of each block: [batch, heads, past, dKv]. */
  readonly past: readonly KeyValue[];
  readonly cross: Cross;
}

/**
 * T5's decoder over positions behind a past, each seeing the past and those before it: the layout
 * in which Hugging Face's libraries keep a past.
 * @returns hidden [batch * time, dModel], and keys and values of past and new positions together
 */
export function decoderAfter(
  p: Scope,
  config: T5Config,
  { ids, past, cross }: Continuation,
): { hidden: Value; present: KeyValue[] } {
  const { graph } = ids;
  const rows = paddedRows(ids);
  const before = past[0].key;
  const now = add(indicesAlong(ids, 1), shapeOf(before, { start: 2, end: 3 }));
  const keys = concat(indicesAlong(before, 2), now, { axis: 0, dim: 'keys' });
  const relative = distances(now, keys);
  const later = where(less(graph.integers(0), relative), graph.scalar(-1e9), graph.scalar(0));
  const bias = add(positionBias(p.child('decoder'), config, relative, false), later);
  const present: KeyValue[] = [];
  const tokens = reshape(ids, [product(ids.shape)]);
  const hidden = decoderStack(p, config, tokens, { rows, cross }, (module, i, h, query) => {
    const own = keyValue(module, config, h, rows.split);
    const behind = (one: Value, other: Value) => concat(one, other, { axis: 2, dim: 'keys' });
    present[i] = {
      key: behind(past[i].key, own.key),
      value: behind(past[i].value, own.value),
    };
    return attend(query, present[i], bias);
  });
  return { hidden, present };
}
