import type { z } from 'zod';
import type { SftMeasures } from '../../jobs/sft.ts';
import { SftConfig } from '../../jobs/sft-config.ts';
import { fixed, grouped } from '../../report/text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { jobAsked, jobOptions } from '../job-options.ts';

const settings = jobOptions(SftConfig);

export const sft = defineCommand({
  name: 'sft',
  summary: 'Teach a policy to summarise from examples, before or instead of detox.',
  description:
    'Trains a LoRA adapter, or with --full every weight, on prompt and first summary of each ' +
    'dialogue, and tells loss and ROUGE on the held-out dialogues before and after. With ' +
    '--evaluate-every also in between: then the best adapter is the result, not the last.',
  examples: [
    ['tactful sft --model DIR --data train.csv --output my-adapter', 'a LoRA adapter'],
    ['tactful sft --model DIR --data train.csv --output my-model --full', 'a whole model'],
    [
      'tactful sft --model DIR --data train.csv --output my-adapter --evaluate-every 50 --patience 3',
      'keep the best, and stop when it gets no better',
    ],
  ],
  ...settings,
  stopping: 'finishing the step',
  run,
});

/** For `resume`. */
export const sftJob = { ...settings, run };

async function run(
  context: CommandContext<z.infer<typeof settings.options>>,
  { resume = false } = {},
): Promise<void> {
  const { config, place } = jobAsked(context.options);
  const { sft: runSft, sftNotes } = await import('../../jobs/sft.ts');
  const { measuredRouge } = await import('../../eval/rouge.ts');
  const { showJob } = await import('../show-job.ts');
  await showJob<SftMeasures>({
    ...place,
    resume,
    ...(!config.full && { policy: config }),
    start: (job) => runSft(config, job),
    brief: (measures) =>
      [`held-out loss ${fixed(measures.loss, 4)}`, ...rougeTexts(measures)].join(', '),
    measured: (after, before) => [
      [
        'held-out loss',
        `${before ? `${fixed(before.loss, 4)} → ` : ''}${fixed(after.loss, 4)} per token ` +
          `(${grouped(after.tokens)} tokens of ${grouped(after.responses)} summaries)`,
      ],
      ...rougeLines(after, before),
    ],
    notes: sftNotes,
    about: ({ rouge1 }) => (rouge1 === undefined ? {} : { rouge: measuredRouge }),
    context,
  });
}

const rouges = [
  ['rouge1', 'ROUGE-1'],
  ['rouge2', 'ROUGE-2'],
  ['rougeL', 'ROUGE-L'],
] as const;

/** `ROUGE-1 0.312`, as far as it was measured. */
function rougeTexts(measures: SftMeasures): string[] {
  return rouges.flatMap(([name, label]) => {
    const value = measures[name];
    return value === undefined ? [] : [`${label} ${fixed(value, 3)}`];
  });
}

/** A line each: before → after. */
function rougeLines(after: SftMeasures, before: SftMeasures | undefined) {
  return rouges.flatMap(([name, label]) => {
    const [then, now] = [before?.[name], after[name]];
    if (now === undefined) return [];
    const of = `F, greedy, ${grouped(after.samples ?? 0)} dialogues`;
    const text = `${then === undefined ? '' : `${fixed(then, 3)} → `}${fixed(now, 3)} (${of})`;
    return [[label, text] as const];
  });
}
