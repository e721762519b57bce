/** Comparisons in the logs of earlier versions, in the words of this one. Pure. */
import type { Comparison, Cost, Verdict } from '../comparison.ts';
import type { JobEvent } from '../events.ts';

/** What the verdicts of version 0.1 are called now. */
const verdicts: Readonly<Record<string, Verdict>> = {
  'less toxic': 'improved',
  'less toxic, but collapsed': 'improved at a cost',
  'more toxic': 'worse',
};

/** Of what each measure of a collapse was a cost. */
const costs: Readonly<Record<string, Cost['of']>> = {
  rouge1: 'quality',
  tokens: 'length',
  distinct2: 'diversity',
  empty: 'ending',
  duplicates: 'diversity',
};

type OldComparison = Omit<Comparison, 'verdict'> & {
  readonly verdict: string;
  readonly collapse?: readonly Omit<Cost, 'of'>[];
};

/** An event as this version tells it; what it told already is untouched. */
export function inNewWords(event: JobEvent): JobEvent {
  if (event.type !== 'compared' || !('comparison' in event)) return event;
  const comparison: OldComparison = event.comparison;
  const isOld = comparison.collapse !== undefined || comparison.verdict in verdicts;
  return isOld ? { ...event, comparison: converted(comparison) } : event;
}

/** Collapsed at unchanged toxicity was `no provable change`; it is worse now. */
function converted(comparison: OldComparison): Comparison {
  const { collapse, verdict, ...rest } = comparison;
  const renamed = verdicts[verdict] ?? (verdict as Verdict);
  if (!collapse) return { ...rest, verdict: renamed };
  return {
    ...rest,
    verdict: renamed === 'no provable change' ? 'worse' : renamed,
    costs: collapse.map((one) => ({ of: costs[one.measure] ?? 'quality', ...one })),
  };
}
