/**
 * Holm's p-values, in the order given: with `adjusted < alpha` as the rule, the chance that any
 * true "no difference" of the family is rejected is at most alpha, however the tests depend.
 *
 *   sorted upwards, adjusted_i = max over j <= i of min(1, (m - j + 1) p_j)
 * @see Holm 1979, https://www.jstor.org/stable/4615733
 */
export function holm(pValues: readonly number[]): number[] {
  const m = pValues.length;
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i] - pValues[j]);
  const adjusted = Array<number>(m);
  let most = 0;
  for (const [rank, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (m - rank) * pValues[i]));
    adjusted[i] = most;
  }
  return adjusted;
}
