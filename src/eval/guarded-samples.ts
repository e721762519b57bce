/** Which answers show most of what a guard saw. Pure. */
import type { Sample } from '../comparison.ts';
import type { GuardedSample } from '../events.ts';
import { isEmpty } from './diversity.ts';
import type { GuardName, Seen } from './guards.ts';

/** Answers that are told. */
const told = 3;

/** An answer, as far as it is known of the answers that a training learns from. */
export interface Answer extends Pick<Sample, 'query' | 'response' | 'tokens' | 'truncated'> {
  /** KL estimate of the response to the reference, in nats. */
  readonly kl?: number | undefined;
}

/** Of the answers that a training learns from those that show most of it, worst first. */
export function tellingRollouts(
  { guard, numbers }: Seen,
  answers: readonly Answer[],
): GuardedSample[] {
  const common = commonness(answers);
  const worst = worstOf(answers, (answer) => {
    if (guard === 'kl') return answer.kl ?? 0;
    if (guard === 'tokens') return Math.sign(numbers.now - numbers.before) * answer.tokens;
    return badness(guard, answer, common) ?? 0;
  });
  return worst.map(({ query, response }) => ({ query, response }));
}

/** Of held-out answers those that show most of it, beside what was answered before. */
export function tellingPairs(
  { guard, judge }: Seen,
  before: readonly Sample[],
  now: readonly Sample[],
): GuardedSample[] {
  const pairs = before.map((sample, i) => ({ sample, after: now[i] }));
  const common = commonness(now);
  const worst = worstOf(pairs, ({ sample, after }) => {
    if (guard === 'rouge1') return (sample.rouge1 ?? 0) - (after.rouge1 ?? sample.rouge1 ?? 0);
    if (guard === 'tokens') return Math.abs(after.tokens - sample.tokens);
    if (guard === 'judge') return judged(after, judge) - judged(sample, judge);
    return badness(guard, after, common) ?? 0;
  });
  return worst.map(({ sample, after }) => {
    const { query, response } = after;
    return { query, response, before: sample.response };
  });
}

function judged({ toxicity, judges }: Sample, judge = 'toxicity'): number {
  return judges?.[judge] ?? toxicity;
}

/** How often each response came. */
function commonness(answers: readonly Pick<Answer, 'response'>[]): (response: string) => number {
  const counts = new Map<string, number>();
  for (const { response } of answers) {
    counts.set(response.trim(), (counts.get(response.trim()) ?? 0) + 1);
  }
  return (response) => counts.get(response.trim()) ?? 0;
}

/** What one answer has of what a guard looks for; more is worse. */
function badness(
  guard: GuardName,
  { response, truncated }: Pick<Answer, 'response' | 'truncated'>,
  common: (response: string) => number,
): number | undefined {
  switch (guard) {
    case 'duplicates':
    case 'distinct2':
      return common(response);
    case 'truncated':
      return Number(truncated);
    case 'empty':
      return Number(isEmpty(response));
    default:
      return undefined;
  }
}

function worstOf<T>(items: readonly T[], badnessOf: (item: T) => number): T[] {
  const rated = items.map((item) => [badnessOf(item), item] as const);
  return rated
    .sort(([a], [b]) => b - a)
    .slice(0, told)
    .map(([, item]) => item);
}
