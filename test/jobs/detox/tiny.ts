/** A detox run that takes half a second: models of one layer and thirty dialogues. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import { goldenPath } from '../../golden.ts';
import { shallowAdapter, shallowRoberta, shallowT5 } from '../../shallow.ts';

/** Dialogues in the data file. */
export const dialogues = 30;

/** Settings of a run whose models, adapter and data are put into a folder. */
export async function tinySettings(folder: string) {
  const data = join(folder, 'dialogues.jsonl');
  const lines = (await readFile(goldenPath('data', 'dialogsum.dev.jsonl'), 'utf8')).split('\n');
  await writeFile(data, lines.filter(Boolean).slice(0, dialogues).join('\n'));
  return {
    model: await shallowT5(join(folder, 'model')),
    adapter: await shallowAdapter(join(folder, 'adapter')),
    rewardModel: await shallowRoberta(join(folder, 'classifier')),
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
