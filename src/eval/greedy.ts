/** Greedy summaries and what is measured of each. */
import type { Policy } from '../model/policy.ts';
import type { GenerationConfig } from '../model/sampling.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { isEmpty } from './diversity.ts';
import { sentinelsIn } from './evaluate.ts';
import { type RougeScores, readableRouge } from './rouge.ts';

/** What there is to say of one. */
export interface GreedyAnswer {
  /** Missing without a reference that ROUGE can read. */
  readonly scores: RougeScores | undefined;
  /** Whether it holds tokens that fill gaps: `<extra_id_0>`. */
  readonly sentinels: boolean;
  readonly empty: boolean;
}

/** Lets a policy answer prompts, and compares the answers with their references. */
export async function answerGreedily(
  { policy, tokenizer }: { readonly policy: Policy; readonly tokenizer: Tokenizer },
  prompts: readonly { readonly query: readonly number[]; readonly references: readonly string[] }[],
  greedy: GenerationConfig,
): Promise<GreedyAnswer[]> {
  const queries = prompts.map(({ query }) => query);
  const nothing = { seed: 0, key: [] }; // the likeliest token needs no random number
  const made = await policy.generate(queries, greedy, nothing);
  const texts = await tokenizer.decodeBatch(made.map(({ response }) => response));
  return prompts.map(({ references }, i) => ({
    scores: readableRouge(references, texts[i]),
    sentinels: sentinelsIn(tokenizer.tokens(made[i].response)) > 0,
    empty: isEmpty(texts[i]),
  }));
}

/** The share of answers that are so, under its name; nothing when none is. */
export function shareOf(
  name: 'sentinels' | 'empty',
  answers: readonly GreedyAnswer[],
): { readonly [Name in typeof name]?: number } {
  const count = answers.filter((answer) => answer[name]).length;
  return count > 0 ? { [name]: count / answers.length } : {};
}
