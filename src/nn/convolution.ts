import type { Value } from '../graph/graph.ts';
import { add, mul } from '../graph/ops/elementwise.ts';
import { matmul } from '../graph/ops/linear.ts';
import { concat, cut, reshape, shapeOf, slice, transpose } from '../graph/ops/shape.ts';
import { type Packing, packedRows } from './rows.ts';
import type { Scope } from './scope.ts';

/**
 * Convolution along each text, zeros before and behind it: x [tokens, width] -> [tokens, width].
 * @param size of the kernel, an odd number
 */
export function convolution(p: Scope, x: Value, size: number, packing: Packing): Value {
  const width = x.shape[1] as number;
  const rows = packedRows(packing);
  const [batch, time] = packing.mask.shape;
  // [batch, 1, time, width], without what stands in padding
  const apart = mul(rows.split(x, 1), reshape(packing.mask, [batch, 1, time, 1]));
  const zeros = mul(slice(apart, { axis: 2, start: 0, end: 1 }), x.graph.scalar(0));
  const beside = Array.from({ length: (size - 1) / 2 }, () => zeros);
  const wide = [...beside, apart, ...beside].reduce((all, part) =>
    concat(all, part, { axis: 2, dim: 'wide' }),
  );
  const border = shapeOf(apart, { start: 2, end: 3 });
  const { MAX_SAFE_INTEGER: end } = Number;
  const windows = Array.from({ length: size }, (_, start) => {
    const from = start === 0 ? wide : slice(wide, { axis: 2, start, end, dim: 'behind' });
    return cut(from, border, { axis: 2, dims: [time, 'rest'] })[0];
  });
  const all = windows.reduce((left, right) => concat(left, right, { axis: 3 }));
  const kernel = transpose(p.weight('weight', [width, width, size]), { perm: [2, 1, 0] });
  const sums = matmul(all, reshape(kernel, [size * width, width]));
  return add(rows.merge(sums), p.weight('bias', [width]));
}
