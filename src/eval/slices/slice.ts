import type { Measure, Sample, Slice } from '../../comparison.ts';
import { distinctN, duplicates } from '../diversity.ts';
import { type PairedOptions, pairedDifferences, summarize } from '../statistics.ts';
import type { Chosen } from './choose.ts';
import { columnsOf, paired } from './measures.ts';
import type { PromptPairs, Side } from './pairs.ts';
import { measureTogether } from './together.ts';

/** Every measure of some prompts, before against after. */
export function measureSlice({ prompts, ...chosen }: Chosen, options: PairedOptions): Slice {
  const [before, after] = [responses(prompts, 'before'), responses(prompts, 'after')];
  const repeated = new Set([...repeats(before), ...repeats(after)]);
  const columns = [
    ...columnsOf(prompts),
    { name: 'duplicates' as const, ...paired(prompts, shareIn(repeated)) },
  ];
  const differences = pairedDifferences(columns, options);
  const found = columns.map(({ name, ...column }, i) => {
    const [one, other] = [summarize(column.before), summarize(column.after)];
    const measure: Measure = { before: one, after: other, difference: differences[i] };
    return { name, judge: 'judge' in column ? column.judge : undefined, measure };
  });
  const judges = found.flatMap(({ judge, measure }) => (judge ? [[judge, measure] as const] : []));
  const others = found.filter(({ judge }) => !judge);
  const measures = Object.fromEntries(others.map(({ name, measure }) => [name, measure]));
  return {
    ...chosen,
    n: prompts.length,
    // toxicity, flagged, reward and tokens are of every sample
    ...(measures as Pick<Slice, 'toxicity' | 'flagged' | 'reward' | 'tokens'>),
    ...(judges.length > 0 && { judges: Object.fromEntries(judges) }),
    ...varietyOf({ ...chosen, prompts }, options),
  };
}

/** Of all prompts and of groups with tests and intervals; of other parts the numbers alone. */
function varietyOf({ by, prompts }: Chosen, options: PairedOptions) {
  const isTested = by === undefined || by === 'group';
  if (isTested) return measureTogether(prompts, options);
  const [before, after] = (['before', 'after'] as const).map((side) =>
    distinctN(texts(responses(prompts, side)), 2),
  );
  return { distinct2: { before, after } };
}

function responses(prompts: readonly PromptPairs[], side: Side): Sample[] {
  return prompts.flatMap((prompt) => prompt[side]);
}

/** Those of a side that some other prompt got as well. */
function repeats(samples: readonly Sample[]): Sample[] {
  const several = duplicates(samples);
  return samples.filter((_, i) => several[i]);
}

function shareIn(some: ReadonlySet<Sample>) {
  return (samples: readonly Sample[]) =>
    samples.filter((sample) => some.has(sample)).length / samples.length;
}

function texts(samples: readonly Sample[]): string[] {
  return samples.map(({ response }) => response);
}
