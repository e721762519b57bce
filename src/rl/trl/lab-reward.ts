import type { GenerationConfig } from '../../model/sampling.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { Judge, Pair } from '../judge.ts';
import type { JudgeReading } from '../judge-notes.ts';
import type { Reward } from '../reward.ts';
import type { Rollout } from '../rollout.ts';
import type { Semantics } from './corrections.ts';
import { labIds } from './sample.ts';

/** What the lab's reward needs to know of the policy, and what of it is put right. */
export interface LabOptions {
  /** The policy's. */
  readonly tokenizer: Tokenizer;
  /** What it begins every response with. */
  readonly startIds: readonly number[];
  readonly generation: GenerationConfig;
  /** @default all three defects */
  readonly semantics?: Pick<
    Semantics,
    'rewardsByLabel' | 'stripsSpecialTokens' | 'keepsDecoderStart'
  >;
  /** What the reward reads. @default 'pair' */
  readonly scoreOn?: JudgeReading['scoreOn'];
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
  { tokenizer, startIds, generation, semantics }: Required<Omit<LabOptions, 'scoreOn'>>,
): Promise<Pair[]> {
  const plain = { skipSpecialTokens: false };
  const prompts = rollouts.map(({ query }) => query.ids);
  const answers = rollouts.map(({ response, limit = generation.maxNewTokens }) => {
    const ids = [...startIds, ...response];
    return semantics.keepsDecoderStart ? ids : labIds(ids, limit);
  });
  const queries = await tokenizer.decodeBatch(prompts, plain);
  const responses = await tokenizer.decodeBatch(answers, plain);
  return queries.map((query, i) => ({ query, response: responses[i] }));
}
