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
  const { search, state, sort, descending } = listing;
  const matching = found(runs, search).filter((run) => state === undefined || run.state === state);
  const sign = descending ? -1 : 1;
  return matching.toSorted((a, b) => {
    const [x, y] = [keyOf(a, sort), keyOf(b, sort)];
    if (x === undefined || y === undefined)
      return Number(x === undefined) - Number(y === undefined);
    const order = typeof x === 'number' ? x - Number(y) : x.localeCompare(String(y));
    return sign * order || a.id.localeCompare(b.id);
  });
}

/** The runs that a search is for, in their order. */
export function found(runs: readonly RunSummary[], search: string): RunSummary[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter(({ id, job, model = '', algorithm = '', seed, verdict = '' }) => {
    const text = [id, job, model, algorithm, `seed ${seed}`, verdict].join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
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
