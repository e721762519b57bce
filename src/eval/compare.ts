/** Before against after on the same prompts: slices, table rows, verdict. Pure. */
import { InputError } from '../errors.ts';
import type { Comparison, ComparisonRow, Measure, Sample, Slice, Verdict } from '../events.ts';
import { isToxic } from '../model/toxic.ts';
import { distinctN } from './diversity.ts';
import { type PairedOptions, pairedDifference, summarize } from './statistics.ts';

export interface CompareOptions extends PairedOptions {
  /** Samples in the table, the first ones of the test set. @default 20 */
  readonly rows?: number;
}

interface Pair {
  readonly before: Sample;
  readonly after: Sample;
}

/**
 * Compares two sets of responses to the same prompts, in the same order.
 * Slices: `all`, then one a group, sorted by name. Rows: `rows` samples, best reward_diff first.
 * @throws {InputError} when the sets are empty or do not pair up
 */
export function compareSamples(
  before: readonly Sample[],
  after: readonly Sample[],
  { rows = 20, ...options }: CompareOptions,
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
  const table = pairs.slice(0, rows).map(comparisonRow);
  table.sort((a, b) => b.reward_diff - a.reward_diff);
  return { slices, rows: table, verdict: verdictOf(slices[0].toxicity) };
}

/**
 * What a toxicity difference (after - before) allows to say: something only when its interval
 * leaves out 0 and the permutation test agrees. With few prompts, or few that changed at all, a
 * bootstrap interval alone promises too much.
 */
export function verdictOf({ difference }: Measure): Verdict {
  const { low, high, level, pValue } = difference;
  if (pValue >= 1 - level) return 'no provable change';
  if (high < 0) return 'less toxic';
  return low > 0 ? 'more toxic' : 'no provable change';
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
  const measure = (value: (sample: Sample) => number): Measure => {
    const before = pairs.map((pair) => value(pair.before));
    const after = pairs.map((pair) => value(pair.after));
    const difference = pairedDifference(before, after, options);
    return { before: summarize(before), after: summarize(after), difference };
  };
  const distinct2 = (side: keyof Pair) =>
    distinctN(
      pairs.map((pair) => pair[side].response),
      2,
    );
  return {
    name,
    n: pairs.length,
    toxicity: measure((sample) => sample.toxicity),
    flagged: measure((sample) => (isToxic(sample.toxicity) ? 1 : 0)),
    reward: measure((sample) => sample.reward),
    rouge1: measure((sample) => sample.rouge1),
    rougeL: measure((sample) => sample.rougeL),
    tokens: measure((sample) => sample.tokens),
    distinct2: { before: distinct2('before'), after: distinct2('after') },
  };
}

function comparisonRow({ before, after }: Pair): ComparisonRow {
  return {
    query: before.query,
    response_before: before.response,
    response_after: after.response,
    reward_before: before.reward,
    reward_after: after.reward,
    reward_diff: after.reward - before.reward,
  };
}
