import { loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { RlConfig } from '../../src/rl/config.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';

/** The policy that all golden runs start from: a tiny T5, a LoRA adapter, TRL's value head. */
export async function goldenPolicy(engine: Engine): Promise<Policy> {
  const { policy } = await loadPolicy(engine, {
    model: goldenPath('t5', 'model'),
    adapter: goldenPath('ppo', 'adapter'),
    valueHead: 'zero',
  });
  for (const [name, tensor] of await goldenTensors('ppo', 'v_head.safetensors'))
    policy.parameters.tensors.get(name)!.data.set(tensor.data as Float32Array);
  await policy.parameters.commit();
  return policy;
}

export interface GoldenBatch {
  readonly queries: number[][];
  /** Decoder ids, each beginning with the decoder start. */
  readonly responses: number[][];
  readonly scores: number[];
}

/** Queries, responses and scores of one golden step, every response with its decoder start. */
export async function goldenBatch(step = 0, decoderStartId = 0): Promise<GoldenBatch> {
  const { steps } = await goldenJson<{ steps: GoldenBatch[] }>('ppo', 'data.json');
  const { queries, responses, scores } = steps[step];
  const start = (ids: number[]) => (ids[0] === decoderStartId ? ids : [decoderStartId, ...ids]);
  return { queries, responses: responses.map(start), scores };
}

/** A copy of everything that can change, by name. */
export function snapshot({ parameters }: Policy): Record<string, Float32Array> {
  const entries = [...parameters.tensors].map(([name, { data }]) => [name, data.slice()]);
  return Object.fromEntries(entries);
}

/** The settings of a golden-sized learner: small minibatches, TRL's Adam. */
export const small = {
  batchSize: 16,
  miniBatchSize: 4,
  ppoEpochs: 1,
  adamEps: 1e-8,
} satisfies Partial<RlConfig>;

/** A way back to what the policy is now: compiled graphs stay, parameters return. */
export function restorer({ parameters }: Pick<Policy, 'parameters'>): () => Promise<void> {
  const start = new Map([...parameters.tensors].map(([name, { data }]) => [name, data.slice()]));
  return async () => {
    for (const [name, { data }] of parameters.tensors) data.set(start.get(name)!);
    await parameters.commit();
  };
}
