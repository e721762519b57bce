import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Graph, type Value } from '../../src/graph/graph.ts';
import { type ExternalWeight, encodeOnnx, inputsUsed } from '../../src/graph/onnx.ts';
import { castTo } from '../../src/graph/ops/cast.ts';
import { add, div, exp, mul, neg, sub } from '../../src/graph/ops/elementwise.ts';
import { gather } from '../../src/graph/ops/gather.ts';
import {
  concat,
  expandLike,
  reduceSum,
  reshape,
  reshapeLike,
  slice,
  transpose,
} from '../../src/graph/ops/shape.ts';
import { Message } from '../../src/protobuf.ts';
import { inFiles, type WeightLocation } from '../../src/runtime/weight-source.ts';
import { float32, int64 } from '../../src/tensor.ts';
import { messagesAt, operatorsOf, readMessage, textsAt } from './protobuf-reader.ts';
import { numbers, runGraph } from './run.ts';

const ort: typeof Ort = createRequire(import.meta.url)('onnxruntime-node');

const nowhere = (name: string): ExternalWeight => {
  throw new Error(`weight ${name} is not needed`);
};

describe('protobuf', () => {
  test.each<[number | bigint, number[]]>([
    [0, [0]],
    [1, [1]],
    [127, [127]],
    [128, [0x80, 1]],
    [300, [0xac, 2]],
    [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
    [Number.MAX_SAFE_INTEGER, [255, 255, 255, 255, 255, 255, 255, 15]],
    [-1, [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    [-(2n ** 63n), [128, 128, 128, 128, 128, 128, 128, 128, 128, 1]],
  ])('%s is the varint of the specification', (value, bytes) => {
    expect([...new Message().integer(1, value).encode()]).toEqual([0x08, ...bytes]);
  });

  test('a field number above 15 takes a tag of two bytes', () => {
    expect([...new Message().integer(20, 2).encode()]).toEqual([0xa0, 1, 2]);
  });

  test('texts are UTF-8 behind their number of bytes, and messages nest', () => {
    const inner = new Message().text(1, 'né');
    expect([...new Message().message(2, inner).encode()]).toEqual([
      0x12, 5, 0x0a, 3, 0x6e, 0xc3, 0xa9,
    ]);
    expect([...new Message().bytes(1, new Uint8Array()).encode()]).toEqual([0x0a, 0]);
  });
});

test('only what an output needs is written: dead nodes, inputs and weights are not', () => {
  const graph = new Graph();
  const [x, unused] = ['x', 'unused'].map((name) => graph.input(name, 'float32', ['n']));
  exp(add(unused, graph.weight('dead', [1])));
  neg(x);
  graph.output('y', exp(x));
  expect(operatorsOf(encodeOnnx(graph, nowhere))).toEqual(['Exp']);
  expect(inputsUsed(graph)).toEqual(['x']);
});

test('results that nothing else reads stand last, the last made first', () => {
  const graph = new Graph();
  const a = exp(graph.input('x', 'float32', ['n']));
  graph.output('first', neg(a));
  const b = mul(a, a);
  graph.output('second', sub(b, a));
  graph.output('read', b);
  expect(operatorsOf(encodeOnnx(graph, nowhere))).toEqual(['Exp', 'Mul', 'Sub', 'Neg']);
});

test('the model is of IR version 10 and opset 21', () => {
  const graph = new Graph();
  graph.output('y', graph.scalar(1));
  const model = readMessage(encodeOnnx(graph, nowhere));
  expect(model.get(1)).toEqual([10n]);
  expect(messagesAt(model, 8)[0].get(2)).toEqual([21n]);
});

test('sizes keep their names in what the model says of its inputs and outputs', async () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['batch', 'time', 3]);
  graph.output('y', reduceSum(x, { axis: 1 }));
  const session = await ort.InferenceSession.create(encodeOnnx(graph, nowhere));
  expect(session.inputMetadata).toMatchObject([{ name: 'x', shape: ['batch', 'time', 3] }]);
  expect(session.outputMetadata).toMatchObject([{ name: 'y', shape: ['batch', 3] }]);
  await session.release();
});

test('inputs, constants and one value under two names can be outputs', async () => {
  const build = (graph: Graph) => {
    const x = graph.input('x', 'int64', ['n']);
    return { same: x, again: x, five: graph.integers(5), list: graph.integers([-1, 2 ** 40]) };
  };
  const result = await runGraph(build, { x: int64([3, -(2 ** 53) + 1]) });
  expect(result.same).toEqual(int64([3, -(2 ** 53) + 1]));
  expect(result.again).toEqual(result.same);
  expect(result.five).toEqual(int64([5], []));
  expect(result.list).toEqual(int64([-1, 2 ** 40]));
});

test('constants are written with their bits: minus zero, infinities, long ones', async () => {
  const values = [-0, Infinity, -Infinity, 1e-45, ...Array<number>(100).fill(0.1)];
  const { y } = await runGraph((graph) => ({ y: graph.constant(float32(values)) }));
  expect(y).toEqual(float32(values));
  const views = float32(float32(values).data.subarray(2, 4));
  expect((await runGraph((graph) => ({ y: graph.constant(views) }))).y).toEqual(
    float32([-Infinity, 1e-45]),
  );
});

test('an output may be declared once', () => {
  const graph = new Graph();
  graph.output('y', graph.scalar(1));
  expect(() => graph.output('y', graph.scalar(2))).toThrow(
    'internal: output "y" is declared twice',
  );
});

test('an input may be declared again only as what it is', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 2]);
  expect(graph.input('x', 'float32', ['n', 2])).toBe(x);
  const call = () => graph.input('x', 'int64', ['n', 2]);
  expect(call).toThrow('input x: expected float32 [n,2], got int64 [n,2].');
});

