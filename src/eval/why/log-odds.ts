/** Which words two sides differ in. Pure. */

/** Of one word: log odds on the second side - on the first, and their standard error. */
export interface LogOdds {
  readonly delta: number;
  readonly error: number;
}

/**
 * Log-odds ratio of each word with an informative Dirichlet prior,
 *
 *   delta_w = log((y_w + a_w) / (n + a - y_w - a_w)) of the second side - the same of the first
 *   error_w^2 = 1 / (y_w + a_w) of both, added
 *
 * @param first how often each word was counted there, `second` likewise
 * @param prior pseudo-counts of each word, above 0
 * @see Monroe, Colaresi and Quinn 2008, "Fightin' Words", eq. 16, 19: https://doi.org/10.1093/pan/mpn018
 */
export function logOdds(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  prior: ArrayLike<number>,
): LogOdds[] {
  const a = total(prior);
  const sides = [first, second].map((counts) => ({ counts, all: total(counts) + a }));
  return Array.from(prior, (_, w) => {
    const [one, other] = sides.map(({ counts, all }) => {
      const y = counts[w] + prior[w];
      return { y, log: Math.log(y / (all - y)) };
    });
    return { delta: other.log - one.log, error: Math.sqrt(1 / one.y + 1 / other.y) };
  });
}

/** One pseudo-count an average word, shared out as the words are used on both sides together. */
export function informativePrior(first: ArrayLike<number>, second: ArrayLike<number>): number[] {
  const all = total(first) + total(second);
  return Array.from(first, (y, w) => ((y + second[w]) * first.length) / all);
}

function total(numbers: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i];
  return sum;
}
