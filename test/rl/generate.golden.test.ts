import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Parameters } from '../../src/model/parameters.ts';
import type { Policy } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { baseParameters } from '../../src/rl/reference.ts';
import { labIds } from '../../src/rl/trl/sample.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenJson } from '../golden.ts';
import { expectGreedy } from '../greedy.ts';
import { goldenBatch, goldenPolicy } from './golden-policy.ts';

interface Run {
  kwargs: { max_new_tokens: number; min_length?: number; do_sample: boolean };
  batched: number[][];
  ref_response: number[][];
  single: number[][];
  notebook_slice: number[][];
}
const { runs } = await goldenJson<{ runs: Run[] }>('ppo', 'generate.json');
const greedy = runs.filter(({ kwargs }) => !kwargs.do_sample);

let engine: Engine;
let policy: Policy;
let bare: Parameters;
let queries: number[][];
beforeAll(async () => {
  engine = await testEngine();
  policy = await goldenPolicy(engine);
  bare = await baseParameters(engine, policy.parameters);
  queries = (await goldenBatch()).queries;
});
afterAll(async () => {
  await policy.close();
  await bare.close();
  await engine.close();
});

describe.each(greedy)('generate as PPOTrainer does, $kwargs', (run) => {
  const { max_new_tokens: maxNewTokens, min_length: minLength = 0 } = run.kwargs;
  const config = GenerationConfig.parse({ sample: false, maxNewTokens, minLength });
  const generate = (parameters: Parameters) =>
    policy.generate(queries, config, { seed: 0, key: [] }, { parameters });

  test('responses are those of the batch and of single queries, without their decoder start', async () => {
    const made = (await generate(policy.parameters)).map(({ response }) => response);
    for (const [i, response] of made.entries()) {
      const whole = [...policy.startIds, ...response];
      await expectGreedy(policy, queries[i], [whole, run.batched[i]]);
      await expectGreedy(policy, queries[i], [whole, run.single[i]]);
    }
  });

  test('responses of the bare model are those of the reference', async () => {
    const made = await generate(bare);
    for (const [i, { response }] of made.entries()) {
      const ids = [...policy.startIds, ...response];
      await expectGreedy(policy, queries[i], [trimmed(ids), trimmed(run.ref_response[i])], bare);
    }
  });

  test('the lab keeps of each what the notebook slices', async () => {
    const made = await generate(policy.parameters);
    const kept = made.map(({ response }) =>
      labIds([...policy.startIds, ...response], config.maxNewTokens),
    );
    expect(kept).toEqual(run.notebook_slice);
  });
});

/** TRL pads some rows of its list with the pad id after the end of the sequence. */
function trimmed(ids: readonly number[]): number[] {
  const [eosId] = policy.shape.config.eosIds;
  const end = ids.indexOf(eosId);
  return end < 0 ? [...ids] : ids.slice(0, end + 1);
}
