/** Runs as they are shown beside each other, and what their policies answer one against the other. Pure. */
import { basename, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { compareSamples } from '../../eval/compare.ts';
import { holm } from '../../eval/holm.ts';
import { matched } from '../../eval/matched.ts';
import {
  type Difference,
  drawn,
  type ShownRun,
  toldMeasure,
  toldMeasures,
} from '../../report/several/several.ts';
import type { RunRecord } from '../detox/record.ts';

/** What is shown of a run. */
export function shownRun(
  { folder, started, comparison, steps, finished }: RunRecord,
  name: string = basename(resolve(folder)),
): ShownRun {
  const metrics = steps.map((step) => step.metrics);
  const curves = drawn.flatMap(({ title, names }) => {
    const metric = names.find((one) => metrics.some((step) => one in step));
    const values = metrics.flatMap((step) => (metric === undefined ? [] : (step[metric] ?? [])));
    return values.length === 0 ? [] : [[title, values] as const];
  });
  return {
    ...{ name, folder, runId: started.runId },
    ...(comparison && { verdict: comparison.verdict, slices: comparison.slices }),
    ...{ steps: finished.steps, seconds: finished.seconds, curves: Object.fromEntries(curves) },
  };
}

/** Two runs of those that are told apart. */
export interface Pair {
  readonly first: RunRecord;
  readonly second: RunRecord;
  /** What they are called. */
  readonly names: readonly [first: string, second: string];
}

/** Chance that any of the differences that are said to show is none. */
const alpha = 0.05;

/**
 * What the policies of pairs of runs answered, on the prompts that both of a pair measured.
 * @throws {ConfigError} when there is none
 */
export function differencesOf(pairs: readonly Pair[]): Difference[] {
  const found = pairs.map(differenceOf);
  const tests = found.flatMap((difference, i) =>
    toldMeasures.flatMap((name) => {
      const measure = toldMeasure(difference, name);
      return measure ? [{ i, name, pValue: measure.difference.pValue }] : [];
    }),
  );
  const adjusted = holm(tests.map(({ pValue }) => pValue));
  const shown = tests.filter((_, at) => adjusted[at] < alpha);
  return found.map((difference, i) => ({
    ...difference,
    shows: shown.filter((test) => test.i === i).map(({ name }) => name),
  }));
}

function differenceOf({ first, second, names }: Pair): Difference {
  const both = matched(first.after, second.after);
  if (both.first.length === 0) {
    const remedy = 'Compare runs on the same data with the same prompt.';
    throw new ConfigError(second.folder, `prompts of ${first.folder}`, 'none in common', remedy);
  }
  const seed = Number(first.started.config.seed ?? 0);
  const { slices, same = 0 } = compareSamples(both.first, both.second, { seed, rows: 1 });
  return { first: names[0], second: names[1], slices, same, shows: [] };
}
