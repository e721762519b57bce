import type { Graph, Value } from '../graph/graph.ts';
import { add, div, mul, sub } from '../graph/ops/elementwise.ts';
import { takeRows } from '../graph/ops/gather.ts';
import { indicesAlong, reshape, shapeOf, splitFirst, transpose } from '../graph/ops/shape.ts';
import { product } from '../graph/shapes.ts';
import { float32 } from '../tensor.ts';

// Hidden states are [tokens, width], the tokens of one sequence behind those of the other: a linear
// layer is one matrix product without padding. Attention alone needs [batch, heads, time, size].

/** Sequences of different lengths, one behind the other. */
export interface Packing {
  /** int64 [batch, time]: the token at each place; where there is padding, any token. */
  readonly slots: Value;
  /** int64 [tokens]: the place of each token in batch * time. */
  readonly places: Value;
  /** float32 [batch, time]: 1 = a token, 0 = padding. */
  readonly mask: Value;
  /** Padding counts as tokens: tokens = batch * time, and nothing has to move. @default false */
  readonly isPadded?: boolean;
}

/** A padded batch whose mask is float32 [batch, time]: as others feed a model, and get it back. */
export function paddedPacking(mask: Value): Packing {
  const places = indicesAlong(reshape(mask, [product(mask.shape)]), 0);
  return { slots: splitFirst(places, mask, []), places, mask, isPadded: true };
}

/** Inputs `<name>Slots`, `<name>Places` and `<name>Mask` of a graph. */
export function packingInputs(
  graph: Graph,
  name: string,
  { batch, time, tokens }: { batch: string; time: string; tokens: string },
): Packing {
  return {
    slots: graph.input(`${name}Slots`, 'int64', [batch, time]),
    places: graph.input(`${name}Places`, 'int64', [tokens]),
    mask: graph.input(`${name}Mask`, 'float32', [batch, time]),
  };
}

/** The place of each token in its own sequence, from 0: int64 [tokens]. */
export function placesIn({ slots, places }: Packing): Value {
  const time = shapeOf(slots, { start: 1, end: 2 });
  return sub(places, mul(div(places, time), time)); // int64: the quotient is rounded down
}

/** Packed sequences that several rows of a batch read. */
export interface SharedPacking {
  /** int64 [batch, time]: the token at each place; where there is padding, any token. */
  readonly slots: Value;
  /** int64 [tokens, readers]: the places of each token in batch * time. */
  readonly places: Value;
  /** float32 [tokens, readers]: 0 where a token has fewer readers. */
  readonly real: Value;
}

/** Hidden states to single heads: [tokens, heads * size] -> [batch, heads, time, size]. */
export type Split = (x: Value, heads: number) => Value;

/** How hidden states become heads, and heads hidden states. */
export interface Rows {
  readonly split: Split;
  /** [batch, heads, time, size] -> [tokens, heads * size] */
  readonly merge: (x: Value) => Value;
}

/** Packed sequences. What their padding holds is no number to rely on: attention must mask it. */
export function packedRows({ slots, places, mask, isPadded = false }: Packing): Rows {
  if (isPadded) return paddedRows(slots);
  const [tokens] = places.shape;
  const [batch, time] = slots.shape;
  const one = reshape(places, [tokens, 1]);
  return {
    split(x, heads) {
      const [rows, size] = [product([tokens, heads]), (x.shape[1] as number) / heads];
      const back = reshape(headPlaces(one, slots, heads), [rows]);
      return takeRows(reshape(x, [rows, size]), headSlots(slots, heads), back);
    },
    merge(x) {
      const [, heads, , size] = x.shape as [unknown, number, unknown, number];
      const rows = product([batch, heads, time]);
      const indices = reshape(headPlaces(one, slots, heads), [tokens, heads]);
      const back = reshape(headSlots(slots, heads), [rows]);
      const each = mul(reshape(mask, [batch, 1, time]), ones(x, heads));
      const real = reshape(each, [rows, 1]);
      const merged = takeRows(reshape(x, [rows, size]), indices, back, real);
      return reshape(merged, [tokens, heads * size]);
    },
  };
}

/** Padding and all: tokens = batch * time, with the sizes of `like` [batch, time]. */
export function paddedRows(like: Value): Rows {
  return {
    split(x, heads) {
      const size = (x.shape[1] as number) / heads;
      return transpose(splitFirst(x, like, [heads, size]), { perm: [0, 2, 1, 3] });
    },
    merge(x) {
      const [, heads, , size] = x.shape as [unknown, number, unknown, number];
      const byTime = transpose(x, { perm: [0, 2, 1, 3] });
      return reshape(byTime, [product(like.shape), heads * size]);
    },
  };
}

/** The same sequences for several rows of a batch: their gradients add up. */
export function sharedSplit({ slots, places, real }: SharedPacking): Split {
  const [tokens, readers] = places.shape;
  return (x, heads) => {
    const [rows, size] = [product([tokens, heads]), (x.shape[1] as number) / heads];
    const back = reshape(headPlaces(places, slots, heads), [rows, readers]);
    const each = mul(reshape(real, [tokens, 1, readers]), ones(x, heads));
    const counts = reshape(each, [rows, readers, 1]);
    return takeRows(reshape(x, [rows, size]), headSlots(slots, heads), back, counts);
  };
}

/** One token a sequence: nothing moves. */
export const singleRows: Rows = {
  split: (x, heads) => reshape(x, [x.shape[0], heads, 1, (x.shape[1] as number) / heads]),
  merge(x) {
    const [batch, heads, , size] = x.shape;
    return reshape(x, [batch, Number(heads) * Number(size)]);
  },
};

/** Rows of [tokens * heads] at each place: slots [batch, time] -> [batch, heads, time]. */
function headSlots(slots: Value, heads: number): Value {
  const { graph } = slots;
  const [batch, time] = slots.shape;
  const first = mul(reshape(slots, [batch, 1, time]), graph.integers(heads));
  return add(first, headNumbers(slots, heads));
}

/** Rows of [batch * heads * time] for each token: places [tokens, n] -> [tokens, heads, n]. */
function headPlaces(places: Value, slots: Value, heads: number): Value {
  const { graph } = slots;
  const [tokens, n] = places.shape;
  const time = reshape(shapeOf(slots, { start: 1, end: 2 }), []);
  const apart = reshape(places, [tokens, 1, n]);
  const row = div(apart, time); // int64: rounded down
  const at = sub(apart, mul(row, time));
  const head = add(mul(row, graph.integers(heads)), headNumbers(slots, heads));
  return add(mul(head, time), at);
}

/** 0, 1, … heads - 1, int64 [heads, 1]. */
function headNumbers({ graph }: Value, heads: number): Value {
  return reshape(graph.integers(Array.from({ length: heads }, (_, head) => head)), [heads, 1]);
}

/** float32 [heads, 1]. */
function ones({ graph }: Value, heads: number): Value {
  return graph.constant(float32(new Float32Array(heads).fill(1), [heads, 1]));
}
