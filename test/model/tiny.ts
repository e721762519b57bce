import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { LoraConfig } from '../../src/adapter/lora-config.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import type { RobertaConfig } from '../../src/family/roberta.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { type Sequence, sequenceOf } from '../../src/model/batch.ts';
import { freshPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { randomStream } from '../../src/random.ts';
import type { Engine } from '../../src/runtime/engine.ts';

/** The smallest T5 that has everything: gated, tied, two layers each, id 1 ends a sequence. */
export const tinyT5: T5Config = {
  modelType: 't5',
  vocabSize: 13,
  dModel: 16,
  dKv: 4,
  dFf: 24,
  layers: 2,
  decoderLayers: 2,
  heads: 2,
  relativeBuckets: 8,
  relativeMaxDistance: 16,
  layerNormEpsilon: 1e-6,
  feedForward: 'gated-gelu',
  ownHead: false,
  scaledOutput: true,
  padId: 0,
  eosIds: [1],
  decoderStartId: 0,
  dropout: 0.1,
};

export const tinyRoberta: RobertaConfig = {
  modelType: 'roberta',
  vocabSize: 13,
  hidden: 16,
  layers: 1,
  heads: 2,
  intermediate: 24,
  maxPositions: 20,
  typeVocab: 1,
  layerNormEpsilon: 1e-5,
  padId: 1,
  activation: 'gelu',
  labels: ['nothate', 'hate'],
  head: 'single',
};

/** An adapter for it, in attention and behind it. */
export const tinyLora: LoraConfig = {
  rank: 3,
  alpha: 6,
  targetModules: ['q', 'v', 'wo'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};

/** Five random queries with random responses. */
export function tinySequences(): Sequence[] {
  const responses = randomRows(5, { seed: 2 });
  return randomRows(5).map((query, i) => sequenceOf(query, responses[i], tinyT5.decoderStartId));
}

/** Moves a policy away from where adapters start. */
export async function move({ parameters }: Policy): Promise<void> {
  for (const { data } of parameters.tensors.values()) {
    for (let i = 0; i < data.length; i++) data[i] += 0.1 * Math.sin(i);
  }
  await parameters.commit();
}

/** Rows of random ids from `least` up, of random lengths. */
export function randomRows(
  count: number,
  {
    seed = 1,
    least = 2,
    lengths = [2, 12],
  }: { seed?: number; least?: number; lengths?: [number, number] } = {},
): number[][] {
  const random = randomStream(seed, ['rows']);
  const [shortest, longest] = lengths;
  return Array.from({ length: count }, () =>
    Array.from(
      { length: shortest + random.integer(longest - shortest + 1) },
      () => least + random.integer(tinyT5.vocabSize - least),
    ),
  );
}

/** An empty folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A folder with a T5 of random weights. */
export async function tinyModelFolder(
  engine: Engine,
  config: T5Config = tinyT5,
  seed = 1,
): Promise<string> {
  const folder = await temporaryFolder();
  const policy = await freshPolicy(engine, config, seed);
  await writeModelFolder(folder, config, policy.parameters.tensors);
  await policy.close();
  return folder;
}
