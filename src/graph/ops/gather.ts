import { defineOp, type Value } from '../graph.ts';
import { product } from '../shapes.ts';
import { mul } from './elementwise.ts';
import { expandLike, reduceSum, reshape, zerosLike } from './shape.ts';

/** Rows of a table: table [n, …], indices int64 [any shape] -> [...indices, …]. */
export const gather = defineOp<[table: Value, indices: Value]>({
  onnx: 'Gather',
  shape: ([table, indices]) => [...indices.shape, ...table.shape.slice(1)],
  encode: () => ({ attributes: { axis: 0 } }),
  // each row's gradient is the sum over the places that it was taken to
  gradient({ inputs: [table, indices], cotangent: dy }) {
    const row = table.shape.slice(1);
    const taken = product(indices.shape);
    const updates = reshape(dy, [taken, ...row]);
    const places = expandLike(reshape(indices, [taken, ...row.map(() => 1)]), updates);
    return [scatterAdd(zerosLike(table), places, updates), null];
  },
});

/**
 * Rows of a table that is taken apart and put together: gather, for indices whose inverse is known.
 * Its gradient is a gather as well, where that of `gather` has to add at random places.
 *
 * table [n, width], indices int64 [any shape] -> [...indices, width]. `back` int64 [n] or [n, m] says
 * for each row of the table where it was taken to, counted over all indices; `real` float32 [n, 1] or
 * [n, m, 1] is 0 where that place does not count. What is taken elsewhere (padding) must not matter
 * to anything that gradients come from.
 */
export const takeRows = defineOp<
  | [table: Value, indices: Value, back: Value]
  | [table: Value, indices: Value, back: Value, real: Value]
>({
  onnx: 'Gather',
  reads: 2,
  shape: ([table, indices]) => [...indices.shape, table.shape[1]],
  encode: () => ({ attributes: { axis: 0 } }),
  // dtable[i] = the sum over m of dy[back[i, m]] where that is real
  gradient({ inputs: [table, indices, back, real], cotangent: dy }) {
    const rows = reshape(dy, [product(indices.shape), table.shape[1]]);
    const taken = gather(rows, back);
    const kept = real ? mul(taken, real) : taken;
    const sum = back.shape.length > 1 ? reduceSum(kept, { axis: 1 }) : kept;
    return [sum, null, null, null];
  },
});

/** One element a row: x [n, m], indices int64 [n, k] -> [n, k]. */
export const gatherElements = defineOp<[x: Value, indices: Value]>({
  onnx: 'GatherElements',
  shape: ([, indices]) => indices.shape,
  encode: () => ({ attributes: { axis: 1 } }),
  gradient: ({ inputs: [x, indices], cotangent: dy }) => [
    scatterOp(zerosLike(x), indices, dy, { axis: 1 }),
    null,
  ],
});

const scatterOp = defineOp<[x: Value, indices: Value, updates: Value], { axis: number }>({
  onnx: 'ScatterElements',
  shape: ([x]) => x.shape,
  encode: ({ axis }) => ({ attributes: { axis, reduction: 'add' } }),
});

/**
 * x with updates added at rows: x [n, …], indices int64 and updates [k, …]; element [i, j] of
 * updates goes to [indices[i, j], j]. Rows may repeat.
 */
export function scatterAdd(x: Value, indices: Value, updates: Value): Value {
  return scatterOp(x, indices, updates, { axis: 0 });
}
