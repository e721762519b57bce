/** What whoever reads the numbers must know of how judges made them. Pure. */
import type { Note } from '../events.ts';
import type { ClassifierConfig } from '../hub/classifier-config.ts';
import { hasSegments } from '../nn/encoder.ts';
import type { scoreTargets } from './config.ts';
import { type JudgeLabels, rewardOutputs, toxicOutputs } from './judge-labels.ts';

/** How prompt and response become one sequence. */
export const pairForms = ['joined', 'two-texts'] as const;

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
  const names = toxicOutputs(settings, judges).map((index) => `"${labels[index]}"`);
  const listed = names.join(' and ');
  if (head === 'regression') {
    const number =
      names.length > 1 ? `the largest of the numbers ${listed}` : `the number ${listed}`;
    const says = `Toxicity is ${number} of a regression, not a probability; flagged is a text from 0.5 on.`;
    return [{ says }];
  }
  if (labels.length === 1)
    return [{ says: `Toxicity is the sigmoid of the only output, ${listed}.` }];
  if (names.length === 1) return [];
  const how =
    head === 'multi' ? 'the largest of the probabilities' : 'the sum of the probabilities';
  return [{ says: `Toxicity is ${how} of ${listed}.` }];
}

function pairNotes(
  { pairAs }: JudgeReading,
  reads: string,
  { model, named }: { model: ClassifierConfig; named: string },
): Note[] {
  if (reads === 'response' || pairAs === 'two-texts') return [];
  const remedy = 'If it was trained on pairs of texts, set `pairAs` to two-texts.';
  const joined = 'prompt and response are given to it joined to one text';
  if (hasSegments(model)) {
    return [{ says: `The ${named} has segments for two texts, and ${joined}.`, remedy }];
  }
  return model.labels.length === 1
    ? [{ says: `The ${named} has one output, as models of pairs have it, and ${joined}.`, remedy }]
    : [];
}
