/** Every op once more, in plain float64 and by index: slow, and independent of src/graph. */

/** A dense row-major array of float64. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type Index = readonly number[];

const sizeOf = (shape: Index) => shape.reduce((size, dim) => size * dim, 1);

/** All indices of a shape in row-major order; one empty index for a scalar. */
function indices(shape: Index): number[][] {
  const [first, ...rest] = shape;
  if (first === undefined) return [[]];
  const inner = indices(rest);
  return Array.from({ length: first }, (_, i) => inner.map((index) => [i, ...index])).flat();
}

function make(shape: Index, element: (index: number[]) => number): Nd {
  return { shape, data: indices(shape).map(element) };
}

/** The element at an index; axes of size 1 and missing leading axes are repeated. */
function at({ shape, data }: Nd, index: Index): number {
  const skipped = index.length - shape.length;
  const place = shape.reduce((sum, dim, i) => sum * dim + (dim === 1 ? 0 : index[i + skipped]), 0);
  return data[place];
}

function commonShape(shapes: Index[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    const dims = shapes.map((shape) => shape[i - rank + shape.length] ?? 1);
    return dims.find((dim) => dim !== 1) ?? 1;
  });
}

/** A function of numbers, element by element, with numpy's broadcasting. */
export function elementwise(f: (...x: number[]) => number): (...x: Nd[]) => Nd {
  return (...x) => {
    const shape = commonShape(x.map((one) => one.shape));
    return make(shape, (index) => f(...x.map((one) => at(one, index))));
  };
}

/** A function of the list of elements along some axes (all, unless given). */
export function reduce(
  f: (list: number[]) => number,
  { axes, keepDims = false }: { axes?: number[]; keepDims?: boolean } = {},
): (x: Nd) => Nd {
  return (x) => {
    const gone = (axes ?? x.shape.map((_, i) => i)).map(
      (axis) => axis + (axis < 0 ? x.shape.length : 0),
    );
    const kept = x.shape.map((dim, i) => (gone.includes(i) ? 1 : dim));
    const along = indices(x.shape.map((dim, i) => (gone.includes(i) ? dim : 1)));
    const all = make(kept, (index) =>
      f(
        along.map((step) =>
          at(
            x,
            index.map((place, i) => place + step[i]),
          ),
        ),
      ),
    );
    return keepDims ? all : reshape(x.shape.filter((_, i) => !gone.includes(i)))(all);
  };
}

export const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);
export const mean = (list: readonly number[]) => sum(list) / list.length;
export const largest = (list: readonly number[]) => Math.max(...list);

/** Each element is the sum of those up to it along an axis. */
export function cumulativeSum(axis: number): (x: Nd) => Nd {
  return (x) =>
    make(x.shape, (index) =>
      sum(Array.from({ length: index[axis] + 1 }, (_, i) => at(x, index.with(axis, i)))),
    );
}

export function reshape(shape: Index): (x: Nd) => Nd {
  return ({ data }) => ({ shape, data });
}

export function transpose(perm: Index): (x: Nd) => Nd {
  return (x) =>
    make(
      perm.map((axis) => x.shape[axis]),
      (index) =>
        at(
          x,
          perm.map((_, i) => index[perm.indexOf(i)]),
        ),
    );
}

/** Repeats an array to the shape of another one. */
export function expandLike(x: Nd, like: Nd): Nd {
  return make(commonShape([x.shape, like.shape]), (index) => at(x, index));
}

export function concat(axis: number): (a: Nd, b: Nd) => Nd {
  return (a, b) => {
    const border = a.shape[axis];
    const shape = a.shape.map((dim, i) => (i === axis ? dim + b.shape[i] : dim));
    const moved = (index: Index) => index.map((place, i) => (i === axis ? place - border : place));
    return make(shape, (index) => (index[axis] < border ? pick(a, index) : pick(b, moved(index))));
  };
}

export function slice(axis: number, start: number, end: number): (x: Nd) => Nd {
  return (x) => {
    const shape = x.shape.map((dim, i) => (i === axis ? end - start : dim));
    return make(shape, (index) =>
      pick(
        x,
        index.map((place, i) => (i === axis ? place + start : place)),
      ),
    );
  };
}

