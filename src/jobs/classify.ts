/** `train-classifier` as a kind of job. */
import type { Share } from '../eval/classification.ts';
import { countText, fixed, grouped, pad } from '../report/text.ts';
import { ClassifyConfig, withRate } from './classify-config.ts';
import {
  type ClassifyFacts,
  type ClassifyMeasures,
  classifyMeasures,
} from './classify-measures.ts';
import type { Kind } from './kind.ts';
import { presets } from './presets.ts';
import { learnsSupervised, supervisedLeftOpen, supervisedMayDiffer } from './supervised-state.ts';

export const classifyKind: Kind<ClassifyConfig, ClassifyMeasures, ClassifyFacts> = {
  name: 'train-classifier',
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
  stopping: 'finishing the step',
  schema: ClassifyConfig,
  first: { data: 'texts.csv', model: presets.demo.rewardModel },
  mayDiffer: supervisedMayDiffer,
  leftOpen: supervisedLeftOpen,
  // while neither is given, as in a form, there is no telling
  resolve: (config) =>
    (config.model ?? config.modelConfig) === undefined ? config : withRate(config),
  learns: learnsSupervised,
  measures: classifyMeasures,

  async sources({ model, modelConfig, tokenizer, data, split }) {
    const { dataSources } = await import('../data/dialogues.ts');
    return { model, modelConfig, tokenizer, ...(await dataSources({ data, split })) };
  },
  setUp: async (begun) => (await import('./classify-setup.ts')).setUpClassifier(begun),
  screen: {
    started: ({ parameters }) => [['parameters', `${countText(parameters)} trainable`]],
    status: ({ loss }) => `loss ${fixed(loss, 4)}`,
    brief: ({ accuracy, macroF1, loss }) =>
      `accuracy ${percent(accuracy.share)} %, macro F1 ${percent(macroF1)} %, ` +
      `held-out loss ${fixed(loss, 4)}`,
    measured: ({ accuracy, macroF1, loss }) => [
      ['accuracy', `${shareText(accuracy)} of ${grouped(accuracy.n)} held-out texts`],
      ['macro F1', `${percent(macroF1)} %`],
      ['held-out loss', fixed(loss, 4)],
    ],
    table,
    json: ({ latest: { started } }) => ({ parameters: started?.parameters }),
  },
};

/** `98.2 % (95 % interval 97.1 to 98.9)` */
function shareText({ share, low, high }: Share): string {
  return `${percent(share)} % (95 % interval ${percent(low)} to ${percent(high)})`;
}

/** A row for each true label: its recall and precision, then how often it was said to be which. */
function table({ labels, confusion }: ClassifyMeasures, bold: (text: string) => string): string {
  const cell = (of: Share | null) =>
    of ? `${percent(of.share)} [${percent(of.low)}, ${percent(of.high)}]` : '–';
  const head = [
    ...['label', 'n', 'recall %', 'precision %', 'F1 %'],
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
  return [bold(line(head)), ...rows.map(line)].join('\n');
}

function percent(of: number): string {
  return fixed(100 * of, 1);
}
