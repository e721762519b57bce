import type { Value } from '../graph/graph.ts';
import { div, mul } from '../graph/ops/elementwise.ts';
import { gather, takeRows } from '../graph/ops/gather.ts';
import { reduceSum, reshape, slice } from '../graph/ops/shape.ts';
import type { Packing } from './rows.ts';

/** The first token of each text: x [tokens, width] -> [batch, width]. */
export function firstOf(x: Value, { slots }: Packing): Value {
  return gather(x, reshape(slice(slots, { axis: 1, start: 0, end: 1 }), [slots.shape[0]]));
}

/** The mean of the tokens of each text: x [tokens, width] -> [batch, width]. */
export function meanOf(x: Value, { slots, places, mask }: Packing): Value {
  const [batch, time] = mask.shape;
  const all = takeRows(x, slots, places); // [batch, time, width]
  const sum = reduceSum(mul(all, reshape(mask, [batch, time, 1])), { axis: 1 });
  return div(sum, reduceSum(mask, { axis: 1, keepDims: true }));
}