/** The element at an index, with nothing repeated. */
function pick({ shape, data }: Nd, index: Index): number {
  return data[shape.reduce((place, dim, i) => place * dim + index[i], 0)];
}

export function matmul(a: Nd, b: Nd): Nd {
  const inner = a.shape[a.shape.length - 1];
  const lead = commonShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const shape = [...lead, a.shape[a.shape.length - 2], b.shape[b.shape.length - 1]];
  const steps = Array.from({ length: inner }, (_, k) => k);
  return make(shape, (index) => {
    const [row, column] = index.slice(-2);
    const batch = index.slice(0, -2);
    return sum(steps.map((k) => at(a, [...batch, row, k]) * at(b, [...batch, k, column])));
  });
}

export function softmax(axis: number): (x: Nd) => Nd {
  const total = reduce(sum, { axes: [axis], keepDims: true });
  return (x) => {
    const exponentials = elementwise(Math.exp)(x);
    return elementwise((e, all) => e / all)(exponentials, total(exponentials));
  };
}

export function layerNormalization(epsilon: number): (x: Nd, weight: Nd, bias?: Nd) => Nd {
  const along = { axes: [-1], keepDims: true };
  return (x, weight, bias = { shape: [], data: [0] }) => {
    const centered = elementwise((a, all) => a - all)(x, reduce(mean, along)(x));
    const variance = reduce((list) => mean(list.map((a) => a * a)), along)(centered);
    const norm = (a: number, v: number, w: number, b: number) =>
      (a / Math.sqrt(v + epsilon)) * w + b;
    return elementwise(norm)(centered, variance, weight, bias);
  };
}

/** Rows of a table. */
export function gather(table: Nd, rows: Nd): Nd {
  const count = table.shape[0];
  const shape = [...rows.shape, ...table.shape.slice(1)];
  return make(shape, (index) => {
    const row = pick(rows, index.slice(0, rows.shape.length));
    return pick(table, [row < 0 ? row + count : row, ...index.slice(rows.shape.length)]);
  });
}

/** Rows of a table; zeros for -1. */
export function takeRows(rows: readonly number[]): (table: Nd) => Nd {
  return (table) =>
    make([rows.length, table.shape[1]], ([at, column]) =>
      rows[at] < 0 ? 0 : pick(table, [rows[at], column]),
    );
}

/** One element a row: x [n, m], columns [n, k]. */
export function gatherElements(x: Nd, columns: Nd): Nd {
  return make(columns.shape, (index) => pick(x, [index[0], pick(columns, index)]));
}

/** x with update [i, …j] added at [rows[i, …j], …j]. */
export function scatterAdd(x: Nd, rows: Nd, updates: Nd): Nd {
  const places = indices(updates.shape);
  return make(x.shape, (index) => {
    const here = places.filter(
      (place) =>
        pick(rows, place) === index[0] && place.slice(1).every((one, i) => one === index[i + 1]),
    );
    return pick(x, index) + sum(here.map((place) => pick(updates, place)));
  });
}

/** Gauss error function by its power series; good to 1e-14 for |x| < 3. */
export function erf(x: number): number {
  let power = x;
  let total = x;
  for (let n = 1; n < 80; n++) {
    power *= (-x * x) / n;
    total += power / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/**
 * Gradient of sum(f(x) * weights) for one of x, by central differences: the error is
 * step^2 / 6 times the third derivative, far below float32's.
 */
export function centralDifferences(
  f: (...x: Nd[]) => Nd,
  x: readonly Nd[],
  which: number,
  weights: readonly number[],
): number[] {
  const step = 1e-5;
  const lossAt = (element: number, change: number) => {
    const moved = x[which].data.map((value, i) => (i === element ? value + change : value));
    const { data } = f(...x.map((one, i) => (i === which ? { ...one, data: moved } : one)));
    return sum(data.map((value, i) => value * weights[i]));
  };
  return x[which].data.map((_, i) => (lossAt(i, step) - lossAt(i, -step)) / (2 * step));
}

export { sizeOf };
