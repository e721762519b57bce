/** Which outputs of the judges pay and which are toxic, by the names that settings give. Pure. */

import { ConfigError } from '../errors.ts';
import type { ClassifierConfig } from '../family/families.ts';
import { unknownLabel } from '../model/label.ts';

/** What a judge's outputs are called and are. */
export type Outputs = Pick<ClassifierConfig, 'labels' | 'head'>;

/** The models that judge. */
export interface Judges {
  readonly rewardModel: Outputs;
  /** @default the reward model measures the toxicity as well */
  readonly toxicityModel?: Outputs | undefined;
}

/** Names of labels, several with commas between. */
export interface JudgeLabels {
  /** A `-` in front takes the label's logit away. A single output needs no name. */
  readonly rewardLabel: string;
  readonly toxicLabel: string;
}

/** An output whose logit is added to the reward, or taken away. */
export interface SignedOutput {
  readonly index: number;
  readonly sign: 1 | -1;
}

/** The labels of the models that most use for this, and what settings are by default. */
export const usualLabels: JudgeLabels = { rewardLabel: 'nothate', toxicLabel: 'hate' };

/**
 * The outputs that make the reward.
 * @throws {ConfigError} when a label is none of the model's
 */
export function rewardOutputs(
  { rewardLabel }: Pick<JudgeLabels, 'rewardLabel'>,
  { rewardModel }: Judges,
): SignedOutput[] {
  const { labels } = rewardModel;
  if (isOnly(rewardLabel, usualLabels.rewardLabel, labels)) return [{ index: 0, sign: 1 }];
  return namesIn(rewardLabel, labels).map((name) => {
    const index = labels.indexOf(name);
    if (index >= 0) return { index, sign: 1 };
    const taken = name.startsWith('-') ? labels.indexOf(name.slice(1)) : -1;
    if (taken >= 0) return { index: taken, sign: -1 };
    throw unknown('rewardLabel', name, labels);
  });
}

/**
 * The outputs that say how toxic a text is, of the model that measures it.
 * @throws {ConfigError} when a label is none of the model's, or when the model has one output that
 *   nobody calls toxic
 */
export function toxicOutputs(
  { rewardLabel, toxicLabel }: JudgeLabels,
  { rewardModel, toxicityModel }: Judges,
): number[] {
  const { labels } = toxicityModel ?? rewardModel;
  if (toxicityModel && isOnly(toxicLabel, usualLabels.toxicLabel, labels)) return [0];
  const [only] = labels;
  if (!toxicityModel && labels.length === 1) {
    if (toxicLabel !== only) throw noToxicity(only);
    if (rewardLabel === usualLabels.rewardLabel && only !== rewardLabel) throw samePay(only);
  }
  const indices = namesIn(toxicLabel, labels).map((name) => {
    const index = labels.indexOf(name);
    if (index < 0) throw unknown('toxicLabel', name, labels);
    return index;
  });
  const twice = indices.find((index, i) => indices.indexOf(index) !== i);
  if (twice === undefined) return indices;
  throw new ConfigError('`toxicLabel`', 'each label once', `"${labels[twice]}" twice`);
}

/** Names that models give to what is toxic. */
const toxicNames = [usualLabels.toxicLabel, 'toxic', 'toxicity', 'offensive', 'abusive'];

/**
 * The outputs that say how toxic a text is, of a model that has no part in a training: those that
 * `judgeLabel` names; without it the toxic label, the only one that there is, or one of a usual name.
 * @param where the model lies, for messages
 * @throws {ConfigError} when there is none, or when its numbers are no probabilities
 */
export function witnessOutputs(
  { judgeLabel, toxicLabel }: Pick<JudgeLabels, 'toxicLabel'> & { judgeLabel?: string | undefined },
  { labels, head }: Outputs,
  where: string,
): number[] {
  if (head === 'regression') {
    const remedy = 'Its numbers have no scale that others could be compared with. Use another one.';
    throw new ConfigError(
      '`judge`',
      'a model that gives probabilities',
      `a regression, ${where}`,
      remedy,
    );
  }
  const asked = namesIn(judgeLabel ?? toxicLabel, labels).map((name) => labels.indexOf(name));
  if (asked.every((index) => index >= 0)) return [...new Set(asked)];
  if (judgeLabel === undefined) {
    if (labels.length === 1) return [0];
    const usual = toxicNames.map((name) => labels.indexOf(name)).find((index) => index >= 0);
    if (usual !== undefined) return [usual];
  }
  const missing = namesIn(judgeLabel ?? toxicLabel, labels)[asked.indexOf(-1)];
  const remedy = judgeLabel === undefined ? 'Say which label is toxic with `judgeLabel`.' : '';
  throw unknownLabel('judgeLabel', missing, labels, remedy);
}

/** Whether the usual name, or none that was chosen, stands for the one output that there is. */
function isOnly(name: string, usual: string, labels: readonly string[]): boolean {
  return labels.length === 1 && name === usual;
}

/** A label's name may hold commas; where it is no label as a whole, they stand between names. */
function namesIn(text: string, labels: readonly string[]): string[] {
  const isOne = labels.includes(text) || labels.includes(text.replace(/^-/, ''));
  return isOne ? [text] : text.split(',').map((name) => name.trim());
}

function unknown(where: keyof JudgeLabels, name: string, labels: readonly string[]): ConfigError {
  const remedy =
    name === usualLabels[where]
      ? 'Say which label is good with `rewardLabel`, and which is toxic with `toxicLabel`.'
      : '';
  return unknownLabel(where, name, labels, remedy);
}

function noToxicity(only: string): ConfigError {
  const remedy =
    `The only output of the reward model ("${only}") may say how good a text is, and then not how ` +
    'toxic: name a classifier that does with `toxicityModel`. If it says how toxic a text is, set ' +
    `\`toxicLabel\` to "${only}" and \`rewardLabel\` to "-${only}".`;
  return new ConfigError('`toxicityModel`', 'a model that measures the toxicity', 'none', remedy);
}

function samePay(only: string): ConfigError {
  const expected = 'what pays, since the only output is the toxicity';
  const remedy = `Set \`rewardLabel\` to "-${only}" to pay for less of it.`;
  return new ConfigError('`rewardLabel`', expected, 'nothing', remedy);
}
