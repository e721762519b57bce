import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trlArrays, trlStats } from '../../src/metrics.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { type Parameters, parametersOn } from '../../src/model/parameters.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { StepArrays } from '../../src/rl/arrays.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { rlFields } from '../../src/rl/fields.ts';
import { RlLearner, type RlStep } from '../../src/rl/learner.ts';
import type { Rows } from '../../src/rl/masked.ts';
import { baseParameters } from '../../src/rl/reference.ts';
import { type RlSample, rlSample } from '../../src/rl/sample.ts';
import { placesOf } from '../../src/rl/trl/places.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import { expectClose, numbers, rows2 } from '../tensors.ts';

interface GoldenStep {
  stats: Record<string, number>;
  permutations: number[][];
  kl_coef_before: number;
  kl_coef_after: number;
  minibatches: Record<string, number>[];
  optimizer_steps: { grad_norm_at_step: number; lr: number }[];
  responses?: number[][];
  response_masks?: number[][];
}
interface Run {
  variant: string;
  options: { corrected?: boolean; peft?: boolean; adamw?: boolean };
  config: Record<string, unknown>;
  steps: GoldenStep[];
  noise_floor: { steps: Record<string, number>[] };
}
interface Data {
  steps: { queries: number[][]; responses: number[][]; scores: number[] }[];
}

/** TRL's snake case that is not ours in camel case. */
const renamed: Record<string, string> = {
  cliprange: 'clipRange',
  cliprange_value: 'clipRangeValue',
};
const known = new Set(Object.keys(rlFields));

/** AdamW as the goldens' generator set it, told from the values that it left. */
const adamw = { adamBetas: [0.8, 0.95], adamEps: 1e-6, weightDecay: 0.1 };

function configOf({ config, options }: Run): RlConfig {
  const fields = Object.entries(config).flatMap(([name, value]) => {
    const camel =
      renamed[name] ?? name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    return known.has(camel) && camel !== 'steps' && value !== null ? [[camel, value]] : [];
  });
  return RlConfig.parse({
    ...Object.fromEntries(fields),
    ...(options.adamw ? adamw : { adamEps: 1e-8 }),
    compat: options.corrected ? 'none' : 'trl-0.8.0',
    reference: options.corrected || options.peft === false ? 'initialPolicy' : 'base',
  });
}

let engine: Engine;
let data: Data;
beforeAll(async () => {
  engine = await testEngine();
  data = await goldenJson<Data>('ppo', 'data.json');
});
afterAll(() => engine.close());

/** The initial policy of a variant, and what its KL is measured against. */
async function setUp(run: Run): Promise<{ policy: Policy; reference: Parameters }> {
  const whole = run.options.peft === false;
  const { policy } = await loadPolicy(engine, {
    model: goldenPath('t5', 'model'),
    ...(whole ? { trainable: 'all' } : { adapter: goldenPath('ppo', 'adapter') }),
    valueHead: 'zero',
  });
  for (const [name, tensor] of await goldenTensors('ppo', 'v_head.safetensors')) {
    policy.parameters.tensors.get(name)!.data.set(tensor.data as Float32Array);
  }
  await policy.parameters.commit();
  if (!whole) {
    const { parameters } = policy;
    return {
      policy,
      reference: run.options.corrected
        ? await parameters.copy()
        : await baseParameters(engine, parameters),
    };
  }
  const tensors = new Map(
    [...policy.parameters.tensors].map(([name, { data: all, shape }]) => [
      name,
      float32(all.slice(), shape),
    ]),
  );
  for (const [name, tensor] of await goldenTensors(
    'ppo',
    run.variant,
    'ref_layer_norms.safetensors',
  )) {
    tensors.set(ourName(name), tensor as Tensor<'float32'>);
  }
  return { policy, reference: await parametersOn(engine, tensors) };
}

/** TRL's name of a parameter -> ours. */
function ourName(name: string): string {
  return name
    .replace(/^pretrained_model\./, '')
    .replace(/^base_model\.model\./, '')
    .replace('.default.', '.');
}

const folders = (await readdir(goldenPath('ppo'), { withFileTypes: true })).filter(
  (entry) => entry.isDirectory() && entry.name !== 'adapter',
);
const runs = await Promise.all(folders.map(({ name }) => goldenJson<Run>('ppo', name, 'run.json')));

