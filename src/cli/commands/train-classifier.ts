import type { z } from 'zod';
import type { Share } from '../../eval/classification.ts';
import type { ClassifyMeasures } from '../../jobs/classify.ts';
import { ClassifyConfig } from '../../jobs/classify-config.ts';
import { fixed, grouped, pad } from '../../report/text.ts';
import { type CommandContext, defineCommand, type Screen } from '../command.ts';
import { jobAsked, jobOptions } from '../job-options.ts';
import { painter } from '../paint.ts';

const settings = jobOptions(ClassifyConfig);

export const trainClassifier = defineCommand({
  name: 'train-classifier',
  summary: 'Train a reward model on labelled texts.',
  description:
    'The labels are the names in the config (or class ids). Where a fresh config names none, the ' +
    'names in the data are the labels: sorted as numbers if all are whole numbers, else by ' +
    'character code. The last texts of each label are held out, and measured at the end. With ' +
    '--evaluate-every also in between: then the best model is the result, not the last.',
  examples: [
    ['tactful train-classifier --data texts.csv --model DIR --output judge', 'go on from a model'],
    [
      'tactful train-classifier --data texts.csv --model-config config.json --tokenizer DIR --output judge',
      'from random weights',
    ],
    [
      'tactful train-classifier --data texts.csv --model DIR --output judge --class-weights balanced --evaluate-every 50 --best-metric macroF1 --patience 3',
      'a label is rare; keep the best, and stop when it gets no better',
    ],
  ],
  ...settings,
  stopping: 'finishing the step',
  run,
});

/** For `resume`. */
export const classifierJob = { ...settings, run };

async function run(
  context: CommandContext<z.infer<typeof settings.options>>,
  { resume = false } = {},
): Promise<void> {
  const { config, place } = jobAsked(context.options);
  const { trainClassifier: train } = await import('../../jobs/classify.ts');
  const { showJob } = await import('../show-job.ts');
  await showJob<ClassifyMeasures>({
    ...place,
    resume,
    start: (job) => train(config, job),
    brief: ({ accuracy, macroF1, loss }) =>
      `accuracy ${percent(accuracy.share)} %, macro F1 ${percent(macroF1)} %, ` +
      `held-out loss ${fixed(loss, 4)}`,
    measured: ({ accuracy, macroF1, loss }) => [
      ['accuracy', `${shareText(accuracy)} of ${grouped(accuracy.n)} held-out texts`],
      ['macro F1', `${percent(macroF1)} %`],
      ['held-out loss', fixed(loss, 4)],
    ],
    table: (measures) => table(measures, context.screen),
    context,
  });
}

/** `98.2 % (95 % interval 97.1 to 98.9)` */
function shareText({ share, low, high }: Share): string {
  return `${percent(share)} % (95 % interval ${percent(low)} to ${percent(high)})`;
}

/** A row for each true label: its recall and precision, then how often it was said to be which. */
function table({ labels, confusion }: ClassifyMeasures, { color }: Screen): string {
  const paint = painter(color);
  const cell = (share: Share | null) =>
    share ? `${percent(share.share)} [${percent(share.low)}, ${percent(share.high)}]` : '–';
  const head = [
    'label',
    'n',
    'recall %',
    'precision %',
    'F1 %',
    ...labels.map(({ label }) => `as ${label}`),
  ];
  const rows = labels.map(({ label, recall, precision, f1 }, i) => [
    label,
    grouped(confusion[i].reduce((sum, n) => sum + n, 0)),
    cell(recall),
    cell(precision),
    percent(f1),
    ...confusion[i].map(grouped),
  ]);
  const widths = head.map((_, c) => Math.max(...[head, ...rows].map((row) => row[c].length)));
  const line = (row: readonly string[]) =>
    row.map((text, c) => pad(text, widths[c], c === 0 ? 'right' : 'left')).join('  ');
  return [paint('bold', line(head)), ...rows.map(line)].join('\n');
}

function percent(share: number): string {
  return fixed(100 * share, 1);
}
