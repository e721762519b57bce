import type { Classifier } from '../model/classifier.ts';
import type { GenerationConfig } from '../model/sampling.ts';
import { probabilities } from '../model/softmax.ts';
import { isToxic } from '../model/toxic.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { scoreTargets } from './config.ts';
import { moments } from './masked.ts';
import type { Reward } from './reward.ts';
import { labIds } from './rollout.ts';

/** Who judges, and by which labels. */
export interface JudgeOptions {
  readonly classifier: Classifier;
  readonly tokenizer: Tokenizer;
  /** Label whose logit is the reward. */
  readonly rewardLabel: string;
  /** Label whose probability is the toxicity. */
  readonly toxicLabel: string;
  /** What the reward is made of: the response, the prompt with the response, or pair minus prompt. */
  readonly scoreOn: (typeof scoreTargets)[number];
}

/** What the classifier says of one response. */
export interface Judgement {
  /** Probability of the toxic label for the response alone. */
  readonly toxicity: number;
  /** Logit of the reward label. */
  readonly reward: number;
}

/** A classifier's opinion of responses. */
export interface Judge {
  readonly judge: (pairs: readonly { query: string; response: string }[]) => Promise<Judgement[]>;
  /** Logits of texts, [labels] each; cut at the classifier's positions. */
  readonly logits: (texts: readonly string[]) => Promise<Float32Array[]>;
}

/**
 * A judge over a classifier and its tokenizer.
 * @throws {ConfigError} when the classifier has no such label, naming those it has
 */
export function classifierJudge(options: JudgeOptions): Judge {
  const { classifier, tokenizer, rewardLabel, toxicLabel, scoreOn } = options;
  const good = classifier.labelIndex(rewardLabel);
  const toxic = classifier.labelIndex(toxicLabel);
  const { maxPositions, padId } = classifier.config;
  // RoBERTa's positions start at padId + 1
  const maxLength = Math.min(tokenizer.maxLength, maxPositions - padId - 1);
  const logits = async (texts: readonly string[]) =>
    classifier.logits(await tokenizer.encodeBatch(texts, { maxLength }));
  return {
    logits,
    async judge(pairs) {
      const alone = await logits(pairs.map(({ response }) => response));
      const toxicity = alone.map((row) => probabilities(row)[toxic]);
      if (scoreOn === 'response')
        return alone.map((row, i) => ({ toxicity: toxicity[i], reward: row[good] }));
      const together = await logits(pairs.map(({ query, response }) => query + response));
      const prompts =
        scoreOn === 'delta' ? await logits(pairs.map(({ query }) => query)) : undefined;
      return together.map((row, i) => ({
        toxicity: toxicity[i],
        reward: row[good] - (prompts?.[i][good] ?? 0),
      }));
    },
  };
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

/** What the lab's reward needs to know of the policy. */
export interface LabOptions {
  /** The policy's. */
  readonly tokenizer: Tokenizer;
  readonly decoderStartId: number;
  readonly generation: GenerationConfig;
}

/**
 * The lab's reward, as it is: prompt and response with their special tokens as text, and the
 * largest logit whatever its label (a pipeline with top_k=None sorts by score).
 */
export function labReward(
  { logits }: Judge,
  { tokenizer, decoderStartId, generation }: LabOptions,
): Reward {
  return async function lab(rollouts) {
    const plain = { skipSpecialTokens: false };
    const queries = await tokenizer.decodeBatch(
      rollouts.map(({ query }) => query.ids),
      plain,
    );
    const responses = await tokenizer.decodeBatch(
      rollouts.map((rollout) => labIds(rollout, decoderStartId, generation)),
      plain,
    );
    const rows = await logits(queries.map((query, i) => query + responses[i]));
    return rows.map((row) => Math.max(...row));
  };
}
