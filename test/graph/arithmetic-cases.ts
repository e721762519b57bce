/** The table's first half: ops that compute. */
import type { Value } from '../../src/graph/graph.ts';
import { castTo } from '../../src/graph/ops/cast.ts';
import * as e from '../../src/graph/ops/elementwise.ts';
import * as l from '../../src/graph/ops/linear.ts';
import { layerNormalization } from '../../src/graph/ops/norm.ts';
import * as r from '../../src/graph/ops/reduce.ts';
import * as s from '../../src/graph/ops/shape.ts';
import * as x from '../../src/graph/ops/softmax.ts';
import {
  bool,
  far,
  type Input,
  index,
  type OpCase,
  one,
  positive,
  real,
  type Shape,
} from './case.ts';
import * as ref from './reference.ts';

/** Rank 0 to 4, size-1 axes, odd sizes, a single row, nothing at all. */
const shapes: Shape[] = [[], [1], [5], [1, 3], [3, 1], [2, 3, 5], [2, 1, 3, 1], [0, 3]];

/** Pairs that broadcast in every direction. */
const pairs: [Shape, Shape][] = [
  [[], []],
  [[3], []],
  [[], [2, 3]],
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [1, 3],
    [2, 1],
  ],
  [
    [5, 1, 3],
    [2, 1],
  ],
  [
    [1, 1],
    [2, 3],
  ],
  [
    [2, 3],
    [5, 2, 3],
  ],
  [
    [2, 1, 3, 1],
    [5, 1, 7],
  ],
  [
    [2, 3],
    [7, 5, 2, 3],
  ],
  [[0, 3], [3]],
];

function unary(
  name: string,
  op: (x: Value) => Value,
  f: (x: number) => number,
  draw: (...shape: Shape) => Input = real,
): OpCase[] {
  const rest = { build: ([a]: Value[]) => op(a), reference: ref.elementwise(f) };
  return shapes.map((shape) => one(name, [draw(...shape)], rest));
}

function binary(
  name: string,
  op: (a: Value, b: Value) => Value,
  f: (a: number, b: number) => number,
  draw: (...shape: Shape) => Input = real,
): OpCase[] {
  const rest = { build: ([a, b]: Value[]) => op(a, b), reference: ref.elementwise(f) };
  return pairs.map(([a, b]) => one(name, [real(...a), draw(...b)], rest));
}

const elementwiseCases: OpCase[] = [
  ...binary('add', e.add, (a, b) => a + b),
  ...binary('sub', e.sub, (a, b) => a - b),
  ...binary('mul', e.mul, (a, b) => a * b),
  ...binary('div', e.div, (a, b) => a / b, far),
  ...binary('max', e.max, Math.max),
  ...binary('min', e.min, Math.min),
  ...binary('less', e.less, (a, b) => Number(a < b)),
  ...binary('equal', e.equal, (a, b) => Number(a === b)),
  ...unary('neg', e.neg, (a) => -a),
  ...unary('abs', e.abs, Math.abs, far),
  ...unary('sign', e.sign, Math.sign, far),
  ...unary('exp', e.exp, Math.exp),
  ...unary('log', e.log, Math.log, positive),
  ...unary('sqrt', e.sqrt, Math.sqrt, positive),
  ...unary('reciprocal', e.reciprocal, (a) => 1 / a, far),
  ...unary('tanh', e.tanh, Math.tanh),
  ...unary('sigmoid', e.sigmoid, (a) => 1 / (1 + Math.exp(-a))),
  ...unary('geluNew', e.geluNew, (a) => {
    const u = Math.sqrt(2 / Math.PI) * (a + 0.044715 * a ** 3);
    return (a / 2) * (1 + Math.tanh(u));
  }),
  ...unary('gelu', e.gelu, (a) => (a / 2) * (1 + ref.erf(a * Math.SQRT1_2))),
  ...unary('erf', e.erf, ref.erf),
  ...unary('relu', e.relu, (a) => Math.max(a, 0), far),
  ...unary(
    'stopGradient of x times x',
    (a) => e.mul(x.stopGradient(a), x.stopGradient(a)),
    (a) => a * a,
  ).map((made) => ({ ...made, noRule: true })),
  ...pairs.map(([a, b]) =>
    one('where', [bool(...a), real(...b), real(...a)], {
      build: ([condition, yes, no]) => e.where(condition, yes, no),
      reference: ref.elementwise((condition, yes, no) => (condition ? yes : no)),
    }),
  ),
  one('where', [bool(2, 1), real(3), real()], {
    build: ([condition, yes, no]) => e.where(condition, yes, no),
    reference: ref.elementwise((condition, yes, no) => (condition ? yes : no)),
  }),
  one('equal integers', [index(2, 3, 5), index(2, 5)], {
    build: ([a, b]) => e.equal(a, b),
    reference: ref.elementwise((a, b) => Number(a === b)),
  }),
  one('cast to int64', [real(2, 3)], {
    build: ([a]) => castTo(a, 'int64'),
    reference: ref.elementwise(Math.trunc),
  }),
  one('cast to float32', [bool(5)], {
    build: ([a]) => castTo(a, 'float32'),
    reference: ref.elementwise((a) => a),
  }),
  one('cast to int64 and back', [real(2, 3)], {
    build: ([a]) => castTo(castTo(a, 'int64'), 'float32'),
    reference: ref.elementwise(Math.trunc),
  }),
];