describe('weights', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tactful-weights-'));
    const floats = new Uint8Array(Float32Array.of(1.5, -2, 1e-3).buffer);
    // float16: 1.5, -2, 65504, 2^-24 (subnormal); bfloat16: 1.5, -2, 3.3895e38, 2^-126
    const half = new Uint8Array(Uint16Array.of(0x3e00, 0xc000, 0x7bff, 0x0001).buffer);
    const brain = new Uint8Array(Uint16Array.of(0x3fc0, 0xc000, 0x7f7f, 0x0080).buffer);
    const header = new Uint8Array(7).fill(255); // an odd offset, as after a safetensors header
    await writeFile(join(folder, 'w.bin'), Buffer.concat([header, floats, half, brain]));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const at = (offset: number, length: number, dtype: WeightLocation['dtype'] = 'float32') => ({
    weights: inFiles(() => ({ file: join(folder, 'w.bin'), offset, length, dtype })),
  });

  test('a weight points to its bytes in the file, and is not in the model', async () => {
    const graph = new Graph();
    graph.output('y', graph.weight('layer.0.weight', [3]));
    const place = { location: 'w.bin', offset: 7, length: 12, dtype: 'float32' } as const;
    const [body] = messagesAt(readMessage(encodeOnnx(graph, () => place)), 7);
    const [tensor] = messagesAt(body, 5);
    const entries = messagesAt(tensor, 13).map((entry) => [
      ...textsAt(entry, 1),
      ...textsAt(entry, 2),
    ]);
    expect(textsAt(tensor, 8)).toEqual(['layer.0.weight']);
    expect(entries).toEqual([
      ['location', 'w.bin'],
      ['offset', '7'],
      ['length', '12'],
    ]);
    expect([tensor.get(14), tensor.get(9)]).toEqual([[1n], undefined]);
  });

  test('a float32 weight is read from its place in the file', async () => {
    const { y } = await runGraph((graph) => ({ y: graph.weight('w', [3, 1]) }), {}, at(7, 12));
    expect(y).toEqual(float32([1.5, -2, 1e-3], [3, 1]));
  });

  test('a float16 weight is cast to float32 without an error in any bit', async () => {
    const build = (graph: Graph) => ({ y: graph.weight('w', [4]) });
    const { y } = await runGraph(build, {}, at(19, 8, 'float16'));
    expect(y).toEqual(float32([1.5, -2, 65504, 2 ** -24]));
  });

  test('a bfloat16 weight is cast to float32 without an error in any bit', async () => {
    const build = (graph: Graph) => ({ y: graph.weight('w', [4]) });
    const { y } = await runGraph(build, {}, at(27, 8, 'bfloat16'));
    expect(y).toEqual(float32([1.5, -2, (2 - 2 ** -7) * 2 ** 127, 2 ** -126]));
  });

  test('a 16-bit weight serves many uses', async () => {
    const build = (graph: Graph) => {
      const w = graph.weight('w', [4]);
      return { y: add(w, mul(w, graph.input('x', 'float32', []))) };
    };
    const { y } = await runGraph(build, { x: float32([-1], []) }, at(19, 8, 'float16'));
    expect(y).toEqual(float32([0, 0, 0, 0]));
  });

  test('files of two folders are refused where the model refers to them, with both names', async () => {
    const build = (graph: Graph) => ({ y: add(graph.weight('a', [3]), graph.weight('b', [3])) });
    const weights = inFiles((name) => {
      return { file: `/models/${name}/w.bin`, offset: 0, length: 12, dtype: 'float32' };
    });
    const expected = 'weights: expected all files in /models/a, got /models/b/w.bin.';
    await expect(runGraph(build, {}, { weights, prepack: true })).rejects.toThrow(expected);
  });

  test('a graph with weights cannot be compiled without them', async () => {
    const run = runGraph((graph) => ({ y: graph.weight('layer', [3]) }));
    await expect(run).rejects.toThrow('internal: the graph needs weight "layer"');
  });
});

