/** A supervised job: train, measure in between, keep the best. I/O: the folder of the result. */
import { join } from 'node:path';
import { NumericError } from './errors.ts';
import type { MemoryEstimate, ParameterCount, SkippedRows } from './events.ts';
import { writeFolderAtomic } from './hub/atomic.ts';
import type { DownloadProgress } from './hub/progress.ts';
import { writeRecord, writeResultFolder } from './hub/result-folder.ts';
import { type Learner, stepsOf, type TrainingStep, trainSupervised } from './model/supervised.ts';
import { type SupervisedConfig, supervisedConfigOf } from './model/supervised-config.ts';
import type { Engine } from './runtime/engine.ts';

/** Where a supervised job runs, and where its result goes. */
export interface JobContext {
  readonly engine: Engine;
  /** Folder of the result: new, empty, or with an earlier result of the same job. */
  readonly output: string;
  readonly version: string;
  /** Ends the training after the step that runs; what has been learnt is saved. */
  readonly signal?: AbortSignal;
  /** Is told how far downloads from the hub are. */
  readonly downloading?: (progress: DownloadProgress) => void;
}

/** What a supervised job tells, in order. `Measures` is what it measures on the held-out part. */
export type JobEvent<Measures> =
  | {
      readonly type: 'started';
      readonly engine: string;
      readonly parameters: ParameterCount;
      readonly data: JobData;
      /** What the run will take, where that is known. */
      readonly memory?: MemoryEstimate;
    }
  | JobProgress
  | {
      readonly type: 'evaluated';
      /** `after`: what the result is worth, which was measured after its step. */
      readonly when: When;
      readonly step: number;
      readonly measures: Measures;
      /** Of those in between: no earlier one was as good. */
      readonly best?: boolean;
    }
  | ({ readonly type: 'step' } & TrainingStep)
  | {
      readonly type: 'stopped';
      readonly step: number;
      readonly saved: boolean;
      /** Step of the result, where an earlier one was kept as the best. */
      readonly best?: number;
      /** Where, beside the best, the weights of the last step are. */
      readonly last?: string;
    }
  | {
      readonly type: 'finished';
      readonly steps: number;
      readonly seconds: number;
      /** Step of the result, where measurements in between chose it. */
      readonly best?: number;
      /** Patience ended the training. */
      readonly early?: true;
    };

