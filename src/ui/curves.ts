/** Which curves stand in which chart, and how a long one is made short. Pure. */
import { heldOut, type Line } from './history.ts';
import type { Word } from './words/words.ts';

/** A chart: its title, and the metrics whose lines stand in it. */
export interface Group {
  readonly title: Word;
  readonly names: readonly string[];
}

/** What is looked at first, in this order. */
const groups: readonly Group[] = [
  { title: 'reward', names: ['env/reward_mean', `${heldOut}reward`] },
  { title: 'toxicity', names: ['env/toxic_share', `${heldOut}toxicity`] },
  { title: 'kl', names: ['objective/kl'] },
  { title: 'rouge', names: ['env/reward/rouge1', `${heldOut}rouge1`] },
  {
    title: 'loss',
    names: ['loss', `${heldOut}loss`, 'ppo/loss/total', 'ppo/loss/policy', 'ppo/loss/value'],
  },
  { title: 'entropyCurve', names: ['objective/entropy'] },
  { title: 'lengthCurve', names: ['tokens/responses_len_mean'] },
  { title: 'accuracy', names: [`${heldOut}accuracy`, `${heldOut}macroF1`] },
];

/** The charts of runs that have these metrics; each with those that are there. */
export function groupsOf(names: ReadonlySet<string>): Group[] {
  return groups.flatMap(({ title, names: all }) => {
    const there = all.filter((name) => names.has(name));
    return there.length > 0 ? [{ title, names: there }] : [];
  });
}

/** Of a group that which is shown of each of several runs: one of the training, one of held-out prompts. */
export function mainOf(names: readonly string[]): string[] {
  const isHeldOut = (name: string) => name.startsWith(heldOut);
  return [names.find((name) => !isHeldOut(name)), names.find(isHeldOut)].filter(
    (name) => name !== undefined,
  );
}

/** Metrics that stand in no group, by name. */
export function othersOf(names: ReadonlySet<string>): string[] {
  const grouped = new Set(groups.flatMap((group) => group.names));
  return [...names].filter((name) => !grouped.has(name)).toSorted();
}

/** A stretch of steps. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * A long line in about so many points: of each part its lowest and its highest, so that no peak goes.
 * Of a stretch also the points next to it, so that the line leaves the picture where it did.
 */
export function thinned({ steps, values }: Line, points: number, stretch?: Stretch): Line {
  const first = stretch ? Math.max(0, firstAtLeast(steps, stretch.from) - 1) : 0;
  const end = stretch ? Math.min(steps.length, firstAtLeast(steps, stretch.to) + 2) : steps.length;
  const size = Math.ceil((2 * (end - first)) / points);
  if (size <= 2) return { steps: steps.slice(first, end), values: values.slice(first, end) };
  const kept: number[] = [];
  for (let from = first; from < end; from += size) {
    let low = from;
    let high = from;
    for (let i = from; i < Math.min(from + size, end); i++) {
      if ((values[i] ?? Infinity) < (values[low] ?? Infinity)) low = i;
      if ((values[i] ?? -Infinity) > (values[high] ?? -Infinity)) high = i;
    }
    kept.push(Math.min(low, high));
    if (low !== high) kept.push(Math.max(low, high));
  }
  return { steps: kept.map((i) => steps[i]), values: kept.map((i) => values[i]) };
}

/** Means of the last so many points, gaps aside; a gap stays one. */
export function smoothed({ steps, values }: Line, window: number): Line {
  let [sum, count] = [0, 0];
  const means = values.map((value, i) => {
    const gone = values[i - window] ?? null;
    if (gone !== null) [sum, count] = [sum - gone, count - 1];
    if (value === null) return null;
    [sum, count] = [sum + value, count + 1];
    return sum / count;
  });
  return { steps, values: means };
}

/** Place of the first step that is not below. */
function firstAtLeast(steps: readonly number[], step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value at a step, or at the last one before it. */
export function valueAt({ steps, values }: Line, step: number): number | null {
  const at = firstAtLeast(steps, step);
  return values[steps[at] === step ? at : at - 1] ?? null;
}

/** What a line does, in numbers. */
export interface Shape {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly lowest: number;
  readonly highest: number;
}

export function shapeOf({ values }: Line): Shape | undefined {
  let [count, first, last] = [0, 0, 0];
  let [lowest, highest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    if (count++ === 0) first = value;
    last = value;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return count === 0 ? undefined : { count, first, last, lowest, highest };
}
