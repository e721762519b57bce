/** Whether two things go together over prompts, by permutation. Pure. */
import { randomWords } from '../random-words.ts';
import { standardized } from './ranks.ts';

/** Permutations that reach the observed correlation, after which the p-value is known well enough. */
const enough = 50;

/**
 * Two-sided p-value of "no correlation": the share of random permutations whose studentised
 * correlation reaches the observed one, itself counted in, (k + 1) / (permutations + 1); with many that
 * reach it the draws end early, and it is k over the draws (Besag and Clifford 1991). Studentised, so that it holds where the two
 * are uncorrelated but not independent, as changes are that are 0 together wherever nothing changed.
 *
 *   s = sum x_i y_i / sqrt(sum x_i^2 y_i^2),  x and y centred
 * @see DiCiccio and Romano 2017, https://doi.org/10.1080/01621459.2016.1202117
 */
export function associationP(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  { permutations = 10_000, seed }: { readonly permutations?: number; readonly seed: number },
): number {
  const [x, y] = [standardized(xs), standardized(ys)];
  const observed = studentised(x, y) - 1e-12;
  if (!(observed > 0)) return 1;
  const word = randomWords(seed, 'association');
  let reached = 0;
  for (let r = 0; r < permutations; r++) {
    for (let i = y.length - 1; i > 0; i--) {
      const j = Math.floor((word() / 2 ** 32) * (i + 1));
      const kept = y[i];
      y[i] = y[j];
      y[j] = kept;
    }
    if (studentised(x, y) >= observed) reached++;
    if (reached === enough) return reached / (r + 1);
  }
  return (reached + 1) / (permutations + 1);
}

function studentised(x: Float64Array, y: Float64Array): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    const product = x[i] * y[i];
    sum += product;
    squares += product * product;
  }
  return squares === 0 ? 0 : Math.abs(sum) / Math.sqrt(squares);
}
