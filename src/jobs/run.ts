/** A supervised job: train, measure in between, keep the best, and what it takes to go on. */
import { NumericError, UnavailableError } from '../errors.ts';
import { resumeNotes } from '../model/checkpoint.ts';
import { emptyState } from '../model/optimizer.ts';
import { type Learner, type Progress, stepsOf, trainSupervised } from '../model/supervised.ts';
import { type SupervisedConfig, supervisedConfigOf } from '../model/supervised-config.ts';
import { restoreTraining, trainingTensors } from '../model/training-tensors.ts';
import type { Begun } from './begin.ts';
import type { JobEvent, JobProgress, When } from './events.ts';
import type { JobMemory } from './state.ts';

export type { JobContext, JobEvent, JobProgress, When } from './events.ts';

/** What all supervised jobs are told. */
type JobConfig = Omit<SupervisedConfig, 'learningRate' | 'warmup'> & {
  readonly learningRate?: number | undefined;
  readonly warmup?: number | undefined;
  readonly evaluateEvery: number;
  readonly patience: number;
  readonly bestMetric: string;
  readonly checkpointEvery: number;
};

/** What makes a supervised job. */
export interface JobParts<Measures> {
  readonly begun: Begun<JobConfig, Measures>;
  /** Where the config gives none. */
  readonly learningRate: number;
  readonly learner: Learner;
  /** Measure before the first step as well. */
  readonly measuresBefore: boolean;
  /** Measures the held-out part; undefined when the signal ended it. */
  measure(when: When): AsyncGenerator<JobProgress, Measures | undefined>;
  /** What decides which measurement is the best; more is better. */
  worth(measures: Measures): number;
  /** What else the record says of what was measured. @default nothing */
  about?(measures: Measures): Readonly<Record<string, unknown>>;
  /** Fills a folder with what has been learnt. */
  save(folder: string): Promise<void>;
}

/** A job that goes: its parts, its settings with what they leave open, what it knows of itself. */
interface Run<Measures> extends JobParts<Measures>, Memory<Measures> {
  readonly config: JobConfig & SupervisedConfig;
  readonly progress: Progress;
  /** Steps of the whole training. */
  readonly total: number;
  /** Step of the newest checkpoint. */
  kept: number | undefined;
}

/** The same as in a checkpoint, to be changed. */
type Memory<Measures> = {
  -readonly [Name in 'before' | 'best' | 'since']: JobMemory<Measures>[Name];
} & {
  readonly evaluations: JobMemory<Measures>['evaluations'][number][];
};

/**
 * Trains to the end, until patience is at its end, or to the end of the step in which the signal
 * comes. With measurements in between the best weights go to the output each time, so that neither
 * a stop nor a crash loses them; else the last ones do. Checkpoints are written on the way and at a
 * stop, and go when the job is finished.
 * @throws {NumericError} when a measurement is not finite
 */
export async function* runJob<Measures extends object>(
  parts: JobParts<Measures>,
): AsyncGenerator<JobEvent<Measures>> {
  const { files, context } = parts.begun;
  const { output, signal } = context;
  const run = await start(parts);
  yield* beginning(run);
  let early = false;
  try {
    if (!signal?.aborted) early = yield* train(run);
  } catch (error) {
    if (error instanceof NumericError && run.best) {
      error.message += ` The best so far, after step ${run.best.step}, is in ${output}.`;
    }
    throw error;
  }
  const { progress, best } = run;
  const { done } = progress;
  if (done === 0) {
    yield { type: 'stopped', step: 0, saved: false };
    return;
  }
  if (!best) await saveResult(run, undefined);
  const after = best ? measuresAt(run, best.step) : yield* run.measure('after');
  if (after) yield { type: 'evaluated', when: 'after', step: best?.step ?? done, measures: after };
  const chosen = best && { best: best.step };
  if (signal?.aborted) {
    const isLast = best === undefined || best.step === done;
    const last = isLast ? undefined : await files.writeLast(run.save);
    await files.writeRecord(recordOf(run, after));
    const problem = yield* keepAtStop(run);
    const more = { ...chosen, ...(last && { last }), ...(problem && { problem }) };
    yield { type: 'stopped', step: done, saved: true, ...more };
    return;
  }
  await files.writeRecord(recordOf(run, after, { finished: true }));
  await files.finish();
  const seconds = run.begun.seconds();
  yield { type: 'finished', steps: done, seconds, ...chosen, ...(early && { early }) };
}

/** The run as it begins, or as its checkpoint has it. */
async function start<Measures>(parts: JobParts<Measures>): Promise<Run<Measures>> {
  const { learner, begun } = parts;
  const config = settled(parts);
  const { checkpoint } = begun.found;
  const { before, evaluations = [], best, since = 0, adamSteps = {} } = checkpoint?.memory ?? {};
  const progress: Progress = { done: checkpoint?.steps ?? 0, adam: emptyState() };
  if (checkpoint) {
    const tensors = await checkpoint.load();
    restoreTraining({ tensors, adamSteps }, learner.parameters.tensors, progress.adam);
    await learner.parameters.commit();
    await begun.files.dropLast(); // the checkpoint has what is in it
  }
  const total = stepsOf(learner.count, config);
  const memory = { before, evaluations: [...evaluations], best, since };
  return { ...parts, ...memory, config, progress, total, kept: checkpoint?.steps };
}

