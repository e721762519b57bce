/** A detox run that takes a second: golden models and thirty dialogues. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { DetoxConfig } from '../../src/detox-config.ts';
import { goldenPath } from '../golden.ts';

/** Dialogues in the data file. */
export const dialogues = 30;

/**
 * Settings of a run whose model and data are put into a folder; its adapter and its reward model are
 * the golden ones.
 */
export async function tinySettings(folder: string) {
  const [model, data] = [join(folder, 'model'), join(folder, 'dialogues.jsonl')];
  await cp(goldenPath('t5', 'model'), model, { recursive: true });
  await cp(goldenPath('tokenizers', 't5'), model, { recursive: true });
  const lines = (await readFile(goldenPath('data', 'dialogsum.dev.jsonl'), 'utf8')).split('\n');
  await writeFile(data, lines.filter(Boolean).slice(0, dialogues).join('\n'));
  return {
    model,
    adapter: goldenPath('ppo', 'adapter'),
    rewardModel: goldenPath('roberta', 'model'),
    data,
    minimumLength: 0,
    maximumLength: 100_000,
    maxQueryTokens: 24,
    maxNewTokens: 6,
    steps: 2,
    batchSize: 8,
    miniBatchSize: 4,
    ppoEpochs: 1,
    learningRate: 1e-3,
  } satisfies z.input<typeof DetoxConfig>;
}
