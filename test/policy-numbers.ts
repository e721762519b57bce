/** What a policy computes on an engine: responses, scores, a loss and its gradients. */
import { expect } from 'vitest';
import { sequenceOf } from '../src/model/batch.ts';
import { loadPolicy } from '../src/model/load.ts';
import { crossEntropy } from '../src/model/policy-graphs.ts';
import { GenerationConfig } from '../src/model/sampling.ts';
import type { Engine } from '../src/runtime/engine.ts';

type Numbers = Awaited<ReturnType<typeof policyNumbers>>;

/** The numbers of a policy in two folders. */
export async function policyNumbers(engine: Engine, source: { model: string; adapter: string }) {
  const { policy } = await loadPolicy(engine, source);
  const queries = [
    [5, 6, 7, 8, 1],
    [9, 10, 1],
  ];
  const config = GenerationConfig.parse({ minNewTokens: 6, maxNewTokens: 6 });
  const draw = { seed: 0, key: ['devices'] };
  const generations = await policy.generate(queries, config, draw);
  const responses = generations.map(({ response }) => response);
  const { decoderStartId } = policy.shape.config;
  const sequences = queries.map((query, i) => sequenceOf(query, responses[i], decoderStartId));
  const weights = responses.map(({ length }) => new Float32Array(length).fill(0.1));
  const scores = await policy.score(sequences);
  const { loss, gradients } = await policy.gradient(crossEntropy, sequences, { weights });
  await policy.close();
  return { responses, scores, loss, gradients };
}

/** The same operations; their sums may be in another order. */
export function expectSameNumbers(
  numbers: Numbers,
  expected: Numbers,
  tolerance = { atol: 1e-5, rtol: 1e-5 },
): void {
  expect(numbers.responses).toEqual(expected.responses);
  numbers.scores.forEach(({ logprobs, entropies }, i) => {
    expect(logprobs).toBeAllClose(expected.scores[i].logprobs, tolerance);
    expect(entropies).toBeAllClose(expected.scores[i].entropies, tolerance);
  });
  expect(numbers.loss).toBeCloseTo(expected.loss, 4);
  expect(numbers.gradients.size).toBeGreaterThan(0);
  for (const [name, { data }] of numbers.gradients) {
    expect(data).toBeAllClose(expected.gradients.get(name)!.data, tolerance);
  }
}
