/** Why samples gain: over all of them, as data. Pure. */
import type { Sample } from '../../comparison.ts';
import type { Why } from '../../explanation.ts';
import { casesOf, sidesOf, type Texts } from './cases.ts';
import { explain, goods } from './explain.ts';
import { changedGrams } from './grams.ts';
import { rankCorrelation } from './ranks.ts';
import { scatter } from './scatter.ts';
import { tellingPairs } from './telling-pairs.ts';
import { tellingWords } from './telling-words.ts';

export interface WhyOptions extends Texts {
  readonly seed: number;
  /** Coverage of the intervals. @default 0.95 */
  readonly level?: number;
  /** What is found is found at this level. @default 0.01 */
  readonly alpha?: number;
  /** Draws of each bootstrap and each test. @default 10000 */
  readonly draws?: number;
}

/** Rank correlation of two gains from which one says what the other says. */
const theSame = 0.95;

/**
 * What the samples that gain have in common. Before and after are the same prompts in the same order;
 * samples of one query are one prompt. What is said of means is said of prompts.
 * @throws {InputError} when the two do not pair up
 */
export function whyOf(
  before: readonly Sample[],
  after: readonly Sample[],
  { seed, level = 0.95, alpha = 0.01, draws = 10_000, ...texts }: WhyOptions,
): Why {
  const cases = casesOf(before, after, texts);
  const options = { seed, level, alpha, draws };
  const gains = [goods.toxicity, goods.reward].map((good) => sidesOf(cases, good).changes);
  const agreement = rankCorrelation(gains[0], gains[1], level);
  const asked = agreement.rho < theSame ? (['toxicity', 'reward'] as const) : ['toxicity' as const];
  const explanations = asked.map((of) => explain(cases, of, options));
  const found = explanations[0].changes.filter(({ role }) => role === 'cause');
  const words = tellingWords(cases, goods.toxicity);
  const telling = cases.map(() => words);
  const points = scatter(cases, seed);
  return {
    prompts: cases.length,
    samples: before.length,
    alpha,
    explanations,
    agreement,
    ...changedGrams(cases, { alpha, seed }),
    telling: tellingPairs(cases, { telling }, found),
    ...(points && { scatter: points }),
  };
}
