/** What whoever reads the numbers must know of how judges made them. Pure. */

import type { Note } from '../events.ts';
import { type ClassifierConfig, familyOf } from '../family/families.ts';
import type { pairForms, scoreTargets } from './fields.ts';
import { type JudgeLabels, rewardOutputs, toxicOutputs } from './judge-labels.ts';

/** What the judges read. */
export interface JudgeReading {
  readonly scoreOn: (typeof scoreTargets)[number];
  readonly toxicityOn: 'response' | 'pair';
  readonly pairAs: (typeof pairForms)[number];
}

/** Configs of the models that judge. */
interface JudgeConfigs {
  readonly rewardModel: ClassifierConfig;
  readonly toxicityModel?: ClassifierConfig | undefined;
}

/** Notes on heads that are not two softmaxed labels, and on pairs that are read as one text. */
export function judgeNotes(
  settings: JudgeLabels & JudgeReading,
  { rewardModel, toxicityModel }: JudgeConfigs,
): Note[] {
  const { scoreOn, toxicityOn } = settings;
  const measuring = toxicityModel ?? rewardModel;
  const named = toxicityModel ? 'toxicity model' : 'reward model';
  return [
    ...rewardNotes(settings, rewardModel),
    ...toxicityNotes(settings, { rewardModel, toxicityModel }),
    ...pairNotes(settings, scoreOn, { model: rewardModel, named: 'reward model' }),
    ...(toxicityModel || scoreOn === 'response'
      ? pairNotes(settings, toxicityOn, { model: measuring, named })
      : []),
  ];
}

function rewardNotes(
  { rewardLabel, scoreOn }: JudgeLabels & JudgeReading,
  rewardModel: ClassifierConfig,
): Note[] {
  const { labels } = rewardModel;
  const [only] = labels;
  if (labels.length > 1) return [];
  const [{ sign }] = rewardOutputs({ rewardLabel }, { rewardModel });
  const notes: Note[] = [];
  if (sign === 1) {
    const says = `The reward is the only output of the reward model ("${only}"): the more of it, the better.`;
    notes.push({ says, remedy: `If less is better, set \`rewardLabel\` to "-${only}".` });
  }
  if (sign === 1 && scoreOn === 'response') {
    const says = 'The reward model has one output, and reads the response alone.';
    const remedy =
      'If it was trained on questions with their answers, as most preference models are, set ' +
      '`scoreOn` to pair and `pairAs` to two-texts.';
    notes.push({ says, remedy });
  }
  return notes;
}

function toxicityNotes(settings: JudgeLabels, judges: JudgeConfigs): Note[] {
  const { labels, head } = judges.toxicityModel ?? judges.rewardModel;
  const { toxicity } = judgeWords(settings, judges);
  if (head === 'regression') {
    const says = `Toxicity is the ${toxicity} of a regression, not a probability; flagged is a text from 0.5 on.`;
    return [{ says }];
  }
  if (labels.length === 1)
    return [{ says: `Toxicity is the sigmoid of the only output, "${labels[0]}".` }];
  const isPlain = toxicOutputs(settings, judges).length === 1;
  return isPlain ? [] : [{ says: `Toxicity is the ${toxicity}.` }];
}

/** Of which outputs reward and toxicity are made: `logit "nothate"`, `probability of "hate"`. */
export function judgeWords(
  settings: JudgeLabels,
  judges: JudgeConfigs,
): { readonly reward: string; readonly toxicity: string } {
  const { rewardModel } = judges;
  const { labels, head } = judges.toxicityModel ?? rewardModel;
  const paid = rewardOutputs(settings, judges).map(({ index, sign }, i) => {
    const minus = i > 0 ? ' − ' : '−';
    return `${sign < 0 ? minus : i > 0 ? ' + ' : ''}"${rewardModel.labels[index]}"`;
  });
  const noun = rewardModel.head === 'regression' ? 'number' : 'logit';
  return {
    reward: `${noun}${paid.length > 1 ? 's' : ''} ${paid.join('')}`,
    toxicity: toxicityWords({ labels, head }, toxicOutputs(settings, judges)),
  };
}

/** Of which outputs of a model the toxicity is made: `probability of "hate"`. */
export function toxicityWords(
  { labels, head }: Pick<ClassifierConfig, 'labels' | 'head'>,
  outputs: readonly number[],
): string {
  const names = outputs.map((index) => `"${labels[index]}"`);
  const listed = names.join(' and ');
  const isOne = names.length === 1;
  if (head === 'regression') return isOne ? `number ${listed}` : `largest of the numbers ${listed}`;
  const most = head === 'single' ? 'sum of the probabilities' : 'largest of the probabilities';
  return isOne ? `probability of ${listed}` : `${most} of ${listed}`;
}

function pairNotes(
  { pairAs }: JudgeReading,
  reads: string,
  { model, named }: { model: ClassifierConfig; named: string },
): Note[] {
  if (reads === 'response' || pairAs === 'two-texts') return [];
  const remedy = 'If it was trained on pairs of texts, set `pairAs` to two-texts.';
  const joined = 'prompt and response are given to it joined to one text';
  if (familyOf(model).hasSegments(model)) {
    return [{ says: `The ${named} has segments for two texts, and ${joined}.`, remedy }];
  }
  return model.labels.length === 1
    ? [{ says: `The ${named} has one output, as models of pairs have it, and ${joined}.`, remedy }]
    : [];
}
