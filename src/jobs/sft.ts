/** `sft` as a kind of job. I/O: looks whether a model has a file. */
import { exists } from '../disk/atomic.ts';
import { measuredRouge } from '../eval/rouge.ts';
import type { Note } from '../events.ts';
import { countText, fixed, grouped, percent } from '../report/text.ts';
import type { Kind, Line } from './kind.ts';
import { presets } from './presets.ts';
import { SftConfig, withRate } from './sft-config.ts';
import { generationPath, type SftFacts, type SftMeasures, sftMeasures } from './sft-measures.ts';
import { learnsSupervised, supervisedLeftOpen, supervisedMayDiffer } from './supervised-state.ts';

export const sftKind: Kind<SftConfig, SftMeasures, SftFacts> = {
  name: 'sft',
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
  stopping: 'finishing the step',
  schema: SftConfig,
  first: { model: presets.demo.model, data: presets.demo.data },
  mayDiffer: supervisedMayDiffer,
  leftOpen: [...supervisedLeftOpen, 'loraTargets'],
  resolve: withRate,
  learns: learnsSupervised,
  measures: sftMeasures,

  policy: (config) => (config.full ? undefined : config),
  async sources(config) {
    const { model, adapter, full } = config;
    const { dataSources } = await import('../data/dialogues.ts');
    const generation = generationPath(model);
    const copied = full && (await exists(generation)) && { generationConfig: generation };
    return { model, adapter, ...copied, ...(await dataSources(config)) };
  },
  setUp: async (begun) => (await import('./sft-setup.ts')).setUpSft(begun),
  screen: {
    started: ({ parameters }) => [['parameters', `${countText(parameters)} trainable`]],
    status: ({ loss }) => `loss ${fixed(loss, 4)}`,
    brief: (measures) =>
      [`held-out loss ${fixed(measures.loss, 4)}`, ...rougeTexts(measures)].join(', '),
    measured: measuredLines,
    notes: ({ latest: { after } }) => (after ? sftNotes(after) : []),
    json: ({ latest: { started, after } }) => ({
      parameters: started?.parameters,
      ...(after?.rouge1 !== undefined && { rouge: measuredRouge }),
    }),
  },
};

/** What its result's summaries show: it has not learnt to summarise yet. */
export function sftNotes({ sentinels, empty }: SftMeasures): Note[] {
  const remedy = 'Teach it longer, or with a larger learning rate.';
  const note = (some: number | undefined, what: string): Note[] =>
    some === undefined
      ? []
      : [{ says: `${percent(some)} of the greedy summaries ${what}.`, remedy }];
  return [
    ...note(sentinels, 'hold sentinels such as <extra_id_0>, with which T5 fills gaps'),
    ...note(empty, 'are empty'),
  ];
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
function measuredLines(after: SftMeasures, before: SftMeasures | undefined): Line[] {
  const from = (value: number | undefined, digits: number) =>
    value === undefined ? '' : `${fixed(value, digits)} → `;
  const of = `(${grouped(after.tokens)} tokens of ${grouped(after.responses)} summaries)`;
  const loss = `${from(before?.loss, 4)}${fixed(after.loss, 4)} per token ${of}`;
  return [
    ['held-out loss', loss],
    ...rouges.flatMap(([name, label]): Line[] => {
      const now = after[name];
      if (now === undefined) return [];
      const which = `(F, greedy, ${grouped(after.samples ?? 0)} dialogues)`;
      return [[label, `${from(before?.[name], 3)}${fixed(now, 3)} ${which}`]];
    }),
  ];
}
