/** Which runs the list shows, and in what order. Pure. */
import type { RunState, RunSummary } from '../api.ts';

/** What the list can be sorted by. */
export const sortings = [
  'id',
  'state',
  'progress',
  'time',
  'reward',
  'toxicity',
  'verdict',
] as const;
export type Sorting = (typeof sortings)[number];

export interface Listing {
  /** Words that all stand somewhere in a run's name, job, model, algorithm or seed. */
  readonly search: string;
  readonly state?: RunState | undefined;
  readonly sort: Sorting;
  readonly descending: boolean;
}

export function listed(runs: readonly RunSummary[], listing: Listing): RunSummary[] {
  const words = listing.search.toLowerCase().split(/\s+/).filter(Boolean);
  const { state, sort, descending } = listing;
  const matching = runs.filter((run) => {
    const { id, job, model = '', algorithm = '', seed, verdict = '' } = run;
    const text = [id, job, model, algorithm, `seed ${seed}`, verdict].join('\n').toLowerCase();
    return (
      (state === undefined || run.state === state) && words.every((word) => text.includes(word))
    );
  });
  const sign = descending ? -1 : 1;
  return matching.toSorted((a, b) => {
    const [x, y] = [keyOf(a, sort), keyOf(b, sort)];
    if (x === undefined || y === undefined)
      return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === 'number' ? x - Number(y) : x.localeCompare(String(y));
    return sign * order || a.id.localeCompare(b.id);
  });
}

/** A run's place in the order; one without comes last, whichever way. */
function keyOf(run: RunSummary, sort: Sorting): string | number | undefined {
  if (sort === 'progress') return run.steps === 0 ? 0 : run.step / run.steps;
  if (sort === 'reward') return rewardOf(run);
  if (sort === 'toxicity') return run.after?.toxicity ?? run.before?.toxicity;
  return run[sort];
}

/** What the last step got, on average. */
export function rewardOf({ metrics }: RunSummary): number | undefined {
  return metrics?.['env/reward_mean'];
}
