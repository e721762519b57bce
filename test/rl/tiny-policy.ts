import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoraConfig } from '../../src/adapter/peft.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { freshPolicy, loadPolicy } from '../../src/model/load.ts';
import type { Parameters } from '../../src/model/parameters.ts';
import type { Policy } from '../../src/model/policy.ts';
import { randomStream } from '../../src/random.ts';
import { type RlSample, rlSample } from '../../src/rl/sample.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { randomRows, tinyT5 } from '../model/tiny.ts';
import { restorer } from './golden-policy.ts';

/** Of one layer each: its gradient graphs compile in half the time. */
const config: T5Config = { ...tinyT5, layers: 1, decoderLayers: 1 };
const lora: LoraConfig = {
  rank: 2,
  alpha: 4,
  targetModules: ['q', 'v'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};

/** A policy, and what goes with it. */
export interface TinyPolicy {
  readonly policy: Policy;
  /** Closes it, and removes its files. */
  readonly close: () => Promise<void>;
}

/** A random T5 with a value head, and an adapter that is not the bare model any more. */
export async function tinyPolicy(engine: Engine): Promise<TinyPolicy> {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-'));
  const random = await freshPolicy(engine, config, 1);
  await writeModelFolder(folder, config, random.parameters.tensors);
  await random.close();
  const { policy } = await loadPolicy(engine, { model: folder, lora, valueHead: 'uniform' });
  const stream = randomStream(1, ['adapter']);
  for (const [name, { data }] of policy.parameters.tensors) {
    if (!name.endsWith('.lora_B.weight')) continue;
    for (let i = 0; i < data.length; i++) data[i] = 0.3 * stream.normal();
  }
  await policy.parameters.commit();
  const close = async () => {
    await policy.close();
    await rm(folder, { recursive: true });
  };
  return { policy, close };
}

/** A policy that learns, what it began as, and the way back there. */
export interface TinyStart extends TinyPolicy {
  readonly reference: Parameters;
  readonly restore: () => Promise<void>;
}

/** A policy as `tinyPolicy` makes it, at the start of a training. */
export async function tinyStart(engine: Engine): Promise<TinyStart> {
  const { policy, close } = await tinyPolicy(engine);
  const reference = await policy.parameters.copy();
  return {
    ...{ policy, reference, restore: restorer(policy) },
    async close() {
      await reference.close();
      await close();
    },
  };
}

/** Random queries with random responses, of two tokens to seven, end included. */
export function tinySamples(count: number, seed = 1): RlSample[] {
  const queries = randomRows(count, { seed });
  const responses = randomRows(count, { seed: seed + 1000, lengths: [1, 6] });
  return queries.map((query, i) => {
    const ids = [tinyT5.decoderStartId, ...responses[i], tinyT5.eosIds[0]];
    return rlSample(query, ids);
  });
}

/** Random scores around 1. */
export function tinyScores(count: number, seed = 1): number[] {
  const stream = randomStream(seed, ['scores']);
  return Array.from({ length: count }, () => 1 + stream.normal());
}