describe.each(runs)('PPO equals TRL 0.8.0: $variant', (run) => {
  const config = configOf(run);
  const { mask } = placesOf(config);
  const steps: {
    actual: RlStep;
    samples: RlSample[];
    parameters: Map<string, Float32Array>;
    klCoef: number;
  }[] = [];

  beforeAll(async () => {
    const { policy, reference } = await setUp(run);
    const learner = new RlLearner({ policy, reference, config });
    // the goldens' generator was seeded anew before the first step
    const shuffle = (step: number, epoch: number) => run.steps[step].permutations[epoch];
    learner.draws = { ...learner.draws, shuffle };
    for (const [i, step] of run.steps.entries()) {
      const responses = step.responses ?? data.steps[i].responses;
      const samples = responses.map((response, row) =>
        rlSample(data.steps[i].queries[row], response, {
          mask,
          responseMask: step.response_masks?.[row],
        }),
      );
      const actual = await learner.step(
        samples,
        data.steps[i].scores,
        step.stats['ppo/learning_rate'],
      );
      const parameters = new Map(
        [...policy.parameters.tensors].map(([name, { data: all }]) => [name, all.slice()]),
      );
      steps.push({ actual, samples, parameters, klCoef: learner.kl.value });
    }
    await policy.close();
    await reference.close();
  });

  test.each(run.steps.map((_, i) => i))('step %i', async (i) => {
    const golden = await goldenTensors('ppo', run.variant, `step${i}.safetensors`);
    const noise = run.noise_floor.steps[i];
    const { actual, samples, parameters, klCoef } = steps[i];
    const expected = run.steps[i];
    // README of the goldens: 10x the noise floor, plus abs 2e-4 and rel 1e-3
    const tolerance = (group: string) => ({ atol: 10 * (noise[group] ?? 0) + 2e-4, rtol: 1e-3 });

    const masks = samples.map(({ mask }) => mask);
    const kept = (rows: Rows) =>
      rows.flatMap((row, r) => Array.from(row).filter((_, t) => masks[r][t] === 1));
    const goldenMasks = rows2(golden.get('masks')!);
    expect(masks.map((mask) => Array.from(mask))).toEqual(
      goldenMasks.map((mask, r) => mask.slice(0, masks[r].length)),
    );
    const tensors: Record<string, Rows> = {
      logprobs: actual.logprobs,
      ref_logprobs: actual.refLogprobs,
      kls: actual.kls,
      rewards: actual.rewards,
      values: actual.critic!.values,
      advantages: actual.advantages,
      returns: actual.critic!.returns,
    };
    for (const [name, rows] of Object.entries(tensors)) {
      const wide = rows2(golden.get(name)!).map((row, r) =>
        Float32Array.from(row.slice(0, masks[r].length)),
      );
      expect(kept(rows), name).toBeAllClose(kept(wide), tolerance(name));
    }

    const names = Object.keys(expected.stats);
    expect(names.filter((name) => !(name in actual.stats))).toEqual([]);
    const relative = Math.max(1e-3, 10 * noise.scalar_stats_max_rel);
    for (const name of names) {
      const limit = { ...tolerance('stats'), rtol: relative };
      expect([actual.stats[name]], name).toBeAllClose([expected.stats[name]], limit);
    }
    const reported = [...Object.keys(actual.stats), ...Object.keys(actual.arrays)];
    expect(trlStats.filter((name) => !reported.includes(name))).toEqual([]);
    expectArrays(actual.arrays, golden, expected, tolerance);
    const coefficients = [actual.stats['objective/kl_coef'], klCoef];
    const recorded = [expected.kl_coef_before, expected.kl_coef_after];
    expect(coefficients).toBeAllClose(recorded, { rtol: 1e-6 }); // made from a float32 KL
    const norms = expected.optimizer_steps.map((step) => step.grad_norm_at_step);
    expect(actual.gradNorms).toHaveLength(norms.length);
    expectParameters(parameters, golden, expected, tolerance('param').atol);
  });
});

/** All places of TRL's arrays but those behind a response's end, where ours have NaN. */
function expectArrays(
  arrays: StepArrays,
  golden: ReadonlyMap<string, Tensor>,
  { permutations }: GoldenStep,
  tolerance: (group: string) => { atol: number; rtol: number },
): void {
  const lengths = numbers(golden.get('stats.tokens/responses_dist')!).map((tokens) => tokens - 1);
  const [, width] = golden.get('masks')!.shape;
  const places = (rows: readonly number[]) =>
    rows.flatMap((row) => Array.from({ length: width }, (_, t) => t < lengths[row]));
  const everyRow = lengths.map((_, row) => row);
  for (const name of trlArrays) {
    const last = name.slice(name.lastIndexOf('/') + 1);
    const tensor = golden.get(`stats.${name}`) ?? golden.get(last)!;
    expect(arrays[name].shape, name).toEqual(tensor.shape);
    const real = places(name.startsWith('ppo/policy/') ? permutations.flat() : everyRow);
    const isTable = !name.endsWith('_dist');
    const wanted = numbers(tensor).map((x, j) => (isTable && !real[j] ? Number.NaN : x));
    const group = golden.has(last) ? last : 'stats';
    expect(arrays[name].data, name).toBeAllClose(wanted, tolerance(group));
  }
}

/** 5e-5 for nearly all; an element whose gradient is about 0 may be off by a sign of Adam's steps. */
function expectParameters(
  parameters: ReadonlyMap<string, Float32Array>,
  golden: ReadonlyMap<string, Tensor>,
  { optimizer_steps }: GoldenStep,
  noise: number,
): void {
  const most = optimizer_steps.reduce((sum, { lr }) => sum + 2 * lr, 0) + noise;
  let far = 0;
  let all = 0;
  for (const [name, tensor] of golden) {
    if (!name.startsWith('param.')) continue;
    const actual = parameters.get(ourName(name.slice('param.'.length)))!;
    const wanted = numbers(tensor);
    expectClose(name, actual, wanted, most);
    all += wanted.length;
    far += wanted.filter((x, j) => Math.abs(actual[j] - x) > 5e-5).length;
  }
  expect(all).toBeGreaterThan(0);
  expect(far / all).toBeLessThanOrEqual(1e-3);
}