describe('simplifications', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 3]);
  const [zero, one] = [graph.scalar(0), graph.scalar(1)];

  test.each<[string, Value]>([
    ['x + 0', add(x, zero)],
    ['0 + x', add(zero, x)],
    ['x - 0', sub(x, zero)],
    ['x * 1', mul(x, one)],
    ['1 * x', mul(one, x)],
    ['x / 1', div(x, one)],
    ['-(-x)', neg(neg(x))],
    ['x cast to its own type', castTo(x, 'float32')],
    ['x with its axes in order', transpose(x, { perm: [0, 1] })],
    ['x transposed twice', transpose(transpose(x, { perm: [1, 0] }), { perm: [1, 0] })],
    ['x in its own shape', reshape(x, ['n', 3])],
    ['x in the shape of x', reshapeLike(x, x)],
    ['x reshaped away and back', reshapeLike(reshape(x, ['all']), x)],
    ['x expanded to itself', expandLike(x, x)],
    ['x summed over no axes', reduceSum(x, { axis: [] })],
  ])('%s is x', (_, value) => {
    expect(value).toBe(x);
  });

  test.each<[string, Value]>([
    ['0 - x', sub(zero, x)],
    ['1 / x', div(one, x)],
    ['x + 1', add(x, one)],
    ['x * 0', mul(x, zero)],
    [
      'x + a zero of shape [1, 1, 1], which adds axes',
      add(x, graph.constant(float32([0], [1, 1, 1]))),
    ],
  ])('%s is not x', (_, value) => {
    expect(value).not.toBe(x);
  });

  test('two transpositions become one', async () => {
    const build = (fresh: Graph) => {
      const input = fresh.input('x', 'float32', [2, 1, 3]);
      const y = transpose(transpose(input, { perm: [1, 2, 0] }), { perm: [1, 0, 2] });
      expect(y.source).toMatchObject({ inputs: [input], attributes: { perm: [2, 1, 0] } });
      return { y };
    };
    const { y } = await runGraph(build, { x: float32([1, 2, 3, 4, 5, 6], [2, 1, 3]) });
    expect([y.shape, numbers(y)]).toEqual([
      [3, 1, 2],
      [1, 4, 2, 5, 3, 6],
    ]);
  });
});

describe('wrong shapes are refused when the graph is built', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 3]);
  const y = graph.input('y', 'float32', ['m', 4]);

  test.each<[string, () => Value]>([
    ['add: expected shapes that broadcast, got [n,3] and [m,4].', () => add(x, y)],
    [
      'concat along 0: expected [n,3] but for that axis, got [m,4].',
      () => concat(x, y, { axis: 0 }),
    ],
    [
      'slice: expected a part of axis 1 of [n,3], got 2 to 4.',
      () => slice(x, { axis: 1, start: 2, end: 4 }),
    ],
    [
      'slice: expected a part of axis 0 of [n,3], got -1 to 2.',
      () => slice(x, { axis: 0, start: -1, end: 2 }),
    ],
    ['internal: axis 2 of [n,3]', () => reduceSum(x, { axis: 2 })],
    [
      'internal: reshape: [a,b] cannot be told from [n,3]; use reshapeLike',
      () => reshape(x, ['a', 'b']),
    ],
  ])('%s', (message, call) => {
    expect(call).toThrow(message);
  });

  test('a reshape keeps the number of elements', () => {
    const call = () => reshape(graph.integers([1, 2, 3]), [2, 2]);
    expect(call).toThrow('reshape: expected 3 elements of [3], got [2,2].');
  });
});

test('two gathers along lists of other lengths do not mix up their sizes', async () => {
  const build = (graph: Graph) => {
    const table = graph.input('table', 'float32', ['rows', 2]);
    const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'int64', [name]));
    return { y: concat(gather(table, a), gather(table, b), { axis: 0 }) };
  };
  const feeds = { table: float32([1, 2, 3, 4], [2, 2]), a: int64([1]), b: int64([0, 1, 0]) };
  const { y } = await runGraph(build, feeds);
  expect([y.shape, numbers(y)]).toEqual([
    [4, 2],
    [3, 4, 1, 2, 3, 4, 1, 2],
  ]);
});
