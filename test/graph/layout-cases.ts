/** The table's second half: ops that move elements. */
import type { Dim, Value } from '../../src/graph/graph.ts';
import * as e from '../../src/graph/ops/elementwise.ts';
import * as g from '../../src/graph/ops/gather.ts';
import * as s from '../../src/graph/ops/shape.ts';
import { float32, int64 } from '../../src/tensor.ts';
import { index, type OpCase, one, real, type Shape } from './case.ts';
import * as ref from './reference.ts';

/** From one shape to another; `d` marks a size that has a name where sizes are symbolic. */
const reshapes: [Shape, (d: (size: number) => Dim) => Dim[]][] = [
  [[], () => [1]],
  [[1, 1], () => []],
  [[2, 3], () => [6]],
  [[6, 5], (d) => [2, 3, d(5)]],
  [[2, 3, 4], (d) => [d(2), d(3), 2, 2]],
  [[2, 3, 5], (d) => [6, d(5)]],
  [[2, 3, 5], (d) => [d(3), d(2), d(5)]], // every size known, two at another place
  [[2, 3], (d) => [1, d(2), d(3)]],
  [[2, 3], (d) => [1, d(2), 1, d(3)]],
  [[1, 2, 3], (d) => [d(2), d(3)]],
  [[2, 4], (d) => [2, 2, d(2)]],
  [[0, 3], (d) => [1, d(0), d(3)]],
  [[3, 0], (d) => [d(0), d(3)]],
  [[3, 0], () => [0]],
];

const likes: [Shape, Shape][] = [
  [[6], [2, 3]],
  [
    [6, 5],
    [2, 3, 5],
  ],
  [
    [2, 3],
    [3, 1, 2],
  ],
  [[1], []],
  [
    [0, 3],
    [7, 0],
  ],
];

/** y + 0 * like: the second input lends its shape alone, and still is an input of the graph. */
function borrow(y: Value, like: Value): Value {
  return e.add(y, e.mul(like, like.graph.scalar(0)));
}

/** x [n, m] with zeros for one row, which thus does not matter. */
function without(x: Value, row: number): Value {
  const kept = Array.from({ length: Number(x.shape[0]) }, (_, i) => Number(i !== row));
  return e.mul(x, x.graph.constant(float32(kept, [kept.length, 1])));
}

const shapeCases: OpCase[] = [
  ...reshapes.map(([from, to]) =>
    one(`reshape to [${to((size) => size)}]`, [real(...from)], {
      build: ([a], dim) => s.reshape(a, to(dim)),
      reference: ref.reshape(to((size) => size) as number[]),
    }),
  ),
  ...likes.map(([from, to]) =>
    one('reshapeLike', [real(...from), real(...to)], {
      build: ([a, like]) => borrow(s.reshapeLike(a, like), like),
      reference: ref.reshape(to),
    }),
  ),
  ...[[0], [1, 0], [2, 0, 1], [1, 2, 0], [0, 2, 1, 3], [3, 2, 1, 0]].map((perm) =>
    one(`transpose ${perm}`, [real(...[2, 3, 5, 1].slice(0, perm.length))], {
      build: ([a]) => s.transpose(a, { perm }),
      reference: ref.transpose(perm),
    }),
  ),
  one('swapLast', [real(2, 3)], {
    build: ([a]) => s.swapLast(a),
    reference: ref.transpose([1, 0]),
  }),
  one('swapLast', [real(5, 0, 2, 3)], {
    build: ([a]) => s.swapLast(a),
    reference: ref.transpose([0, 1, 3, 2]),
  }),
  ...(
    [
      [[], [2, 3]],
      [[1], []],
      [
        [1, 3],
        [2, 3],
      ],
      [[3], [5, 2, 3]],
      [
        [2, 1],
        [5, 2, 3],
      ],
      [
        [2, 3],
        [2, 3],
      ],
      [[1], [0]],
    ] as [Shape, Shape][]
  ).map(([from, to]) =>
    one('expandLike', [real(...from), real(...to)], {
      build: ([a, like]) => borrow(s.expandLike(a, like), like),
      reference: ref.expandLike,
    }),
  ),
  one('zerosLike', [real(2, 3)], {
    build: ([a]) => s.zerosLike(a),
    reference: ref.elementwise(() => 0),
  }),
  ...(
    [
      [
        [5, 2, 3],
        [2, 3],
      ],
      [
        [5, 2, 3],
        [2, 1],
      ],
      [[2, 3], []],
      [[2, 3], [1]],
      [
        [2, 3],
        [2, 3],
      ],
      [
        [7, 5, 2, 3],
        [1, 2, 3],
      ],
    ] as [Shape, Shape][]
  ).map(([from, to]) =>
    one('sumTo', [real(...from), real(...to)], {
      build: ([a, like]) => borrow(s.sumTo(a, like), like),
      reference: (a) => {
        const added = from.length - to.length;
        const axes = from.flatMap((size, i) => (size !== (to[i - added] ?? 0) ? [i] : []));
        return ref.reshape(to)(ref.reduce(ref.sum, { axes })(a));
      },
    }),
  ),
  one('shapeOf', [real(2, 3, 5)], {
    build: ([a]) => s.shapeOf(a, { start: 1, end: 3 }),
    reference: () => ({ shape: [2], data: [3, 5] }),
  }),
  ...[0, 1, -1].map((axis) =>
    one(`indicesAlong ${axis}`, [real(3, 2, 5)], {
      build: ([a]) => s.indicesAlong(a, axis),
      reference: ({ shape }) => {
        const size = shape.at(axis) ?? 0;
        return { shape: [size], data: Array.from({ length: size }, (_, i) => i) };
      },
    }),
  ),
];