type Reducer = { axis?: number | number[]; keepDims?: boolean };
const reductions: [Shape, Reducer][] = [
  [[], {}],
  [[5], {}],
  [[2, 3, 5], {}],
  [[2, 3, 5], { keepDims: true }],
  [[2, 3, 5], { axis: 0 }],
  [[2, 3, 5], { axis: 1 }],
  [[2, 3, 5], { axis: -1 }],
  [[2, 3, 5], { axis: [0, 2], keepDims: true }],
  [[2, 3, 5], { axis: [-1, 0] }],
  [[2, 3, 5], { axis: [] }],
  [[3, 1, 2, 5], { axis: [1, 2] }],
  [[1, 7], { axis: 0, keepDims: true }],
];

function reduction(
  name: string,
  op: (x: Value, options: Reducer) => Value,
  f: (list: number[]) => number,
): OpCase[] {
  return reductions.map(([shape, options]) => {
    const { axis, keepDims = false } = options;
    const axes = typeof axis === 'number' ? [axis] : axis;
    return one(`${name} ${JSON.stringify(options)}`, [real(...shape)], {
      build: ([a]) => op(a, options),
      reference: ref.reduce(f, { ...(axes ? { axes } : {}), keepDims }),
    });
  });
}

const reduceCases: OpCase[] = [
  ...reduction('reduceSum', s.reduceSum, ref.sum),
  ...reduction('reduceMean', r.reduceMean, ref.mean),
  ...reduction('reduceMax', r.reduceMax, ref.largest),
  ...[[5], [2, 3], [1, 4], [2, 5, 3]].flatMap((shape) =>
    shape.map((_, axis) =>
      one(`cumulativeSum along axis ${axis}`, [real(...shape)], {
        build: ([a]) => r.cumulativeSum(a, { axis }),
        reference: ref.cumulativeSum(axis),
      }),
    ),
  ),
  ...[[5], [2, 3], [2, 5, 3], [1, 1], [3, 2, 1, 5]].flatMap((shape) => [
    one('softmax along the last axis', [real(...shape)], {
      build: ([a]) => x.softmax(a, { axis: -1 }),
      reference: ref.softmax(-1),
    }),
    one('softmax along axis 0', [real(...shape)], {
      build: ([a]) => x.softmax(a, { axis: 0 }),
      reference: ref.softmax(0),
    }),
    one('logSumExp', [real(...shape)], {
      build: ([a]) => x.logSumExp(a),
      reference: ref.reduce((list) => Math.log(ref.sum(list.map(Math.exp))), { axes: [-1] }),
    }),
  ]),
];

const normCases: OpCase[] = [
  [1, 5],
  [2, 3],
  [7, 17],
  [2, 3, 5],
  [3, 33],
].flatMap((shape) => {
  const width = shape[shape.length - 1];
  const build = ([a, weight, ...bias]: Value[]) =>
    layerNormalization(a, weight, ...bias, { epsilon: 1e-2 });
  const name = 'layerNormalization';
  const inputs = [real(...shape), real(width), real(width)];
  return [
    one(name, inputs, { build, reference: ref.layerNormalization(1e-2) }),
    one(name, inputs.slice(0, 2), { build, reference: ref.layerNormalization(1e-2) }),
  ];
});

const products: [Shape, Shape][] = [
  [
    [2, 3],
    [3, 5],
  ],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [1, 3],
    [3, 1],
  ],
  [
    [7, 2, 3],
    [7, 3, 5],
  ],
  [
    [7, 2, 3],
    [3, 5],
  ],
  [
    [2, 3],
    [7, 3, 5],
  ],
  [
    [2, 1, 2, 3],
    [7, 3, 5],
  ],
  [
    [2, 7, 5, 3],
    [2, 7, 3, 5],
  ],
  [
    [0, 3],
    [3, 2],
  ],
];

const linearCases: OpCase[] = [
  ...products.map(([a, b]) =>
    one('matmul', [real(...a), real(...b)], {
      build: ([left, right]) => l.matmul(left, right),
      reference: ref.matmul,
    }),
  ),
  ...[false, true].flatMap((transA) =>
    [false, true].flatMap((transB) =>
      [
        [2, 3, 5],
        [1, 7, 1],
      ].map(([rows, inner, columns]) => {
        const swap = ref.transpose([1, 0]);
        const a = transA ? real(inner, rows) : real(rows, inner);
        const b = transB ? real(columns, inner) : real(inner, columns);
        return one(`gemm ${JSON.stringify({ transA, transB })}`, [a, b], {
          build: ([left, right]) => l.gemm(left, right, { transA, transB }),
          reference: (left, right) =>
            ref.matmul(transA ? swap(left) : left, transB ? swap(right) : right),
        });
      }),
    ),
  ),
  one('likeProduct', [real(3, 2), real(3, 2)], {
    build: ([x, product]) => l.likeProduct(x, e.mul(product, product)),
    reference: ref.elementwise((x) => x),
  }),
];

export const arithmeticCases = [...elementwiseCases, ...reduceCases, ...normCases, ...linearCases];
