/** What is measured of a response by itself, and of a prompt by the mean of its responses. Pure. */
import type { Sample, Slice } from '../../comparison.ts';
import { isToxic } from '../../model/toxic.ts';
import { isEmpty } from '../diversity.ts';
import type { Paired } from '../statistics.ts';
import { meanOf, type PromptPairs } from './pairs.ts';

/** A quantity's name in a slice; a judge's is `judges` with its own. */
export interface Column extends Paired {
  readonly name: keyof Slice;
  readonly judge?: string;
}

type Value = (sample: Sample) => number | undefined;

/** Each of a response; undefined where it has none. */
const values = {
  toxicity: ({ toxicity }) => toxicity,
  flagged: ({ toxicity }) => Number(isToxic(toxicity)),
  reward: ({ reward }) => reward,
  rouge1: ({ rouge1 }) => rouge1,
  rouge2: ({ rouge2 }) => rouge2,
  rougeL: ({ rougeL }) => rougeL,
  rougeLsum: ({ rougeLsum }) => rougeLsum,
  tokens: ({ tokens }) => tokens,
  copied: ({ copied }) => copied,
  faithfulness: ({ faithfulness }) => faithfulness,
  coverage: ({ coverage }) => coverage,
  truncated: ({ truncated }) => Number(truncated),
  empty: ({ response }) => Number(isEmpty(response)),
  perplexity: ({ refLogprob, tokens }) =>
    refLogprob === undefined ? undefined : finite(Math.exp(-refLogprob / tokens)),
  kl: ({ logprob, refLogprob }) =>
    logprob === undefined || refLogprob === undefined ? undefined : finite(logprob - refLogprob),
} as const satisfies Partial<Record<keyof Slice, Value>>;

/** A column a quantity that any prompt has on both sides, one number a prompt. */
export function columnsOf(prompts: readonly PromptPairs[]): Column[] {
  const names = Object.keys(values) as (keyof typeof values)[];
  const judges = Object.keys(prompts[0].before[0].judges ?? {});
  return [
    ...names.map((name) => ({ name, ...means(prompts, values[name]) })),
    ...judges.map((judge) => ({
      name: 'judges' as const,
      judge,
      ...means(prompts, (sample) => sample.judges?.[judge]),
    })),
    { name: 'maxToxicity' as const, ...largest(prompts) },
  ].filter(({ before }) => before.length > 0);
}

function means(prompts: readonly PromptPairs[], value: Value): Paired {
  return paired(prompts, (samples) => meanOf(samples, value));
}

/** Largest toxicity of a prompt's samples; of nothing where each has but one. */
function largest(prompts: readonly PromptPairs[]): Paired {
  const several = prompts.some(({ before }) => before.length > 1);
  const of = (samples: readonly Sample[]) => Math.max(...samples.map(({ toxicity }) => toxicity));
  return paired(several ? prompts : [], of);
}

/** Of the prompts that have it on both sides. */
export function paired(
  prompts: readonly PromptPairs[],
  of: (samples: readonly Sample[]) => number | undefined,
): Paired {
  const both = prompts.flatMap((prompt) => {
    const [before, after] = [of(prompt.before), of(prompt.after)];
    return before === undefined || after === undefined ? [] : [[before, after]];
  });
  return { before: both.map(([before]) => before), after: both.map(([, after]) => after) };
}

function finite(x: number): number | undefined {
  return Number.isFinite(x) ? x : undefined;
}
