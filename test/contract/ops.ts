/** What every engine computes of the table of all ops: values, and gradients. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { type Dim, Graph, reachable, type Value } from '../../src/graph/graph.ts';
import { mul } from '../../src/graph/ops/elementwise.ts';
import { reduceSum } from '../../src/graph/ops/shape.ts';
import { concreteShapes } from '../../src/graph/sizes.ts';
import { randomStream } from '../../src/random.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { type DType, float32, int64, type Tensor } from '../../src/tensor.ts';
import { arithmeticCases } from '../graph/arithmetic-cases.ts';
import type { Input, OpCase } from '../graph/case.ts';
import { layoutCases } from '../graph/layout-cases.ts';
import { centralDifferences, type Nd, sizeOf } from '../graph/reference.ts';
import { numbers, runGraph } from '../graph/run.ts';

/** All ops on inputs of some shapes. */
export const table: readonly OpCase[] = [...arithmeticCases, ...layoutCases];

const dtypes: Record<Input['kind'], DType> = {
  real: 'float32',
  positive: 'float32',
  far: 'float32',
  bool: 'bool',
  index: 'int64',
};

/** How a graph writes a size: as it is, or as a name that equal sizes share. */
export const fixed = (size: number): Dim => size;
export const symbolic = (size: number): Dim => (size === 1 ? 1 : `n${size}`);
const named = Object.fromEntries(Array.from({ length: 100 }, (_, size) => [`n${size}`, size]));

/** The case's graph: y, and the gradient of sum(y * cotangent) for each float input. */
export function buildCase(
  graph: Graph,
  { inputs, build, noRule }: OpCase,
  dim: (size: number) => Dim,
) {
  const values = inputs.map(({ shape, kind }, i) =>
    graph.input(`x${i}`, dtypes[kind], shape.map(dim)),
  );
  const y = build(values, dim);
  const outputs: Record<string, Value> = { y };
  if (y.dtype !== 'float32' || noRule) return outputs;
  const loss = reduceSum(mul(y, graph.input('cotangent', 'float32', y.shape)));
  const floats = values.filter((value) => value.dtype === 'float32');
  const found = gradients(loss, floats);
  for (const [i, value] of floats.entries()) outputs[`d${values.indexOf(value)}`] = found[i];
  return outputs;
}

/** Elements that float32 holds exactly, so that both sides compute on the same numbers. */
function draw({ shape, kind, limit = 1 }: Input, name: string, i: number): Nd {
  const random = randomStream(1, ['op case', name, i]);
  const data = Array.from({ length: sizeOf(shape) }, () => {
    if (kind === 'index') return random.integer(limit);
    if (kind === 'bool') return random.integer(2);
    const x = random.normal();
    if (kind === 'positive') return Math.fround(0.5 + Math.abs(x));
    return Math.fround(kind === 'far' ? x + 0.5 * Math.sign(x) : x);
  });
  return { shape, data };
}

function tensorOf({ shape, data }: Nd, kind: Input['kind']): Tensor {
  if (kind === 'index') return int64(data, shape);
  if (kind === 'bool') return { dtype: 'bool', shape, data: Uint8Array.from(data) };
  return float32(data, shape);
}

const sizes = [
  { how: 'fixed sizes', dim: fixed },
  { how: 'symbolic sizes', dim: symbolic },
];

/** float32 rounds at 6e-8 of a number; sums of some ten terms and exp, erf, tanh add a little. */
const float32Rounding = { atol: 3e-6, rtol: 3e-6 };

interface Habits {
  /** Whether matrices without rows can be multiplied. @default true */
  readonly emptyProducts?: boolean;
}

const isProduct = ({ name }: OpCase) => /^(matmul|gemm)\b/.test(name);
const isEmpty = ({ inputs }: OpCase) => inputs.some(({ shape }) => shape.includes(0));

/** `open` gives an engine of its own; the suite closes it. */
export function opContract(
  name: string,
  open: () => Promise<Engine>,
  { emptyProducts = true }: Habits = {},
): void {
  describe(`${name} computes every op`, () => {
    const cases = table.filter((one) => emptyProducts || !isProduct(one) || !isEmpty(one));
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    describe.each(cases)('$name', (one) => {
      test.each(sizes)('is right in value and gradient with $how', async ({ dim }) => {
        const { inputs, reference, name } = one;
        const arrays = inputs.map((input, i) => draw(input, name, i));
        const expected = reference(...arrays);
        const cotangent = draw({ shape: expected.shape, kind: 'real' }, name, inputs.length);
        const given = arrays.map((array, i) => [`x${i}`, tensorOf(array, inputs[i].kind)] as const);
        const graph = new Graph();
        const declared = buildCase(graph, one, dim);
        const feeds: Record<string, Tensor> = Object.fromEntries(given);
        if (graph.inputs.has('cotangent'))
          feeds.cotangent = float32(cotangent.data, cotangent.shape);

        const { y, ...slopes } = await runGraph(
          (fresh) => buildCase(fresh, one, dim),
          feeds,
          {},
          engine,
        );

        expect(y.shape).toEqual(expected.shape);
        expect(y.dtype).toBe(declared.y.dtype);
        const own = Object.fromEntries(declared.y.shape.map((dim, i) => [dim, expected.shape[i]]));
        const told = concreteShapes(reachable(Object.values(declared)), { ...named, ...own });
        expect(told.get(declared.y)).toEqual(expected.shape);
        expect(numbers(y)).toBeAllClose(expected.data, float32Rounding);
        for (const [key, slope] of Object.entries(slopes)) {
          const i = Number(key.slice(1));
          const differences = centralDifferences(reference, arrays, i, cotangent.data);
          expect(slope.shape).toEqual(inputs[i].shape);
          expect(told.get(declared[key])).toEqual(inputs[i].shape);
          expect(numbers(slope)).toBeAllClose(differences, float32Rounding);
        }
      });
    });
  });
}