/** Where it goes on, and the measurement before the first step, made now or then. */
async function* beginning<Measures>(run: Run<Measures>): AsyncGenerator<JobEvent<Measures>> {
  const { found, context } = run.begun;
  const { checkpoint, damaged } = found;
  if (checkpoint) {
    const now = { version: context.version, engine: context.engine.description };
    const notes = resumeNotes(damaged, checkpoint.record, now);
    yield { type: 'resumed', step: run.progress.done, steps: run.total, notes };
  }
  if (!run.measuresBefore) return;
  run.before ??= yield* run.measure('before');
  if (run.before) yield { type: 'evaluated', when: 'before', step: 0, measures: run.before };
}

/** @returns whether patience ended the training */
async function* train<Measures extends object>(
  run: Run<Measures>,
): AsyncGenerator<JobEvent<Measures>, boolean> {
  const { config, progress, total, learner } = run;
  const { signal } = run.begun.context;
  const { patience, checkpointEvery } = config;
  const isEnough = () => patience > 0 && run.since >= patience;
  if (progress.done > 0) {
    yield* evaluate(run); // which a stop may have forestalled
    if (signal?.aborted || isEnough()) return !signal?.aborted && progress.done < total;
  }
  const settings = supervisedConfigOf(config);
  for await (const step of trainSupervised(learner, settings, undefined, progress)) {
    yield { type: 'step', ...step };
    if (signal?.aborted) return false;
    yield* evaluate(run);
    if (signal?.aborted) return false;
    const isLast = step.step === total;
    if (isEnough()) return !isLast;
    if (checkpointEvery > 0 && step.step % checkpointEvery === 0 && !isLast) yield* keep(run);
  }
  return false;
}

/** Measures where that is due and has not been done; the best so far goes to the output. */
async function* evaluate<Measures extends object>(
  run: Run<Measures>,
): AsyncGenerator<JobEvent<Measures>> {
  const { progress, total, evaluations, config } = run;
  const { evaluateEvery } = config;
  const step = progress.done;
  const isDue = evaluateEvery > 0 && (step % evaluateEvery === 0 || step === total);
  if (!isDue || evaluations.at(-1)?.step === step) return;
  const measures = yield* run.measure('during');
  if (!measures) return;
  const best = isBetter(run, measures);
  evaluations.push({ step, measures });
  run.since = best ? 0 : run.since + 1;
  if (best) {
    run.best = { step, files: {} };
    await saveResult(run, measures);
    run.best = { step, files: await run.begun.files.fingerprintResult() };
  }
  yield { type: 'evaluated', when: 'during', step, measures, best };
}

function isBetter<Measures>(run: Run<Measures>, measures: Measures): boolean {
  const value = run.worth(measures);
  if (!Number.isFinite(value)) {
    const where = `measurement after step ${run.progress.done}`;
    throw new NumericError(where, 'a finite number', `${value}`, 'Lower `learningRate`.');
  }
  const best = run.best && measuresAt(run, run.best.step);
  return best === undefined || value > run.worth(best);
}

function measuresAt<Measures>({ evaluations }: Run<Measures>, step: number): Measures | undefined {
  return evaluations.find((evaluation) => evaluation.step === step)?.measures;
}

/** Writes a checkpoint, unless the newest one is of this step. */
async function* keep<Measures>(run: Run<Measures>): AsyncGenerator<JobEvent<Measures>> {
  const { progress, learner, begun, before, evaluations, best, since } = run;
  const { job, context, fingerprints } = begun;
  const { done: step, adam } = progress;
  if (run.kept === step) return;
  const adamSteps = Object.fromEntries(adam.steps);
  const memory = { adamSteps, before, evaluations, best, since };
  const tensors = trainingTensors(learner.parameters.tensors, adam);
  const record = {
    ...{ job, version: context.version, engine: context.engine.description, config: run.config },
    ...{ fingerprints, seconds: begun.seconds() },
  };
  const state = { steps: step, memory, tensors };
  const path = await begun.files.writeCheckpoint(state, record, settingsOf(run));
  run.kept = step;
  yield { type: 'checkpoint', step, path };
}

/** The same, where the weights are safe already. @returns why there is no checkpoint, if so */
async function* keepAtStop<Measures>(
  run: Run<Measures>,
): AsyncGenerator<JobEvent<Measures>, string | undefined> {
  try {
    yield* keep(run);
    return undefined;
  } catch (error) {
    if (error instanceof UnavailableError) return error.message;
    throw error;
  }
}

function saveResult<Measures>(run: Run<Measures>, after: Measures | undefined): Promise<void> {
  return run.begun.files.writeResult(recordOf(run, after), settingsOf(run), run.save);
}

/** What runs the job again, or goes on with it. */
function settingsOf({ config, begun }: Run<unknown>): Readonly<Record<string, unknown>> {
  return { ...config, ...begun.context.engineSettings };
}

/** What `training.json` says. */
function recordOf<Measures>(
  { begun, config, progress, measuresBefore, before, best, evaluations, about }: Run<Measures>,
  after: Measures | undefined,
  ending: { readonly finished?: true } = {},
) {
  const { job, context } = begun;
  const heldOut = { ...(measuresBefore && { before }), after };
  const flat = evaluations.map(({ step, measures }) => ({ step, ...measures }));
  const chosen = best && { best: best.step, evaluations: flat };
  const { version } = context;
  const told = after && about?.(after);
  return { job, version, config, steps: progress.done, ...ending, heldOut, ...told, ...chosen };
}

/** The config with what it leaves open. */
function settled<Measures>({ begun, learningRate, learner }: JobParts<Measures>) {
  const { pinned: config } = begun;
  const warmup = Math.min(20, Math.floor(stepsOf(learner.count, config) / 10));
  const taken = {
    learningRate: config.learningRate ?? learningRate,
    warmup: config.warmup ?? warmup,
  };
  // the same bytes, whether they were left open or not
  return { ...begun.ordered({ ...config, ...taken }), ...taken };
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
