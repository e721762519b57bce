/** What every Engine does; each implementation runs this suite. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Value } from '../../src/graph/graph.ts';
import { castTo } from '../../src/graph/ops/cast.ts';
import { add, exp, less, mul, tanh, where } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/linear.ts';
import { concat, reduceSum } from '../../src/graph/ops/shape.ts';
import { randomStream } from '../../src/random.ts';
import type { CompileOptions, Engine, Session } from '../../src/runtime/engine.ts';
import { inFiles } from '../../src/runtime/weight-source.ts';
import { float32, int64, type Tensor } from '../../src/tensor.ts';

const bool = (values: number[], shape = [values.length]): Tensor => {
  return { dtype: 'bool', shape, data: Uint8Array.from(values) };
};

/** A tensor of normal numbers that is always the same. */
function noise(...shape: number[]): Tensor<'float32'> {
  const { normal } = randomStream(1, ['engine contract', ...shape]);
  const size = shape.reduce((all, dim) => all * dim, 1);
  return float32(Array.from({ length: size }, normal), shape);
}

interface Habits {
  /** Whether int64 keeps what int32 cannot hold. @default true */
  readonly longIntegers?: boolean;
}

/** `open` gives an engine of its own; the suite closes it. */
export function engineContract(
  name: string,
  open: () => Promise<Engine>,
  { longIntegers = true }: Habits = {},
): void {
  describe(`${name} is an engine`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    const compile = (
      build: (graph: Graph) => Record<string, Value>,
      options: CompileOptions = {},
      on = engine,
    ): Promise<Session> => {
      const graph = new Graph();
      for (const [output, value] of Object.entries(build(graph))) graph.output(output, value);
      return on.compile(graph, options);
    };
    const vector = (graph: Graph, input = 'x') => graph.input(input, 'float32', ['n']);
    const double = (graph: Graph) => ({ y: add(vector(graph), vector(graph)) });
    /** total + x, kept as the next run's total. */
    const running = () =>
      compile(
        (graph) => {
          const total = add(vector(graph, 'total'), vector(graph));
          return { next: total, sum: reduceSum(total) };
        },
        { keep: { next: 'total' } },
      );

    test('it says what it is', () => {
      expect(engine.description).toMatch(/\S+/);
    });

    test('a run gives each output by name with its type, shape and elements', async () => {
      const session = await compile((graph) => {
        const x = graph.input('x', 'float32', ['n', 2]);
        return { x2: add(x, x), small: less(x, graph.scalar(2)), whole: castTo(x, 'int64') };
      });
      expect(session.inputs).toEqual(['x']);
      expect(await session.run({ x: float32([1, 2, 3, 4], [2, 2]) })).toEqual({
        x2: float32([2, 4, 6, 8], [2, 2]),
        small: bool([1, 0, 0, 0], [2, 2]),
        whole: int64([1, 2, 3, 4], [2, 2]),
      });
    });

    test('int64, bool and float32 inputs arrive as they are, views of larger arrays too', async () => {
      const session = await compile((graph) => {
        const [a, b] = ['a', 'b'].map((input) => graph.input(input, 'int64', ['n']));
        return { y: where(graph.input('yes', 'bool', ['n']), a, b), z: vector(graph) };
      });
      const z = float32(Float32Array.of(9, 0.1, -0, Infinity, 9).subarray(1, 4));
      const long = longIntegers ? 2 ** 53 : 2 ** 31 - 1;
      const feeds = {
        a: int64([1, -long, 3]),
        b: int64([4, 5, long]),
        yes: bool([0, 1, 0]),
        z,
      };
      const result = await session.run({ a: feeds.a, b: feeds.b, yes: feeds.yes, x: z });
      expect(result).toEqual({
        y: int64([4, -long, long]),
        z: float32([0.1, -0, Infinity]),
      });
    });

    test('a session runs at any size of its symbolic axes, none at all included', async () => {
      const session = await compile((graph) => {
        const x = graph.input('x', 'float32', ['n', 2]);
        const loss = reduceSum(mul(x, x));
        return { loss, dx: gradients(loss, [x])[0], longer: concat(x, x, { axis: 0 }) };
      });
      const none = float32([], [0, 2]);
      expect(await session.run({ x: none })).toEqual({
        loss: float32([0], []),
        dx: none,
        longer: none,
      });
      const { dx } = await session.run({ x: float32([1, 2, 3, 4, 5, 6], [3, 2]) });
      expect(dx).toEqual(float32([2, 4, 6, 8, 10, 12], [3, 2]));
      expect((await session.run({ x: float32([1, 2], [1, 2]) })).longer.shape).toEqual([2, 2]);
    });

    test('inputs are left as they were', async () => {
      const session = await compile(double);
      const x = float32([1, 2]);
      const [first] = [await session.run({ x }), await session.run({ x })];
      expect([x, first.y]).toEqual([float32([1, 2]), float32([2, 4])]);
    });

    test('the same run twice gives the same bits', async () => {
      const session = await compile((graph) => {
        const x = graph.input('x', 'float32', ['n', 65]);
        const loss = reduceSum(tanh(matmul(x, graph.constant(noise(65, 33)))));
        return { loss, dx: gradients(loss, [x])[0] };
      });
      const x = noise(17, 65);
      expect(await session.run({ x })).toEqual(await session.run({ x }));
    });

    test('an input that is not fed is looked up in the states, first to last; a fed one is not', async () => {
      const session = await compile(double);
      const [first, second] = [
        await engine.state({ x: float32([1]) }),
        await engine.state({ x: float32([2]) }),
      ];
      const empty = await engine.state();
      expect((await session.run({}, first, second)).y).toEqual(float32([2]));
      expect((await session.run({}, empty, second, first)).y).toEqual(float32([4]));
      expect((await session.run({ x: float32([5]) }, first)).y).toEqual(float32([10]));
    });

    test('writing to a state replaces tensors of the same name, and keeps the others', async () => {
      const session = await compile((graph) => ({
        y: add(vector(graph, 'a'), vector(graph, 'b')),
      }));
      const state = await engine.state({ a: float32([1, 2]), b: float32([10, 20]) });
      await state.write({ a: float32([3]), b: float32([30]) });
      expect((await session.run({}, state)).y).toEqual(float32([33]));
      await state.write({ b: float32([40]) });
      expect((await session.run({}, state)).y).toEqual(float32([43]));
    });

    test('a state holds what was written, whatever becomes of the array it came from', async () => {
      const session = await compile(double);
      const x = float32([1, 2]);
      const state = await engine.state({ x });
      x.data.fill(9);
      expect((await session.run({}, state)).y).toEqual(float32([2, 4]));
    });

    test('a kept output stays in the last state as an input of the next run', async () => {
      const session = await running();
      const [other, state] = [await engine.state(), await engine.state({ total: float32([0, 0]) })];
      const x = float32([1, 2]);
      const sums = [];
      for (let i = 0; i < 3; i++) sums.push(await session.run({ x }, other, state));
      // the first state is searched first, and has no total: the kept one went to the last
      expect(sums).toEqual([3, 6, 9].map((sum) => ({ sum: float32([sum], []) })));
      await state.write({ total: float32([0, 1]) });
      expect(await session.run({ x }, state)).toEqual({ sum: float32([4], []) });
    });

    test('an appended output adds its rows behind those of the last state', async () => {
      const session = await compile(
        (graph) => {
          const rows = graph.input('rows', 'float32', ['t', 2]);
          return {
            sums: reduceSum(rows, { axis: 1 }),
            next: graph.input('row', 'float32', [1, 2]),
          };
        },
        { append: { next: 'rows' } },
      );
      const state = await engine.state({ rows: float32([1, 2], [1, 2]) });
      const run = async (x: number) =>
        Array.from((await session.run({ row: float32([x, 0], [1, 2]) }, state)).sums.data, Number);
      // a run sees the rows of the runs before it
      expect([await run(10), await run(20), await run(30)]).toEqual([[3], [3, 10], [3, 10, 20]]);
      await state.write({ rows: float32([5, 5], [1, 2]) });
      expect([await run(40), await run(50), await run(0)]).toEqual([[10], [10, 40], [10, 40, 50]]);
    });

    test('of the tensors of a state some rows can be kept, and it grows on from there', async () => {
      const session = await compile(
        (graph) => {
          const rows = graph.input('rows', 'float32', ['t', 'n']);
          const next = graph.input('row', 'float32', [1, 'n']);
          const y = add(reduceSum(rows, { axis: 0 }), graph.input('own', 'float32', ['n']));
          return { y, next };
        },
        { append: { next: 'rows' } },
      );
      const state = await engine.state({
        rows: float32([1, 2, 3, 4, 10, 20, 30, 40], [2, 4]),
        own: float32([100, 200, 300, 400]),
      });
      await state.select({ rows: 1, own: 0 }, [1, 3]);
      const row = float32([5, 6], [1, 2]);
      expect((await session.run({ row }, state)).y).toEqual(float32([222, 444]));
      expect((await session.run({ row }, state)).y).toEqual(float32([227, 450]));
      await state.select({ rows: 1, own: 0 }, [1]);
      const one = float32([7], [1, 1]);
      expect((await session.run({ row: one }, state)).y).toEqual(float32([456]));
    });

    test('states do not see each other', async () => {
      const session = await running();
      const states = await Promise.all(
        [0, 100].map((total) => engine.state({ total: float32([total]) })),
      );
      await Promise.all(states.map((state) => session.run({ x: float32([1]) }, state)));
      const runs = states.map((state) => session.run({ x: float32([1]) }, state));
      expect(await Promise.all(runs)).toEqual([2, 102].map((sum) => ({ sum: float32([sum], []) })));
    });

    test('calls that do not wait for each other are answered each with its own result', async () => {
      const [twice, power] = await Promise.all([
        compile(double),
        compile((g) => ({ y: exp(vector(g)) })),
      ]);
      const numbers = Array.from({ length: 40 }, (_, i) => i / 8);
      const answers = await Promise.all(
        numbers.map((x, i) => (i % 2 ? twice : power).run({ x: float32([x]) })),
      );
      const expected = numbers.map((x, i) => (i % 2 ? 2 * x : Math.exp(x)));
      expect(answers.map(({ y }) => y.data[0])).toBeAllClose(expected, { rtol: 1e-6 }); // float32
    });

    test('a failed run leaves the session as it was', async () => {
      const session = await compile(double);
      await expect(session.run({})).rejects.toThrow();
      expect((await session.run({ x: float32([1]) })).y).toEqual(float32([2]));
    });

    describe('weights', () => {
      let folder = '';
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'tactful-engine-'));
        await writeFile(
          join(folder, 'w.bin'),
          new Uint8Array(Float32Array.of(0, 1, 2, 3, 4).buffer),
        );
      });
      afterAll(() => rm(folder, { recursive: true }));
      const place = { offset: 4, length: 16, dtype: 'float32' as const };
      const weights = inFiles(() => ({ file: join(folder, 'w.bin'), ...place }));
      const times = (graph: Graph) => {
        const x = graph.input('x', 'float32', ['n', 2]);
        return { y: matmul(x, graph.weight('w', [2, 2])) };
      };

      test.each([{}, { prepack: true }, { keepsMemory: true }])(
        'are read from their file (%o)',
        async (options) => {
          const session = await compile(times, { weights, ...options });
          expect(session.inputs).toEqual(['x']);
          const { y } = await session.run({ x: float32([1, 0, 0, 1], [2, 2]) });
          expect(y).toEqual(float32([1, 2, 3, 4], [2, 2]));
        },
      );

      test.each([{}, { prepack: true }])(
        'are read where they are not in a file (%o)',
        async (options) => {
          const held = (...values: number[]) => ({ read: async () => Float32Array.from(values) });
          const sessions = await Promise.all([
            compile(times, { weights: held(1, 2, 3, 4), ...options }),
            compile(times, { weights: held(5, 6, 7, 8), ...options }),
          ]);
          const x = float32([1, 0, 0, 1], [2, 2]);
          const answers = await Promise.all(sessions.map((session) => session.run({ x })));
          expect(answers.map(({ y }) => [...y.data])).toEqual([
            [1, 2, 3, 4],
            [5, 6, 7, 8],
          ]);
        },
      );

      test('serve several sessions, and outlive one of them', async () => {
        const [first, second] = await Promise.all([
          compile(times, { weights }),
          compile(times, { weights }),
        ]);
        await first.close();
        const { y } = await second.run({ x: float32([1, 1], [1, 2]) });
        expect(y).toEqual(float32([4, 6], [1, 2]));
      });

      test('that are not in the file are an error', async () => {
        const gone = inFiles(() => ({ file: join(folder, 'gone.bin'), ...place }));
        await expect(compile(times, { weights: gone })).rejects.toThrow('gone.bin');
      });
    });

    describe('a wrong call', () => {
      const twoInputs = (graph: Graph) => ({
        y: add(graph.input('a', 'float32', ['n', 3]), graph.input('b', 'float32', ['n', 1])),
      });
      const a = float32([1, 2, 3], [1, 3]);
      const b = float32([1], [1, 1]);

      test.each<[string, Record<string, Tensor>]>([
        ['run: the graph has no input "c"', { a, b, c: b }],
        ['run: input "b" is neither fed nor in a state', { a }],
        ['run: "a" is int64 [1,3], not float32 [n,3]', { a: int64([1, 2, 3], [1, 3]), b }],
        ['run: "a" is float32 [3], not float32 [n,3]', { a: float32([1, 2, 3]), b }],
        ['run: "a" is float32 [1,2], not float32 [n,3]', { a: float32([1, 2], [1, 2]), b }],
        ['run: n is 1 in "a", but 2 in "b"', { a, b: float32([1, 2], [2, 1]) }],
        ['run: "b" is [1,1], but has 2 elements', { a, b: { ...b, data: new Float32Array(2) } }],
      ])('says what is wrong: %s', async (message, feeds) => {
        const session = await compile(twoInputs);
        const error = await session.run(feeds).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: 'INTERNAL', message: `internal: ${message}` });
      });

      test('to keep outputs without a state says so', async () => {
        const session = await running();
        const run = session.run({ x: float32([1]), total: float32([1]) });
        await expect(run).rejects.toThrow(
          'outputs are kept, but no state was given to keep them in',
        );
      });

      test('to compile a graph that the engine cannot is an error with a code', async () => {
        // int64 and float32 do not add
        const wrong = (graph: Graph) => ({
          y: add(vector(graph), graph.input('i', 'int64', ['n'])),
        });
        const error = await compile(wrong).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: 'INTERNAL' });
        expect(String(error)).toContain('refused the graph');
      });
    });

    describe('after a close', () => {
      const x = float32([1]);

      test('a session refuses to run, and may be closed again', async () => {
        const session = await compile(double);
        await session.close();
        await expect(session.run({ x })).rejects.toThrow(/^internal: session \d+ is closed$/);
        await session.close();
      });

      test('a state refuses to be read and written', async () => {
        const [session, state] = [await compile(double), await engine.state({ x })];
        await state.close();
        await expect(session.run({}, state)).rejects.toThrow(/^internal: state \d+ is closed$/);
        await expect(state.write({ x })).rejects.toThrow(/^internal: state \d+ is closed$/);
      });

      test('an engine refuses everything but another close', async () => {
        const own = await open();
        const [session, state] = [await compile(double, {}, own), await own.state({ x })];
        await own.close();
        const refused = { code: 'ENGINE_CLOSED', message: 'internal: the engine is closed' };
        await expect(session.run({ x })).rejects.toMatchObject(refused);
        await expect(state.write({ x })).rejects.toMatchObject(refused);
        await expect(own.state()).rejects.toMatchObject(refused);
        await expect(compile(double, {}, own)).rejects.toMatchObject(refused);
        await Promise.all([session.close(), state.close(), own.close()]);
      });
    });
  });
}
