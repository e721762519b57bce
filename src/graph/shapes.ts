import { InternalError, ShapeError } from '../errors.ts';
import type { Dim, Shape, Value } from './graph.ts';

/** Counts an axis from the front: -1 is the last. */
export function axisOf(value: Value, axis: number): number {
  const rank = value.shape.length;
  const front = axis < 0 ? axis + rank : axis;
  if (front < 0 || front >= rank) throw new InternalError(`axis ${axis} of [${value.shape}]`);
  return front;
}

/** Shape of an element-wise result (numpy broadcasting). A symbol equals only itself or 1. */
export function broadcast(where: string, ...shapes: Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const dims = shapes.map((shape) => shape[i - rank + shape.length] ?? 1);
    const wide = dims.filter((dim) => dim !== 1);
    const other = wide.find((dim) => dim !== wide[0]);
    if (other !== undefined) {
      throw new ShapeError(
        where,
        'shapes that broadcast',
        shapes.map((s) => `[${s}]`).join(' and '),
      );
    }
    return wide[0] ?? 1;
  });
}

/** The shape with some axes summed away: kept as 1, or dropped. */
export function reduced(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  return shape.filter((_, i) => !axes.includes(i));
}

/** Axes that broadcasting stretched when `from` became `to`, of the same rank. */
export function stretchedAxes(from: Shape, to: Shape): number[] {
  return to.flatMap((dim, i) => (from[i] === 1 && dim !== 1 ? [i] : []));
}

/** Product of dims where it is known; a symbol for it otherwise. */
export function product(dims: Shape): Dim {
  const numbers = dims.filter((dim) => typeof dim === 'number');
  const symbols = dims.filter((dim) => typeof dim === 'string').sort();
  const factor = numbers.reduce((size, dim) => size * dim, 1);
  if (symbols.length === 0) return factor;
  return [...(factor === 1 ? [] : [factor]), ...symbols].join('*');
}
