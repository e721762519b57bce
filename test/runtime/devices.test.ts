/** Another device is sent its weights inside the model. No such device is here: the CPU computes what it would get. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sequenceOf } from '../../src/model/batch.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { uniform } from '../../src/random.ts';
import { type Engine, engineOver } from '../../src/runtime/engine.ts';
import { onnxRuntimeBackend } from '../../src/runtime/onnxruntime.ts';
import { shallowAdapter, shallowT5 } from '../shallow.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-devices-'));
  await shallowT5(join(folder, 'model'));
  await shallowAdapter(join(folder, 'adapter'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The graphs as a device other than the CPU gets them: weights are part of each model. */
async function deviceEngine(sharesWeights: boolean): Promise<Engine> {
  const backend = onnxRuntimeBackend({ threads: 1 });
  const describe = async () => ({ ...(await backend.describe()), sharesWeights });
  return engineOver({ ...backend, describe });
}

async function numbersOf(sharesWeights: boolean) {
  const engine = await deviceEngine(sharesWeights);
  try {
    const [model, adapter] = ['model', 'adapter'].map((name) => join(folder, name));
    const { policy } = await loadPolicy(engine, { model, adapter });
    const queries = [
      [5, 6, 7, 8, 1],
      [9, 10, 1],
    ];
    const config = GenerationConfig.parse({ minNewTokens: 6, maxNewTokens: 6 });
    const draw = (row: number, token: number) => uniform(0, ['devices', row, token]);
    const generations = await policy.generate(queries, config, draw);
    const responses = generations.map(({ response }) => response);
    const { decoderStartId } = policy.shape.config;
    const sequences = queries.map((query, i) => sequenceOf(query, responses[i], decoderStartId));
    const weights = responses.map(({ length }) => new Float32Array(length).fill(0.1));
    const scores = await policy.score(sequences);
    const { loss, gradients } = await policy.gradient(crossEntropy, sequences, { weights });
    return { responses, scores, loss, gradients };
  } finally {
    await engine.close();
  }
}

test('generating, scoring and differentiating give the same numbers', async () => {
  const [cpu, device] = [await numbersOf(true), await numbersOf(false)];
  expect(device.responses).toEqual(cpu.responses);
  // the same operations; weights that are constants may be multiplied in another order
  const tolerance = { atol: 1e-5, rtol: 1e-5 };
  device.scores.forEach(({ logprobs, entropies }, i) => {
    expect(logprobs).toBeAllClose(cpu.scores[i].logprobs, tolerance);
    expect(entropies).toBeAllClose(cpu.scores[i].entropies, tolerance);
  });
  expect(device.loss).toBeCloseTo(cpu.loss, 5);
  expect(device.gradients.size).toBeGreaterThan(0);
  for (const [name, { data }] of device.gradients) {
    expect(data).toBeAllClose(cpu.gradients.get(name)!.data, tolerance);
  }
});
