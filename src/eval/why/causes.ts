/** Which features the gain goes with, and how much of it each explains. Pure. */
import type { Share } from '../../explanation.ts';
import { quantile } from '../normal.ts';
import { randomWords } from '../random-words.ts';
import { associationP } from './association.ts';
import { dot, midranks, standardized } from './ranks.ts';

/** More causes than these are not named. */
const mostCauses = 3;

export interface CauseOptions {
  readonly alpha: number;
  readonly seed: number;
  readonly level: number;
  readonly draws: number;
}

/**
 * Chooses causes among candidates, forward: first the one whose rank correlation with the gain is
 * largest, then the one whose partial rank correlation is, given those chosen, as long as it is there
 * at all. So what only goes along with a cause is not taken for one.
 * @param columns change of each candidate, prompt by prompt
 * @returns places of the causes, first the one that the gain goes with most
 */
export function chooseCauses(
  columns: readonly (readonly number[])[],
  gain: readonly number[],
  { alpha, seed, draws: permutations }: CauseOptions,
): number[] {
  let rest = standardized(midranks(gain));
  let ranks = columns.map((column) => standardized(midranks(column)));
  const chosen: number[] = [];
  while (chosen.length < Math.min(mostCauses, columns.length)) {
    const partial = ranks.map((column) => Math.abs(dot(column, rest)));
    const best = partial.indexOf(Math.max(...partial));
    const open = columns.length - chosen.length;
    if (partial[best] === 0) break;
    // the first has been tested with all features
    const first = chosen.length === 0;
    if (!first && associationP(ranks[best], rest, { seed, permutations }) * open > alpha) break;
    chosen.push(best);
    const axis = ranks[best];
    rest = standardized(without(rest, axis));
    ranks = ranks.map((column) => standardized(without(column, axis)));
  }
  return chosen;
}

/** What of the numbers is not along the axis; next to nothing is nothing. */
function without(numbers: Float64Array, axis: Float64Array): Float64Array {
  const along = dot(numbers, axis);
  if (1 - along * along < 1e-9) return new Float64Array(numbers.length);
  return numbers.map((x, i) => x - along * axis[i]);
}

/**
 * Part of the mean gain that each cause explains beside the others, as in mediation within subjects:
 * the slope of the gain on its change, with an intercept for what nothing explains, times its mean
 * change, over the mean gain. With percentile intervals of resampled prompts.
 * @see Judd, Kenny and McClelland 2001, https://doi.org/10.1037/1082-989X.6.2.115
 */
export function sharesOf(
  causes: readonly (readonly number[])[],
  gain: readonly number[],
  { seed, level }: CauseOptions,
): Share[] {
  const n = gain.length;
  const rows = gain.map((y, i) => [1, ...causes.map((column) => column[i]), y]);
  const means = sharesWith(rows, new Float64Array(n).fill(1));
  const word = randomWords(seed, 'shares');
  const drawn = Array.from({ length: 1000 }, () => {
    const weights = new Float64Array(n);
    for (let i = 0; i < n; i++) weights[Math.floor((word() / 2 ** 32) * n)]++;
    return sharesWith(rows, weights);
  });
  return means.map((mean, k) => {
    const sorted = Float64Array.from(drawn, (shares) => shares[k])
      .filter(Number.isFinite)
      .sort();
    const [low, high] = [(1 - level) / 2, (1 + level) / 2].map((p) => quantile(sorted, p));
    return { mean, low, high };
  });
}

/** @param rows [1, causes…, gain] */
function sharesWith(rows: readonly (readonly number[])[], weights: Float64Array): number[] {
  const size = rows[0].length;
  const moments = Array.from({ length: size }, () => new Float64Array(size));
  rows.forEach((row, i) => {
    for (let a = 0; a < size; a++)
      for (let b = 0; b < size; b++) moments[a][b] += weights[i] * row[a] * row[b];
  });
  const slopes = solve(moments.slice(0, -1).map((line) => Array.from(line)));
  const [ones] = moments;
  return slopes.slice(1).map((slope, k) => (slope * ones[k + 1]) / ones[size - 1]);
}

/** Solves [A | b] by Gauss's elimination with pivots; NaN where A has no inverse. */
function solve(lines: number[][]): number[] {
  const n = lines.length;
  for (let k = 0; k < n; k++) {
    const below = lines.slice(k).map((line) => Math.abs(line[k]));
    const pivot = k + below.indexOf(Math.max(...below));
    [lines[k], lines[pivot]] = [lines[pivot], lines[k]];
    if (Math.abs(lines[k][k]) < 1e-12) return Array(n).fill(Number.NaN);
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = lines[i][k] / lines[k][k];
      for (let j = k; j <= n; j++) lines[i][j] -= factor * lines[k][j];
    }
  }
  return lines.map((line, k) => line[n] / line[k]);
}