/** How far a phase is. */
export interface JobProgress {
  readonly type: 'progress';
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** When a measurement is made. */
export type When = 'before' | 'during' | 'after';

/** How much data there is. */
export interface JobData {
  readonly rows: number;
  /** Rows that were not too short or too long. */
  readonly kept: number;
  readonly train: number;
  readonly test: number;
  /** Texts to be learnt that were longer than the token limit. */
  readonly cut: number;
  /** Missing when every row could be read. */
  readonly skipped?: SkippedRows;
  /** Columns by what they hold, where that was found out: `{ text: 'tweet' }`. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** What all supervised jobs are told. */
type JobConfig = Omit<SupervisedConfig, 'learningRate' | 'warmup'> & {
  readonly learningRate?: number | undefined;
  readonly warmup?: number | undefined;
  readonly evaluateEvery: number;
  readonly patience: number;
  readonly bestMetric: string;
};

/** What makes a supervised job. */
export interface JobParts<Measures> {
  /** The command. */
  readonly job: string;
  readonly config: JobConfig;
  /** Where the config gives none. */
  readonly learningRate: number;
  readonly learner: Learner;
  /** Measure before the first step as well. */
  readonly measuresBefore: boolean;
  /** Measures the held-out part; undefined when the signal ended it. */
  measure(when: When): AsyncGenerator<JobProgress, Measures | undefined>;
  /** What decides which measurement is the best; more is better. */
  worth(measures: Measures): number;
  /** Fills a folder with what has been learnt. */
  save(folder: string): Promise<void>;
}

/** A measurement, and the steps before it. */
type Evaluation<Measures> = { readonly step: number } & Measures;

/** What a job knows of itself while it runs. */
interface Run<Measures> {
  done: number;
  before: Measures | undefined;
  best: Evaluation<Measures> | undefined;
  readonly evaluations: Evaluation<Measures>[];
}

/**
 * Trains to the end, until patience is at its end, or to the end of the step in which the signal
 * comes. With measurements in between the best weights go to the output each time, so that neither
 * a stop nor a crash loses them; else the last ones do.
 * @throws {NumericError} when a measurement is not finite
 */
export async function* runJob<Measures extends object>(
  parts: JobParts<Measures>,
  { output, version, signal }: Pick<JobContext, 'output' | 'version' | 'signal'>,
): AsyncGenerator<JobEvent<Measures>> {
  const start = performance.now();
  const { job, measure } = parts;
  const config = settled(parts);
  const run: Run<Measures> = { done: 0, before: undefined, best: undefined, evaluations: [] };
  const record = (after?: Measures) => {
    const { done: steps, before, best, evaluations } = run;
    const heldOut = { ...(parts.measuresBefore && { before }), after };
    const chosen = best && { best: best.step, evaluations };
    return { job, version, config, steps, heldOut, ...chosen };
  };
  const save = (after: Measures | undefined) =>
    writeResultFolder(output, record(after), parts.save);
  if (parts.measuresBefore) {
    run.before = yield* measure('before');
    if (run.before) {
      yield { type: 'evaluated', when: 'before', step: 0, measures: run.before };
    }
  }
  let early = false;
  try {
    if (!signal?.aborted) early = yield* train<Measures>(parts, run, { config, save, signal });
  } catch (error) {
    if (error instanceof NumericError && run.best) {
      error.message += ` The best so far, after step ${run.best.step}, is in ${output}.`;
    }
    throw error;
  }
  const { done, best } = run;
  if (done === 0) {
    yield { type: 'stopped', step: 0, saved: false };
    return;
  }
  if (!best) await save(undefined);
  const after = best ? withoutStep(best) : yield* measure('after');
  if (after) yield { type: 'evaluated', when: 'after', step: best?.step ?? done, measures: after };
  const chosen = best && { best: best.step };
  if (signal?.aborted) {
    const isLast = best === undefined || best.step === done;
    const last = isLast ? undefined : join(output, 'last');
    if (last !== undefined) await writeFolderAtomic(last, parts.save);
    await writeRecord(output, record(after));
    yield { type: 'stopped', step: done, saved: true, ...chosen, ...(last && { last }) };
    return;
  }
  await writeRecord(output, record(after));
  const seconds = (performance.now() - start) / 1000;
  yield { type: 'finished', steps: done, seconds, ...chosen, ...(early && { early }) };
}

interface Training<Measures> {
  readonly config: SupervisedConfig & JobConfig;
  save(after: Measures | undefined): Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** @returns whether patience ended the training */
async function* train<Measures extends object>(
  { learner, measure, worth }: JobParts<Measures>,
  run: Run<Measures>,
  { config, save, signal }: Training<Measures>,
): AsyncGenerator<JobEvent<Measures>, boolean> {
  const { evaluateEvery, patience } = config;
  let since = 0;
  for await (const step of trainSupervised(learner, supervisedConfigOf(config))) {
    run.done = step.step;
    yield { type: 'step', ...step };
    if (signal?.aborted) return false;
    const isLast = step.step === step.steps;
    if (evaluateEvery === 0 || (step.step % evaluateEvery !== 0 && !isLast)) continue;
    const measures = yield* measure('during');
    if (!measures) return false;
    const evaluation = { step: step.step, ...measures };
    run.evaluations.push(evaluation);
    const best = isBetter(evaluation, run.best, worth);
    if (best) run.best = evaluation;
    if (best) await save(measures);
    since = best ? 0 : since + 1;
    yield { type: 'evaluated', when: 'during', step: step.step, measures, best };
    if (signal?.aborted) return false;
    if (patience > 0 && since >= patience) return !isLast;
  }
  return false;
}

function isBetter<Measures extends object>(
  evaluation: Evaluation<Measures>,
  best: Evaluation<Measures> | undefined,
  worth: (measures: Measures) => number,
): boolean {
  const value = worth(evaluation);
  if (!Number.isFinite(value)) {
    const where = `measurement after step ${evaluation.step}`;
    throw new NumericError(where, 'a finite number', `${value}`, 'Lower the learning rate.');
  }
  return best === undefined || value > worth(best);
}

function withoutStep<Measures extends object>({ step: _, ...rest }: Evaluation<Measures>) {
  return rest as unknown as Measures;
}

/** The config with what it leaves open. */
function settled<Config extends JobConfig>({
  config,
  learningRate,
  learner,
}: {
  readonly config: Config;
  readonly learningRate: number;
  readonly learner: Learner;
}): Config & SupervisedConfig {
  const warmup = Math.min(20, Math.floor(stepsOf(learner.count, config) / 10));
  return {
    ...config,
    learningRate: config.learningRate ?? learningRate,
    warmup: config.warmup ?? warmup,
  };
}

/** Parts of at most `size` items, with a progress event before the first and after each. */
export async function* inParts<Item, Result>(
  phase: string,
  items: readonly Item[],
  { size, signal }: { size: number; signal: AbortSignal | undefined },
  work: (part: readonly Item[]) => Promise<readonly Result[]>,
): AsyncGenerator<JobProgress, Result[] | undefined> {
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
