import type { Classifier } from '../model/classifier.ts';
import { isToxic } from '../model/toxic.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { rewardOutputs, toxicOutputs, usualLabels } from './judge-labels.ts';
import type { JudgeReading } from './judge-notes.ts';
import { moments } from './masked.ts';
import type { Reward } from './reward.ts';

/** A classifier, and how it reads. */
export interface JudgeModel {
  readonly classifier: Classifier;
  readonly tokenizer: Tokenizer;
}

/** Who judges, and by which labels. */
export interface JudgeOptions extends JudgeModel {
  /** Another classifier, which measures the toxicity. @default the same one */
  readonly toxicity?: JudgeModel | undefined;
  /**
   * Labels whose logits make the reward, with commas between; one with a `-` in front is taken away.
   * A single output needs no name. @default 'nothate'
   */
  readonly rewardLabel?: string | undefined;
  /**
   * Labels that are toxic, with commas between: of the toxicity model, where there is one.
   * @default 'hate'
   */
  readonly toxicLabel?: string | undefined;
  /** What the reward is made of: the response, the prompt with the response, or pair minus prompt. */
  readonly scoreOn: JudgeReading['scoreOn'];
  /** What the toxicity is measured on; a joined pair has a space between, as in the lab. @default 'response' */
  readonly toxicityOn?: JudgeReading['toxicityOn'] | undefined;
  /** How a pair is encoded: as one text, or as two, with BERT's segments. @default 'joined' */
  readonly pairAs?: JudgeReading['pairAs'] | undefined;
}

/** A prompt and what was answered, as text. */
export interface Pair {
  readonly query: string;
  readonly response: string;
}

/** How else than by the judge's own options a reward is read. */
interface Reading {
  /** @default the judge's */
  readonly scoreOn?: JudgeReading['scoreOn'] | undefined;
  /** The largest logit, whatever its label. @default false: the reward label's */
  readonly largest?: boolean;
}

/** What the classifiers say of one response. */
export interface Judgement {
  /**
   * Of one toxic label its probability; of several their sum, or the largest where each is true or
   * false by itself; of a regression the number.
   */
  readonly toxicity: number;
  /** Logits of the reward labels. */
  readonly reward: number;
}

/** A classifier's opinion of responses. */
export interface Judge {
  readonly judge: (pairs: readonly Pair[]) => Promise<Judgement[]>;
  /** The rewards alone, one number a pair. */
  readonly rewards: (pairs: readonly Pair[], reading?: Reading) => Promise<number[]>;
  /** Logits of the reward model for texts, [labels] each; cut at the classifier's positions. */
  readonly logits: (texts: readonly string[]) => Promise<Float32Array[]>;
}

/**
 * A judge over one or two classifiers and their tokenizers.
 * @throws {ConfigError} when a classifier has no such label, naming those it has, or when none says
 *   how toxic a text is
 */
export function classifierJudge(options: JudgeOptions): Judge {
  const { classifier, toxicity = options, scoreOn } = options;
  const { toxicityOn = 'response', pairAs = 'joined' } = options;
  const labels = { ...usualLabels, ...withoutUndefined(options) };
  const judges = {
    rewardModel: classifier.config,
    toxicityModel: options.toxicity?.classifier.config,
  };
  const paid = rewardOutputs(labels, judges);
  const toxic = toxicOutputs(labels, judges);
  const [payer, measurer] = [readerOf(options, pairAs), readerOf(toxicity, pairAs)];
  const toxicityOf = toxicityOfRow(toxicity.classifier, toxic);
  const rewardOf = (row: Float32Array) =>
    paid.reduce((sum, { index, sign }) => sum + sign * row[index], 0);
  const rewards: Judge['rewards'] = async (pairs, reading = {}) => {
    const { scoreOn: read = scoreOn, largest = false } = reading;
    const numbers = async (rows: Promise<Float32Array[]>) =>
      (await rows).map((row) => (largest ? Math.max(...row) : rewardOf(row)));
    if (read === 'response') return numbers(payer.texts(pairs.map(({ response }) => response)));
    const together = await numbers(payer.pairs(pairs, ''));
    if (read === 'pair') return together;
    const prompts = await numbers(payer.texts(pairs.map(({ query }) => query)));
    return together.map((number, i) => number - prompts[i]);
  };
  return {
    logits: payer.texts,
    rewards,
    async judge(pairs) {
      const read = await (toxicityOn === 'pair'
        ? measurer.pairs(pairs, ' ')
        : measurer.texts(pairs.map(({ response }) => response)));
      const isSame = !options.toxicity && scoreOn === 'response' && toxicityOn === 'response';
      const paidFor = isSame ? read.map(rewardOf) : await rewards(pairs);
      return read.map((row, i) => ({ toxicity: toxicityOf(row), reward: paidFor[i] }));
    },
  };
}

function withoutUndefined({ rewardLabel, toxicLabel }: JudgeOptions) {
  return {
    ...(rewardLabel !== undefined && { rewardLabel }),
    ...(toxicLabel !== undefined && { toxicLabel }),
  };
}

/** Logits of what a model is given to read, cut at its positions. */
function readerOf({ classifier, tokenizer }: JudgeModel, pairAs: JudgeReading['pairAs']) {
  const maxLength = Math.min(tokenizer.maxLength, classifier.maxTokens);
  const texts = async (all: readonly string[]) =>
    classifier.logits(await tokenizer.encodeBatch(all, { maxLength }));
  return {
    texts,
    /** @param between what joins prompt and response to one text */
    async pairs(pairs: readonly Pair[], between: string): Promise<Float32Array[]> {
      if (pairAs === 'joined') {
        return texts(pairs.map(({ query, response }) => query + between + response));
      }
      const both = pairs.map(({ query, response }) => [query, response] as const);
      const rows = await tokenizer.encodePairs(both, { maxLength });
      return classifier.logits(
        rows.map(({ ids }) => ids),
        rows.map(({ segments }) => segments),
      );
    },
  };
}

/**
 * How toxic a text is by its logits. Probabilities of labels of which one is true add up; those of
 * labels that are true or false by themselves would exceed 1, and the largest stands for them: one
 * half is reached where a label is more true than false.
 */
function toxicityOfRow(classifier: Classifier, toxic: readonly number[]) {
  const { head } = classifier.config;
  return (row: Float32Array) => {
    const scores = classifier.scores(row);
    const of = toxic.map((index) => scores[index]);
    if (head !== 'single') return Math.max(...of);
    return Math.min(
      1,
      of.reduce((sum, score) => sum + score),
    );
  };
}

/**
 * How toxic a model finds texts, each by itself.
 * @param outputs that are toxic
 */
export function toxicityReader(model: JudgeModel, outputs: readonly number[]) {
  const read = readerOf(model, 'joined').texts;
  const toxicityOf = toxicityOfRow(model.classifier, outputs);
  return async (texts: readonly string[]): Promise<number[]> => (await read(texts)).map(toxicityOf);
}

/**
 * The reward label's logit, as a reward. Its metric `env/toxic_share` is the share of the responses
 * whose toxicity is 0.5 or more.
 */
export function classifierReward({ judge }: Judge): Reward {
  return async function classifier(rollouts) {
    const pairs = rollouts.map(({ query, text }) => ({ query: query.text, response: text }));
    const judgements = await judge(pairs);
    const toxic = judgements.map(({ toxicity }) => Number(isToxic(toxicity)));
    return {
      scores: judgements.map(({ reward }) => reward),
      metrics: { 'env/toxic_share': moments(toxic).mean },
    };
  };
}
