/** Before against after on the same prompts: slices, table rows, verdict. Pure. */

import type { Comparison, Sample } from '../comparison.ts';
import { type RougeOptions, rougeKind } from './rouge.ts';
import { bestFirst, comparisonRow } from './rows.ts';
import { chooseSlices } from './slices/choose.ts';
import { byPrompt, pairUp } from './slices/pairs.ts';
import { measureSlice } from './slices/slice.ts';
import { usualExchanges } from './slices/together.ts';
import { type PairedOptions, usualResamples } from './statistics.ts';
import { judge } from './verdict.ts';

export interface CompareOptions extends PairedOptions, RougeOptions {
  /** Samples in the table, the first ones of the test set. @default 20 */
  readonly rows?: number;
  /** References of each sample, to be shown beside it. @default none */
  readonly references?: readonly (readonly string[])[];
  /** Share of ROUGE that may be lost. @default 0.15 */
  readonly qualityLimit?: number | undefined;
}

/** Samples that are shown as the best, and as the worst. */
const extremes = 3;

/**
 * Compares two sets of responses to the same prompts, in the same order. The prompt is the unit:
 * samples of the same query, several of one row or of several rows, count by their mean.
 * Slices: `all`, each group, the top decile by a judge before training, thirds by length. Rows: the
 * first `rows` samples, best reward_diff first. Extremes: the best and the worst of all samples.
 * @throws {InputError} when the sets are empty or do not pair up
 */
export function compareSamples(
  before: readonly Sample[],
  after: readonly Sample[],
  { rows = 20, references = [], qualityLimit, stemmer, ...options }: CompareOptions,
): Comparison {
  const pairs = pairUp(before, after);
  const slices = chooseSlices(byPrompt(pairs)).map((chosen) => measureSlice(chosen, options));
  const lines = pairs.map((pair, i) => comparisonRow(pair, references[i] ?? []));
  const sorted = [...lines].sort(bestFirst);
  const shown = Math.min(extremes, sorted.length);
  const [all, ...others] = slices;
  const judged = judge(all, { level: options.level, qualityLimit });
  const { verdict, costs, judges, basis } = judged;
  const { level = 0.95, resamples = usualResamples, seed } = options;
  const unreadable = before.filter(
    ({ rouge1 }, i) => rouge1 === undefined && (references[i]?.length ?? 0) > 0,
  );
  return {
    slices: [judged.slice, ...others],
    rows: lines.slice(0, rows).sort(bestFirst),
    verdict,
    ...(costs.length > 0 && { costs }),
    ...(Object.keys(judges).length > 0 && { judges }),
    basis,
    ...(all.rouge1 && { rouge: rougeKind({ stemmer }) }),
    ...(unreadable.length > 0 && {
      unreadable: new Set(unreadable.map(({ query }) => query)).size,
    }),
    ...(pairs.length > all.n && { responses: pairs.length }),
    same: pairs.filter((pair) => pair.before.response === pair.after.response).length,
    extremes: { best: sorted.slice(0, shown), worst: sorted.slice(-shown) },
    statistics: { seed, level, resamples, exchanges: usualExchanges },
  };
}
