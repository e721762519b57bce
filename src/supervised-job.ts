import type { ParameterCount } from './events.ts';
import { type Learner, type TrainingStep, trainSupervised } from './model/supervised.ts';
import type { SupervisedConfig } from './model/supervised-config.ts';
import type { Engine } from './runtime/engine.ts';

/** Where a supervised job runs, and where its result goes. */
export interface JobContext {
  readonly engine: Engine;
  /** Folder of the result: new, empty, or with an earlier result of the same job. */
  readonly output: string;
  readonly version: string;
  /** Ends the training after the step that runs; what has been learnt is saved. */
  readonly signal?: AbortSignal;
}

/** What a supervised job tells, in order. `Measures` is what it measures on the held-out part. */
export type JobEvent<Measures> =
  | {
      readonly type: 'started';
      readonly engine: string;
      readonly parameters: ParameterCount;
      readonly data: JobData;
    }
  | {
      readonly type: 'progress';
      readonly phase: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'evaluated'; readonly when: 'before' | 'after'; readonly measures: Measures }
  | ({ readonly type: 'step' } & TrainingStep)
  | { readonly type: 'stopped'; readonly step: number; readonly saved: boolean }
  | { readonly type: 'finished'; readonly steps: number; readonly seconds: number };

/** How much data there is. */
export interface JobData {
  readonly rows: number;
  /** Rows that were not too short or too long. */
  readonly kept: number;
  readonly train: number;
  readonly test: number;
  /** Texts to be learnt that were longer than the token limit. */
  readonly cut: number;
}

/** Trains to the end, or to the end of the step in which the signal comes. Returns the steps done. */
export async function* trainUntilStopped<Measures>(
  learner: Learner,
  config: SupervisedConfig,
  signal: AbortSignal | undefined,
): AsyncGenerator<JobEvent<Measures>, number> {
  let done = 0;
  if (signal?.aborted) return done;
  for await (const step of trainSupervised(learner, config)) {
    done = step.step;
    yield { type: 'step', ...step };
    if (signal?.aborted) break;
  }
  return done;
}

/** Parts of at most `size` items, with a progress event before the first and after each. */
export async function* inParts<Item, Result>(
  phase: string,
  items: readonly Item[],
  { size, signal }: { size: number; signal: AbortSignal | undefined },
  work: (part: readonly Item[]) => Promise<readonly Result[]>,
): AsyncGenerator<Extract<JobEvent<never>, { type: 'progress' }>, Result[] | undefined> {
  const total = items.length;
  const results: Result[] = [];
  yield { type: 'progress', phase, done: 0, total };
  for (let start = 0; start < total; start += size) {
    if (signal?.aborted) return undefined;
    results.push(...(await work(items.slice(start, start + size))));
    yield { type: 'progress', phase, done: Math.min(start + size, total), total };
  }
  return results;
}
