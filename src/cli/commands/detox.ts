import { z } from 'zod';
import { defineCommand } from '../command.ts';
import {
  checkTogether,
  detoxFields,
  detoxSources,
  settingsUnder,
  storeOptions,
} from '../detox-options.ts';
import { engineOptions, newFolder, outputOption } from '../options.ts';

const options = z
  .strictObject({
    ...detoxSources,
    ...outputOption,
    ...detoxFields,
    ...storeOptions,
    ...engineOptions,
  })
  .superRefine(checkTogether);

export const detox = defineCommand({
  name: 'detox',
  summary: 'Train a policy until its summaries are less toxic, and prove whether they are.',
  description:
    'Measures the held-out dialogues, trains a LoRA adapter by PPO, RLOO or GRPO against the ' +
    'reward model, measures the same dialogues again and compares. Everything is kept in a run ' +
    'folder.',
  examples: [
    ['tactful detox', 'the demo: small models and dialogues that come with tactful'],
    [
      'tactful detox --model DIR --reward-model DIR --data train.csv --steps 10',
      'models and data of your own',
    ],
    ['tactful detox --config runs/RUN/config.yaml', 'a run again'],
  ],
  options,
  defaults: settingsUnder,
  async run(context) {
    const { runDetox } = await import('../run-detox.ts');
    const { preset, config: _, set: __, output = newFolder(), ...config } = context.options;
    await runDetox({ config, directory: output, context });
  },
});
