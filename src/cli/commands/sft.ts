import { SupervisedConfig } from '../../model/supervised-config.ts';
import { fixed, grouped } from '../../report/text.ts';
import type { SftMeasures } from '../../sft.ts';
import { SftConfig } from '../../sft-config.ts';
import { defineCommand } from '../command.ts';
import { engineAndRest, engineOptions, file, folder, headed } from '../options.ts';
import { quoted } from '../shell.ts';

const { model, data, adapter, loraRank, loraAlpha, loraTargets, gradientCheckpointing, seed } =
  SftConfig.shape;

const options = SftConfig.safeExtend({
  model: folder(model.description!),
  data: file(data.description!),
  adapter: adapter.meta({ placeholder: 'dir', description: adapter.description! }),
  output: folder('Folder of the result: new, empty, or with an earlier result of sft'),
  ...headed({ loraRank, loraAlpha, loraTargets }, 'A fresh adapter, when none is given'),
  ...headed({ ...SupervisedConfig.shape, gradientCheckpointing, seed }, 'Training'),
  ...engineOptions,
});

export const sft = defineCommand({
  name: 'sft',
  summary: 'Teach a policy to summarise from examples, before or instead of detox.',
  description:
    'Trains a LoRA adapter, or with --full every weight, on prompt and first summary of each ' +
    'dialogue, and tells the loss on the held-out dialogues before and after.',
  examples: [
    ['tactful sft --model DIR --data train.csv --output my-adapter', 'a LoRA adapter'],
    ['tactful sft --model DIR --data train.csv --output my-model --full', 'a whole model'],
  ],
  options,
  stopping: 'finishing the step',
  async run(context) {
    const { engine, rest } = engineAndRest(context.options);
    const { output, ...config } = rest;
    const { sft: runSft } = await import('../../sft.ts');
    const { showJob } = await import('../show-job.ts');
    const from = config.full
      ? ['--model', quoted(output), '--full']
      : ['--model', quoted(config.model), '--adapter', quoted(output)];
    const again = ['--data', quoted(config.data), '--output', quoted(`${output}-2`)];
    await showJob<SftMeasures>({
      output,
      engine,
      start: (job) => runSft(config, job),
      measured: (after, before) => [
        [
          'held-out loss',
          `${before ? `${fixed(before.loss, 4)} → ` : ''}${fixed(after.loss, 4)} per token ` +
            `(${grouped(after.tokens)} tokens of ${grouped(after.responses)} summaries)`,
        ],
      ],
      goOn: ['npx tactful sft', ...from, ...again].join(' '),
      context,
    });
  },
});
