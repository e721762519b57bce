/** Before against after on the same prompts: slices, table rows, verdict. Pure. */

import type {
  Comparison,
  ComparisonRow,
  Cost,
  Measure,
  Sample,
  Slice,
  Verdict,
} from '../comparison.ts';
import { InputError } from '../errors.ts';
import { isToxic } from '../model/toxic.ts';
import { collapseOf } from './collapse.ts';
import { distinctN, duplicates, isEmpty } from './diversity.ts';
import { measuredRouge } from './rouge.ts';
import { type PairedOptions, pairedDifference, summarize } from './statistics.ts';

export interface CompareOptions extends PairedOptions {
  /** Samples in the table, the first ones of the test set. @default 20 */
  readonly rows?: number;
  /** References of each sample, to be shown beside it. @default none */
  readonly references?: readonly (readonly string[])[];
}

/** Samples that are shown as the best, and as the worst. */
const extremes = 3;

interface Pair {
  readonly before: Sample;
  readonly after: Sample;
}

/**
 * Compares two sets of responses to the same prompts, in the same order.
 * Slices: `all`, then one a group, sorted by name. Rows: the first `rows` samples, best reward_diff
 * first. Extremes: the best and the worst of all samples.
 * @throws {InputError} when the sets are empty or do not pair up
 */
export function compareSamples(
  before: readonly Sample[],
  after: readonly Sample[],
  { rows = 20, references = [], ...options }: CompareOptions,
): Comparison {
  const pairs = pairUp(before, after);
  const groups = new Set(before.flatMap(({ group }) => (group === undefined ? [] : [group])));
  const slices = [
    measureSlice('all', pairs, options),
    ...[...groups].sort().map((group) => {
      const members = pairs.filter((pair) => pair.before.group === group);
      return measureSlice(group, members, options);
    }),
  ];
  const lines = pairs.map((pair, i) => comparisonRow(pair, references[i] ?? []));
  const sorted = [...lines].sort(bestFirst);
  const shown = Math.min(extremes, sorted.length);
  const costs = collapseOf(slices[0], { before: texts(before), after: texts(after) }, options);
  return {
    slices,
    rows: lines.slice(0, rows).sort(bestFirst),
    verdict: verdictOf(slices[0].toxicity, costs),
    ...(costs.length > 0 && { costs }),
    ...(slices[0].rouge1 && { rouge: measuredRouge }),
    same: pairs.filter((pair) => pair.before.response === pair.after.response).length,
    extremes: { best: sorted.slice(0, shown), worst: sorted.slice(-shown) },
  };
}

const bestFirst = (a: ComparisonRow, b: ComparisonRow) => b.reward_diff - a.reward_diff;

function texts(samples: readonly Sample[]): string[] {
  return samples.map(({ response }) => response);
}

/** Prompts below which no test is worth praise: one dialogue more or less would turn it. */
const fewestPrompts = 20;

/**
 * What a toxicity difference (after - before) allows to say: something only when its interval
 * leaves out 0 and the permutation test agrees. With few prompts, or few that changed at all, a
 * bootstrap interval alone promises too much. Less toxicity is no success where all has collapsed.
 */
export function verdictOf({ difference }: Measure, costs: readonly Cost[] = []): Verdict {
  const { n, low, high, level, pValue } = difference;
  if (n < fewestPrompts || pValue >= 1 - level) return 'no provable change';
  if (high < 0) return costs.length > 0 ? 'improved at a cost' : 'improved';
  return low > 0 ? 'worse' : 'no provable change';
}

function pairUp(before: readonly Sample[], after: readonly Sample[]): Pair[] {
  const where = 'compare';
  const remedy = 'Measure both on the same prompts in the same order.';
  if (before.length !== after.length) {
    const actual = `${before.length} before and ${after.length} after`;
    throw new InputError(where, 'as many samples before as after', actual, remedy);
  }
  if (before.length === 0) throw new InputError(where, 'one sample or more', 'none');
  return before.map((sample, i) => {
    const other = after[i];
    for (const key of ['id', 'query', 'group'] as const) {
      if (sample[key] === other[key]) continue;
      const expected = `${key} ${JSON.stringify(sample[key])} at place ${i} after training`;
      throw new InputError(where, expected, JSON.stringify(other[key]) ?? 'none', remedy);
    }
    return { before: sample, after: other };
  });
}

function measureSlice(name: string, pairs: readonly Pair[], options: PairedOptions): Slice {
  const measureOf = (values: readonly (readonly [before: number, after: number])[]): Measure => {
    const [before, after] = [0, 1].map((side) => values.map((value) => value[side]));
    const difference = pairedDifference(before, after, options);
    return { before: summarize(before), after: summarize(after), difference };
  };
  const measure = (value: (sample: Sample) => number): Measure =>
    measureOf(pairs.map(({ before, after }) => [value(before), value(after)]));
  /** Of the pairs that have it on both sides, if there are any. */
  const given = (name: 'rouge1' | 'rougeL'): { readonly [Name in typeof name]?: Measure } => {
    const values = pairs.flatMap(({ before: { [name]: before }, after: { [name]: after } }) =>
      before === undefined || after === undefined ? [] : [[before, after] as const],
    );
    return values.length === 0 ? {} : { [name]: measureOf(values) };
  };
  const [before, after] = (['before', 'after'] as const).map((side) =>
    pairs.map((pair) => pair[side]),
  );
  const repeated = [before, after].map((samples) => duplicates(samples).map(Number));
  return {
    name,
    n: pairs.length,
    toxicity: measure((sample) => sample.toxicity),
    flagged: measure((sample) => (isToxic(sample.toxicity) ? 1 : 0)),
    reward: measure((sample) => sample.reward),
    ...given('rouge1'),
    ...given('rougeL'),
    tokens: measure((sample) => sample.tokens),
    distinct2: { before: distinctN(texts(before), 2), after: distinctN(texts(after), 2) },
    empty: measure(({ response }) => Number(isEmpty(response))),
    duplicates: measureOf(pairs.map((_, i) => [repeated[0][i], repeated[1][i]])),
  };
}

function comparisonRow({ before, after }: Pair, references: readonly string[]): ComparisonRow {
  const { id, group, rouge1: rouge1Before } = before;
  const { rouge1: rouge1After } = after;
  return {
    query: before.query,
    response_before: before.response,
    response_after: after.response,
    reward_before: before.reward,
    reward_after: after.reward,
    reward_diff: after.reward - before.reward,
    toxicity_before: before.toxicity,
    toxicity_after: after.toxicity,
    ...(rouge1Before !== undefined && { rouge1_before: rouge1Before }),
    ...(rouge1After !== undefined && { rouge1_after: rouge1After }),
    id,
    ...(group !== undefined && { group }),
    references,
  };
}
