/** Which of several policies no other one beats. Pure. */
import { InputError } from '../../errors.ts';
import type { ParetoPoint, ParetoRow } from '../../explanation.ts';

/** What counts, each the larger the better. ROUGE counts where every point has it. */
function qualities(points: readonly ParetoPoint[]): (readonly number[])[] {
  const hasRouge = points.every(({ rouge1 }) => rouge1 !== undefined);
  return points.map(({ reward, toxicity, rouge1 }) =>
    hasRouge ? [reward, -toxicity, rouge1!] : [reward, -toxicity],
  );
}

/**
 * Each point with the names of those that dominate it: at least as good in reward, toxicity and ROUGE-1,
 * and better in one of them. Means alone are compared: two that are close may change places with other
 * prompts.
 * @throws {InputError} when a number is not finite
 */
export function pareto(points: readonly ParetoPoint[]): ParetoRow[] {
  const all = qualities(points);
  const wrong = points.find((_, i) => !all[i].every(Number.isFinite));
  if (wrong) throw new InputError('pareto', 'finite numbers', `others of ${wrong.name}`);
  const dominates = (one: readonly number[], other: readonly number[]) =>
    one.every((x, k) => x >= other[k]) && one.some((x, k) => x > other[k]);
  return points.map((point, i) => ({
    ...point,
    dominatedBy: points.filter((_, j) => dominates(all[j], all[i])).map(({ name }) => name),
  }));
}
