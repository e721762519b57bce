/** OpenVINO's library is optional: with `TACTFUL_OPENVINO` set, these tests run on it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { add, mul } from '../../src/graph/ops/elementwise.ts';
import { gemm } from '../../src/graph/ops/linear.ts';
import { loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { hasBf16 } from '../../src/runtime/cpu.ts';
import { type Engine, engineOver } from '../../src/runtime/engine.ts';
import { engines } from '../../src/runtime/engines.ts';
import { openVinoBackend } from '../../src/runtime/openvino.ts';
import { libraryIn } from '../../src/runtime/openvino-files.ts';
import { encodeForOpenVino } from '../../src/runtime/openvino-graph.ts';
import { startWorker } from '../../src/runtime/remote.ts';
import { selfTest, tolerances } from '../../src/runtime/self-test.ts';
import { inFiles, type WeightSource } from '../../src/runtime/weight-source.ts';
import { float32 } from '../../src/tensor.ts';
import { engineContract } from '../contract/engine.ts';
import { openEngine } from '../engine.ts';
import { goldenPath, goldenTensors } from '../golden.ts';
import { narrowEngine } from '../narrow-engine.ts';
import { supervised } from '../tensors.ts';

const folder = process.env.TEST_OPENVINO;
const library = folder ? await libraryIn(folder) : undefined;
const waves = (count: number, speed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(speed * i + i * i));
const why = folder ? `no library in ${folder}` : 'TACTFUL_OPENVINO is not set';

describe.skipIf(!library)(`OpenVINO${library ? '' : ` (skipped: ${why})`}`, () => {
  const options = { library: library!, precision: 'f32' as const, threads: 1 };
  const habits = { longIntegers: false };
  const inThread = () => openEngine('openvino', options);
  engineContract('in this thread', inThread, habits);
  engineContract('in a worker', () => startWorker({ engine: 'openvino', ...options }), habits);

  let engine: Engine;
  let trusted: Engine;
  beforeAll(async () => {
    engine = await inThread();
    trusted = await openEngine('onnxruntime', { threads: 1 });
  });
  afterAll(() => Promise.all([engine.close(), trusted.close()]));

  test('it tells its version, its precision and its threads', () => {
    expect(engine.description).toMatch(/^openvino \d{4}\.\d+\.\d+ cpu f32, 1 thread$/);
    expect(engine.precision).toBe('f32');
  });

  test.runIf(hasBf16())(
    'what would be a denormal number is 0 in bf16, in every thread',
    async () => {
      const two = await openEngine('openvino', { ...options, threads: 2, precision: 'bf16' });
      const graph = new Graph();
      const x = graph.input('x', 'float32', ['n', 1024]);
      graph.output('y', mul(x, x));
      const session = await two.compile(graph);
      const data = new Float32Array(512 * 1024).fill(1e-20); // squared: 1e-40, and the least normal one is 1.2e-38
      const { y } = await session.run({ x: float32(data, [512, 1024]) });
      expect((y.data as Float32Array).every((number) => number === 0)).toBe(true);
      await two.close();
    },
  );

  test('it passes the self-test', async () => {
    const result = await selfTest(engine, trusted, tolerances.f32);
    expect(result).toMatchObject({ passed: true });
  });

  test('where bf16 is there, it passes the self-test in bf16; else it computes in f32', async () => {
    const half = await openEngine('openvino', { ...options, precision: 'bf16' });
    if (hasBf16()) expect(half.precision).toBe('bf16');
    const result = await selfTest(half, trusted, tolerances[half.precision]);
    expect(result).toMatchObject({ passed: true });
    await half.close();
  });

  test.runIf(hasBf16())(
    'a product in bf16 is read as it was summed up, and rounded where the next one reads it',
    async () => {
      const half = await openEngine('openvino', { ...options, precision: 'bf16' });
      const [narrow, graph] = [await narrowEngine(), new Graph()];
      const x = graph.input('x', 'float32', ['n', 16]);
      const sides = { transA: false, transB: true };
      for (const [name, w] of Object.entries({
        weight: graph.constant(float32(waves(256, 2), [16, 16])),
        input: graph.input('w', 'float32', [16, 16]),
      })) {
        const y = gemm(x, w, sides);
        graph.output(`${name} both`, add(y, gemm(y, w, sides)));
        graph.output(`${name} alone`, mul(gemm(x, y, sides), y.graph.scalar(2)));
      }
      const feeds = { x: float32(waves(256, 1), [16, 16]), w: float32(waves(256, 3), [16, 16]) };
      const [mine, simulated] = await Promise.all(
        [half, narrow].map(async (each) => (await each.compile(graph)).run(feeds)),
      );
      for (const [name, { data }] of Object.entries(simulated)) {
        // sums of 16 in another order: far below a rounding to bfloat16, but where one falls to the other side
        const off = (mine[name].data as Float32Array).map((y, i) => Math.abs(y - Number(data[i])));
        expect(off.filter((error) => error > 1e-4).length, name).toBeLessThan(6);
      }
      await Promise.all([half.close(), narrow.close()]);
    },
  );

  test.runIf(/2641$/.test(`${library}`))(
    'the self-test notices that 2026.4.1 takes one square constant for its transposed self',
    async () => {
      const backend = openVinoBackend(options);
      const encode = (graph: Graph, weights: WeightSource) =>
        encodeForOpenVino(graph, weights, { separateSquares: false });
      const naive = await engineOver(backend, { ...engines.openvino, encode });
      const result = await selfTest(naive, trusted, tolerances.bf16);
      expect(result).toMatchObject({ passed: false });
      await naive.close();
    },
  );

  describe('a T5 with an adapter', () => {
    const source = {
      model: goldenPath('t5', 'model'),
      adapter: goldenPath('lora', 'adapter_safetensors'),
    };
    let policies: Policy[];
    beforeAll(async () => {
      const loaded = [engine, trusted].map((each) => loadPolicy(each, source));
      policies = (await Promise.all(loaded)).map(({ policy }) => policy);
    });
    afterAll(() => Promise.all(policies.map((policy) => policy.close())));

    test('has the loss and the gradients that ONNX Runtime has', async () => {
      const { sequences, weights } = supervised(await goldenTensors('lora', 'forward.safetensors'));
      const [mine, theirs] = await Promise.all(
        policies.map((policy) => policy.gradient(crossEntropy, sequences, { weights })),
      );
      expect([mine.loss]).toBeAllClose([theirs.loss], { rtol: 1e-5 }); // float32, other order of sums
      expect(mine.gradients.size).toBe(theirs.gradients.size);
      for (const [name, { data }] of theirs.gradients) {
        const size = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
        expect(mine.gradients.get(name)!.data).toBeAllClose(data, {
          atol: 1e-4 * size,
          rtol: 1e-3,
        });
      }
    });

    test.runIf(hasBf16())('scores in bf16 what it learns from, to the bit', async () => {
      const half = await openEngine('openvino', { ...options, precision: 'bf16' });
      const { policy } = await loadPolicy(half, source);
      const { sequences, weights } = supervised(await goldenTensors('lora', 'forward.safetensors'));
      const learnt = await policy.gradient(crossEntropy, sequences, { weights });
      expect(await policy.score(sequences)).toEqual(learnt.scores);
      const exact = await policies[1].score(sequences);
      expect(learnt.scores[0].logprobs).not.toEqual(exact[0].logprobs);
      await policy.close();
      await half.close();
    });

    test.runIf(hasBf16())(
      'scores a row the same in bf16, whoever shares its run and whenever',
      async () => {
        const half = await openEngine('openvino', { ...options, precision: 'bf16' });
        const { policy } = await loadPolicy(half, source);
        const ids = (count: number) => Array.from({ length: count }, (_, i) => 2 + ((i * 7) % 11));
        const lengths = [91, 102, 165, 210];
        const rows = lengths.map((n) => policy.sequence(ids(n), ids(n - 60)));
        const alone = await Promise.all(rows.map((row) => policy.score([row])));
        expect(await policy.score(rows)).toEqual(alone.flat());
        const prompts = rows.map(({ query }) => query);
        const generation = GenerationConfig.parse({ minNewTokens: 30, maxNewTokens: 30 });
        const draw = { seed: 1, key: ['scored'] };
        const made = await policy.generate(prompts, generation, draw, { scored: true });
        const again = made.map(({ response }, i) => policy.sequence(prompts[i], response));
        const scores = await policy.score(again);
        expect(made.map(({ scored }) => scored!.logprobs)).toEqual(
          scores.map((row) => row.logprobs),
        );
        await policy.close();
        await half.close();
      },
    );

    test('generates the same greedy responses', async () => {
      const { sequences } = supervised(await goldenTensors('lora', 'forward.safetensors'));
      const queries = sequences.map(({ query }) => query);
      const config = { sample: false, temperature: 1, topK: 0, topP: 1, minLength: -1 };
      const lengths = { minNewTokens: 0, maxNewTokens: 12 };
      const [mine, theirs] = await Promise.all(
        policies.map((policy) =>
          policy.generate(queries, { ...config, ...lengths }, { seed: 0, key: [] }),
        ),
      );
      expect(mine.map(({ response }) => response)).toEqual(theirs.map(({ response }) => response));
    });
  });

  describe('a decoding, whose past stays in the model', () => {
    const source = { model: goldenPath('t5', 'model') };
    const queries = [
      [5, 6, 7, 8, 1],
      [9, 10, 1],
      [11, 12, 13, 1],
      [14, 15, 16, 17, 18, 1],
    ];
    const config = GenerationConfig.parse({ minNewTokens: 24, maxNewTokens: 24 });
    const draw = { seed: 7, key: ['decoding'] };
    let policies: Policy[];
    beforeAll(async () => {
      const loaded = [engine, trusted].map((each) => loadPolicy(each, source));
      policies = (await Promise.all(loaded)).map(({ policy }) => policy);
    });
    afterAll(() => Promise.all(policies.map((policy) => policy.close())));

    test.each<[string, readonly number[] | undefined, object]>([
      ['all rows to the end', undefined, {}],
      ['rows that leave one after another', [3, 24, 9, 16], {}],
      ['tokens that the caller draws', [3, 24, 9, 16], { topK: 20 }],
    ])(
      'gives tokens the log-probabilities that ONNX Runtime scores them with: %s',
      async (_, maxNewTokens, more) => {
        const [mine, theirs] = policies;
        const drawn = await mine.generate(queries, { ...config, ...more }, draw, { maxNewTokens });
        expect(drawn.map(({ response }) => response.length)).toEqual(
          maxNewTokens ?? Array(4).fill(24),
        );
        const sequences = drawn.map(({ response }, row) => theirs.sequence(queries[row], response));
        for (const [row, { logprobs }] of (await theirs.score(sequences)).entries()) {
          expect(drawn[row].logprobs).toBeAllClose(logprobs, { atol: 1e-4, rtol: 1e-4 });
        }
      },
    );

    test('has nothing of the one before, nor of one beside it', async () => {
      const [policy] = policies;
      const alone = await policy.generate(queries, config, draw);
      const [again, other] = await Promise.all([
        policy.generate(queries, config, draw),
        policy.generate(queries.toReversed(), config, draw),
      ]);
      expect(again).toEqual(alone);
      expect(other).not.toEqual(alone);
    });
  });

  describe('weights', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const twice = (graph: Graph) => {
      const x = graph.input('x', 'float32', ['n', 2]);
      const product = (name: string, y = x) =>
        gemm(y, graph.weight(name, [2, 2]), { transA: false, transB: true });
      graph.output('y', product('b', product('a')));
      return graph;
    };
    let folders: string[];
    beforeAll(async () => {
      const paths = ['a', 'b'].map((name) => join(tmpdir(), `tactful-openvino-${name}-`));
      folders = await Promise.all(paths.map((path) => mkdtemp(path)));
      for (const one of folders) await writeFile(join(one, 'w.bin'), new Uint8Array(data.buffer));
    });
    afterAll(() => Promise.all(folders.map((one) => rm(one, { recursive: true }))));
    const weight = (folder: string) => {
      return { file: join(folder, 'w.bin'), offset: 0, length: 16, dtype: 'float32' as const };
    };
    const x = float32([1, 0, 0, 1], [2, 2]);

    test('of several folders are mapped', async () => {
      const weights = inFiles((name) => weight(folders['ab'.indexOf(name)]));
      const session = await engine.compile(twice(new Graph()), { weights });
      const { y } = await session.run({ x });
      const { y: same } = await (
        await trusted.compile(twice(new Graph()), { weights: inFiles(() => weight(folders[0])) })
      ).run({ x });
      expect(y).toEqual(same);
    });
  });
});
