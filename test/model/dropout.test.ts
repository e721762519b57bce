import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { sequenceOf } from '../../src/model/batch.ts';
import { type Dropout, noiseOf } from '../../src/model/dropout.ts';
import { type LoadPolicyOptions, loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { drop, dropWeights } from '../../src/nn/dropout.ts';
import { singleRows } from '../../src/nn/rows.ts';
import { rootScope } from '../../src/nn/scope.ts';
import { drawOf, uniform } from '../../src/random.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32 } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { move, tinyLora, tinyModelFolder, tinySequences, tinyT5 } from './tiny.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const sequences = tinySequences();
const queries = sequences.map(({ query }) => query);
const weights = sequences.map(({ labels }) => new Float32Array(labels.length).fill(0.05));
const draw = { seed: 5, key: [] };
const dropout: Dropout = { rates: { model: 0.1, adapter: 0.3 }, draw };

/** A policy that has moved away from where adapters start. */
async function moved(options: Partial<LoadPolicyOptions> = {}): Promise<Policy> {
  const model = await tinyModelFolder(engine);
  const { policy } = await loadPolicy(engine, {
    model,
    lora: tinyLora,
    valueHead: 'zero',
    ...options,
  });
  await move(policy);
  return policy;
}

describe('what is dropped', () => {
  const [tokens, width, rate] = [512, 96, 0.1];
  const share = (dropped: Uint8Array) =>
    dropped.reduce((sum, one) => sum + one, 0) / dropped.length;
  /** Share of elements that are dropped in both. */
  const both = (a: Uint8Array, b: Uint8Array) => share(a.map((one, i) => one & b[i]));
  let places: Record<'one' | 'other' | 'weights', Uint8Array>;

  beforeAll(async () => {
    const graph = new Graph();
    const { scope } = rootScope(graph, {});
    const x = graph.input('x', 'float32', ['tokens', width]);
    const w = graph.input('w', 'float32', ['tokens', 8, 1, 'source']);
    const p = scope.withNoise(graph.input('noise', 'int32', ['tokens']));
    graph.output('one', drop(p.child('one'), x));
    graph.output('other', drop(p.child('other'), x));
    graph.output('weights', dropWeights(p.child('one'), w, singleRows));
    const session = await engine.compile(graph, { name: 'dropout' });
    const noise = noiseOf(Array.from({ length: tokens }, (_, i) => uniform(1, [i])));
    const ones = (...shape: number[]) =>
      float32(new Float32Array(shape.reduce((a, b) => a * b)).fill(0.9), shape);
    const feeds = { x: ones(tokens, width), w: ones(tokens, 8, 1, 24), noise };
    const results = await session.run({ ...feeds, modelDropout: float32([rate], []) });
    await session.close();
    for (const { data } of Object.values(results)) {
      // what stays is scaled, so that the mean does
      expect(new Set(data as Float32Array)).toEqual(new Set([0, Math.fround(1)]));
    }
    const dropped = (name: string) =>
      Uint8Array.from(results[name].data as Float32Array, (value) => Number(value === 0));
    places = { one: dropped('one'), other: dropped('other'), weights: dropped('weights') };
  });

  // 49,152 and 98,304 elements: a share deviates by 0.0014, one of pairs by 0.0005
  test('is the share that is asked for', () => {
    for (const dropped of Object.values(places)) expect(share(dropped)).toBeCloseTo(rate, 2);
  });

  test('depends neither on the place in the model, nor on the token before, nor on the channel before', () => {
    const { one, other, weights: attention } = places;
    expect(both(one, other)).toBeCloseTo(rate * rate, 2);
    for (const dropped of [one, attention]) {
      for (const distance of [1, 2, 3, 24, width, 2 * width, 8 * 24]) {
        const pairs = both(dropped.subarray(distance), dropped.subarray(0, -distance));
        expect(Math.abs(pairs - rate * rate), `${distance}`).toBeLessThan(0.003);
      }
    }
  });

  test('differs from token to token in number as it should', () => {
    const counts = Array.from({ length: tokens }, (_, i) =>
      places.one.subarray(i * width, (i + 1) * width).reduce((sum, one) => sum + one, 0),
    );
    const mean = counts.reduce((sum, count) => sum + count, 0) / tokens;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (tokens - 1);
    // binomial: 96 · 0.1 · 0.9 = 8.64, whose estimate deviates by a sixteenth
    expect(variance / (width * rate * (1 - rate))).toBeGreaterThan(0.75);
    expect(variance / (width * rate * (1 - rate))).toBeLessThan(1.25);
  });
});

describe('gradients', () => {
  const options = { inputs: { weights } };
  const gradient = (policy: Policy, how?: Dropout) =>
    policy.gradient(crossEntropy, sequences, options.inputs, how && { dropout: how });

  test('with shares of zero are those without dropout', async () => {
    const policy = await moved();
    const none = await gradient(policy, { ...dropout, rates: { model: 0, adapter: 0 } });
    const plain = await gradient(policy);
    expect(none.loss).toBeCloseTo(plain.loss, 6);
    for (const [name, { data }] of plain.gradients) {
      // the same numbers, but for what the engine fuses
      expect(none.gradients.get(name)?.data).toBeAllClose(data, { atol: 1e-6, rtol: 1e-5 });
    }
    await policy.close();
  });

  test.each(['model', 'adapter'] as const)('change with the share of the %s', async (what) => {
    const policy = await moved();
    const plain = await gradient(policy);
    const { loss } = await gradient(policy, {
      draw,
      rates: { model: 0, adapter: 0, [what]: 0.5 },
    });
    expect(Math.abs(loss - plain.loss)).toBeGreaterThan(1e-3);
    await policy.close();
  });

  test.each([
    ['an adapter', {}],
    ['an adapter, with checkpointing', { gradientCheckpointing: true }],
    ['every weight', { lora: undefined, valueHead: 'none', trainable: 'all' }],
  ] as const)('of %s agree with central differences', async (_, trained) => {
    const policy = await moved(trained);
    const { gradients } = await gradient(policy, dropout);
    for (const [name, { data }] of [...policy.parameters.tensors].slice(0, 12)) {
      const at = data.length >> 1;
      const [kept, step] = [data[at], 2 ** -6];
      const loss = async (value: number) => {
        data[at] = value;
        await policy.parameters.commit();
        return (await gradient(policy, dropout)).loss;
      };
      const slope = ((await loss(kept + step)) - (await loss(kept - step))) / (2 * step);
      await loss(kept);
      // float32 losses around 10 / (2 · 2^-6) leave 3e-5; the curve, a hundredth
      expect(Math.abs(gradients.get(name)!.data[at] - slope), name).toBeLessThan(
        1e-3 + 0.02 * Math.abs(slope),
      );
    }
    await policy.close();
  });

  test('are the same for rows one by one, added up', async () => {
    const policy = await moved();
    const together = await gradient(policy, dropout);
    let loss = 0;
    for (const [i, sequence] of sequences.entries()) {
      const own: Dropout = { ...dropout, draw: drawOf(draw, [i]) };
      const inputs = { weights: [weights[i]] };
      loss += (await policy.gradient(crossEntropy, [sequence], inputs, { dropout: own })).loss;
    }
    expect(loss).toBeCloseTo(together.loss, 5);
    await policy.close();
  });
});

describe('generation', () => {
  const sampling = GenerationConfig.parse({ maxNewTokens: 12 });
  const choose = { seed: 7, key: [] };

  test('drops what a pass over the whole response drops', async () => {
    const policy = await moved();
    const asked = [...queries, queries[0]]; // a prompt twice
    const made = await policy.generate(asked, sampling, choose, { dropout });
    const whole = made.map(({ response }, i) =>
      sequenceOf(asked[i], response, tinyT5.decoderStartId),
    );
    const zeros = { weights: whole.map(({ labels }) => new Float32Array(labels.length)) };
    const { scores } = await policy.gradient(crossEntropy, whole, zeros, { dropout });
    const plain = await policy.score(whole);
    for (const [i, { logprobs, values }] of made.entries()) {
      expect(logprobs).toBeAllClose(scores[i].logprobs, { atol: 1e-5, rtol: 1e-5 });
      expect(values).toBeAllClose(scores[i].values, { atol: 1e-5, rtol: 1e-5 });
      expect(logprobs).not.toBeAllClose(plain[i].logprobs, { atol: 1e-3, rtol: 1e-3 });
    }
    await policy.close();
  });

  test('is the same whatever else is in the batch', async () => {
    const policy = await moved();
    const together = await policy.generate(queries, sampling, choose, { dropout });
    for (const [row, query] of queries.entries()) {
      const [alone] = await policy.generate([query], sampling, drawOf(choose, [row]), {
        dropout: { ...dropout, draw: drawOf(draw, [row]) },
      });
      expect(alone.response).toEqual(together[row].response);
    }
    await policy.close();
  });

  test('greedy and top-k choices, made outside of the graph, have it too', async () => {
    const policy = await moved();
    const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: 12 });
    const plain = await policy.generate(queries, greedy, choose);
    const dropped = await policy.generate(queries, greedy, choose, { dropout });
    expect(dropped.map(({ logprobs }) => [...logprobs])).not.toEqual(
      plain.map(({ logprobs }) => [...logprobs]),
    );
    await policy.close();
  });
});
