import type { Value } from '../graph.ts';
import { defineOp } from '../op.ts';
import { product } from '../shapes.ts';
import { expandLike, reshape, zerosLike } from './shape.ts';

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
