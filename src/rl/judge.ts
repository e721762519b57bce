import { ConfigError } from '../errors.ts';
import type { Classifier } from '../model/classifier.ts';
import type { GenerationConfig } from '../model/sampling.ts';
import { isToxic } from '../model/toxic.ts';
import type { Tokenizer } from '../tokenizer.ts';
import type { scoreTargets } from './config.ts';
import { moments } from './masked.ts';
import type { Reward } from './reward.ts';
import { labIds, type Rollout } from './rollout.ts';
import type { Semantics } from './semantics.ts';

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
  /** What the toxicity is measured on; a pair has a space between, as in the lab. @default 'response' */
  readonly toxicityOn?: 'response' | 'pair' | undefined;
}

/** A prompt and what was answered, as text. */
interface Pair {
  readonly query: string;
  readonly response: string;
}

/** How else than by the judge's own options a reward is read. */
interface Reading {
  /** @default the judge's */
  readonly scoreOn?: JudgeOptions['scoreOn'] | undefined;
  /** The largest logit, whatever its label. @default false: the reward label's */
  readonly largest?: boolean;
}

/** What the classifier says of one response. */
export interface Judgement {
  /** Probability of the toxic label. */
  readonly toxicity: number;
  /** Logit of the reward label. */
  readonly reward: number;
}

/** A classifier's opinion of responses. */
export interface Judge {
  readonly judge: (pairs: readonly Pair[]) => Promise<Judgement[]>;
  /** The rewards alone, one number a pair. */
  readonly rewards: (pairs: readonly Pair[], reading?: Reading) => Promise<number[]>;
  /** Logits of texts, [labels] each; cut at the classifier's positions. */
  readonly logits: (texts: readonly string[]) => Promise<Float32Array[]>;
}

/**
 * A judge over a classifier and its tokenizer.
 * @throws {ConfigError} when the classifier has no such label, naming those it has, or only one
 */
export function classifierJudge(options: JudgeOptions): Judge {
  const { classifier, tokenizer, rewardLabel, toxicLabel, scoreOn } = options;
  const { toxicityOn = 'response' } = options;
  refuseSingleLabel(classifier);
  const good = classifier.labelIndex(rewardLabel);
  const toxic = classifier.labelIndex(toxicLabel);
  const { maxTokens } = classifier;
  const maxLength = Math.min(tokenizer.maxLength, maxTokens);
  const logits = async (texts: readonly string[]) =>
    classifier.logits(await tokenizer.encodeBatch(texts, { maxLength }));
  const rewards: Judge['rewards'] = async (pairs, reading = {}) => {
    const { scoreOn: read = scoreOn, largest = false } = reading;
    const numbers = async (texts: readonly string[]) =>
      (await logits(texts)).map((row) => (largest ? Math.max(...row) : row[good]));
    if (read === 'response') return numbers(pairs.map(({ response }) => response));
    const together = await numbers(pairs.map(({ query, response }) => query + response));
    if (read === 'pair') return together;
    const prompts = await numbers(pairs.map(({ query }) => query));
    return together.map((number, i) => number - prompts[i]);
  };
  return {
    logits,
    rewards,
    async judge(pairs) {
      const read = await logits(
        pairs.map(({ query, response }) =>
          toxicityOn === 'pair' ? `${query} ${response}` : response,
        ),
      );
      const paid =
        scoreOn === 'response' && toxicityOn === 'response'
          ? read.map((row) => row[good])
          : await rewards(pairs);
      return read.map((row, i) => ({
        toxicity: classifier.scores(row)[toxic],
        reward: paid[i],
      }));
    },
  };
}

/** A single logit, as preference models have it, says how good a text is and not how toxic. */
function refuseSingleLabel({ config: { labels } }: Classifier): void {
  if (labels.length > 1) return;
  const remedy = 'Its logit could be a reward, but nothing of it is a probability of toxicity.';
  throw new ConfigError('reward model', 'at least two labels', `one ("${labels[0]}")`, remedy);
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

/** What the lab's reward needs to know of the policy, and what of it is put right. */
export interface LabOptions {
  /** The policy's. */
  readonly tokenizer: Tokenizer;
  readonly decoderStartId: number;
  readonly generation: GenerationConfig;
  /** @default all three defects */
  readonly semantics?: Pick<
    Semantics,
    'rewardsByLabel' | 'stripsSpecialTokens' | 'keepsDecoderStart'
  >;
  /** What the reward reads. @default 'pair' */
  readonly scoreOn?: JudgeOptions['scoreOn'];
}

const defects = { rewardsByLabel: false, stripsSpecialTokens: false, keepsDecoderStart: false };

/**
 * The lab's reward, as it is: prompt and response with their special tokens as text, and the
 * largest logit whatever its label (a pipeline with top_k=None sorts by score).
 */
export function labReward(judge: Judge, options: LabOptions): Reward {
  const { semantics = defects, scoreOn = 'pair' } = options;
  return async function lab(rollouts) {
    const pairs = semantics.stripsSpecialTokens
      ? rollouts.map(({ query, text }) => ({ query: query.text, response: text }))
      : await specialPairs(rollouts, { ...options, semantics });
    return judge.rewards(pairs, { scoreOn, largest: !semantics.rewardsByLabel });
  };
}

/** Prompts and responses with their special tokens as text. */
async function specialPairs(
  rollouts: readonly Rollout[],
  { tokenizer, decoderStartId, generation, semantics }: Required<Omit<LabOptions, 'scoreOn'>>,
): Promise<Pair[]> {
  const plain = { skipSpecialTokens: false };
  const prompts = rollouts.map(({ query }) => query.ids);
  const answers = rollouts.map((rollout) =>
    semantics.keepsDecoderStart
      ? [decoderStartId, ...rollout.response]
      : labIds(rollout, decoderStartId, generation),
  );
  const queries = await tokenizer.decodeBatch(prompts, plain);
  const responses = await tokenizer.decodeBatch(answers, plain);
  return queries.map((query, i) => ({ query, response: responses[i] }));
}