const partCases: OpCase[] = [
  ...(
    [
      [[2], [3], 0],
      [[1, 3], [2, 3], 0],
      [[2, 3], [2, 1], 1],
      [[2, 3, 5], [2, 7, 5], -2],
      [[2, 0, 5], [2, 7, 5], 1],
      [[2, 3], [0, 3], 0],
    ] as [Shape, Shape, number][]
  ).map(([a, b, axis]) =>
    one(`concat along ${axis}`, [real(...a), real(...b)], {
      build: ([first, second]) => s.concat(first, second, { axis }),
      reference: ref.concat(axis < 0 ? axis + a.length : axis),
    }),
  ),
  one('concat to a named size', [real(2, 3), real(2, 5)], {
    build: ([a, b], dim) => s.concat(a, b, { axis: 1, dim: dim(8) }),
    reference: ref.concat(1),
  }),
  one('concat with itself', [real(2, 3)], {
    build: ([a]) => s.concat(a, a, { axis: 0 }),
    reference: (a) => ref.concat(0)(a, a),
  }),
  ...(
    [
      [[5], 0, 1, 4],
      [[5, 3], 0, 0, 2],
      [[2, 5], 1, 3, 5],
      [[2, 3, 5], -1, 4, 5],
      [[2, 3, 5], 1, 0, 3],
      [[2, 3], 1, 2, 2],
    ] as [Shape, number, number, number][]
  ).map(([shape, axis, start, end]) =>
    one(`slice ${start} to ${end} of axis ${axis}`, [real(...shape)], {
      build: ([a]) => s.slice(a, { axis, start, end }),
      reference: ref.slice(axis < 0 ? axis + shape.length : axis, start, end),
    }),
  ),
  one('slice to a named size', [real(2, 5)], {
    build: ([a], dim) => s.slice(a, { axis: 1, start: 2, end: 5, dim: dim(3) }),
    reference: ref.slice(1, 2, 5),
  }),
];

const gathers: [Shape, Shape][] = [
  [[5], [3]],
  [[5, 3], []],
  [
    [5, 3],
    [2, 7],
  ],
  [[1, 3], [4]],
  [[5, 2, 3], [4]],
  [
    [5, 2, 3],
    [4, 7],
  ],
  [[5, 3], [0]],
];

const gatherCases: OpCase[] = [
  ...gathers.map(([table, places]) =>
    one('gather', [real(...table), index(table[0], ...places)], {
      build: ([rows, list]) => g.gather(rows, list),
      reference: ref.gather,
    }),
  ),
  one('gather from the back', [real(5, 3), index(5, 4)], {
    build: ([rows, list]) => g.gather(rows, e.sub(list, list.graph.integers(5))),
    reference: ref.gather,
  }),
  // the table's rows 0, 1, 2 go to places 3, 0 and 2; what place 1 holds does not matter
  one('takeRows', [real(3, 2)], {
    build: ([table]) => {
      const { graph } = table;
      const [indices, back] = [
        [1, 0, 2, 0],
        [3, 0, 2],
      ].map((list) => graph.integers(list));
      return without(g.takeRows(table, indices, back), 1);
    },
    reference: ref.takeRows([1, -1, 2, 0]),
  }),
  // row 0 goes to places 1 and 2, row 1 to place 0 alone; place 3 is padding
  one('takeRows to several places', [real(2, 3)], {
    build: ([table]) => {
      const { graph } = table;
      const back = graph.constant(int64([1, 2, 0, 0], [2, 2]));
      const counts = graph.constant(float32([1, 1, 1, 0], [2, 2, 1]));
      const taken = g.takeRows(table, graph.integers([1, 0, 0, 0]), back, counts);
      return without(taken, 3);
    },
    reference: ref.takeRows([1, 0, 0, -1]),
  }),
  ...[
    { shape: [5, 3], columns: [5, 1] },
    { shape: [1, 7], columns: [1, 9] },
    { shape: [3, 2], columns: [3, 4] },
    { shape: [3, 2], columns: [3, 0] },
  ].map(({ shape, columns }) =>
    one('gatherElements', [real(...shape), index(shape[1], ...columns)], {
      build: ([a, list]) => g.gatherElements(a, list),
      reference: ref.gatherElements,
    }),
  ),
  ...[
    [[5], [7]],
    [
      [5, 3],
      [2, 3],
    ],
    [
      [1, 3],
      [4, 3],
    ],
    [
      [5, 2, 3],
      [7, 2, 3],
    ],
    [
      [5, 3],
      [0, 3],
    ],
  ].map(([shape, updates]) =>
    one('scatterAdd', [real(...shape), index(shape[0], ...updates), real(...updates)], {
      build: ([a, places, added]) => g.scatterAdd(a, places, added),
      reference: ref.scatterAdd,
      noRule: true,
    }),
  ),
];

export const layoutCases = [...shapeCases, ...partCases, ...gatherCases];
