/** The runner: a job of any kind from where it begins or goes on to its end, as a stream of events. */
import { NumericError } from '../errors.ts';
import { type JobEvent, whileMeasuring } from '../events.ts';
import { revisionOf } from '../hub/revision.ts';
import { resumeNotes } from '../model/checkpoint.ts';
import { peakMemory } from '../runtime/machine.ts';
import { type Beginning, beginJob } from './begin.ts';
import {
  chosen,
  type Events,
  explained,
  keep,
  keepAtStop,
  measuresAt,
  type Run,
  recordOf,
  type State,
  saveResult,
} from './keep.ts';
import type { Job, JobContext, JobSettings, Kind, Settings } from './kind.ts';
import type { Best } from './state.ts';
import { check, goBack, isGuarded, isWell, keepWell, look, newGuardState } from './watch.ts';

/**
 * A job from where it begins to its end: measure, train, measure in between and keep the best, measure
 * again. It trains to the last step, until patience is at its end, or to the end of the step in which
 * the signal comes. Checkpoints are written on the way and at a stop. What is told is in the log of its
 * folder first; nothing is written without a folder.
 * @throws {ConfigError} when a job to go on with began with other settings or other files
 * @throws {InputError} when it has checkpoints and none of them is whole
 * @throws {NumericError} when a number is not finite; it names where what was known was kept
 */
export async function* runJob<C extends JobSettings, M extends object, F extends object>(
  kind: Kind<C, M, F>,
  settings: C,
  context: JobContext,
): Events<M, F> {
  const begun = await beginJob(kind, settings, context);
  const { folder, opened } = begun;
  let stage: { readonly done: number } | undefined;
  try {
    const job = await kind.setUp(begun);
    // in the order in which all are told, whether they were left open or not
    const config = { ...kind.schema.parse({ ...begun.pinned, ...job.settings }), ...job.settings };
    const { checkpoint } = begun.found;
    const state = stateOf(begun);
    const done = checkpoint?.steps ?? 0;
    if (job.watch) state.guards ??= newGuardState();
    const run = {
      kind,
      job,
      begun,
      config: config as unknown as C,
      state,
      done,
      kept: checkpoint?.steps,
    };
    for await (const event of flow(run)) {
      if (stage) {
        const step = event.type === 'step' ? event.step - 1 : run.done;
        const isLast = event.type === 'finished' || event.type === 'stopped';
        for (const told of context.aside?.(isLast) ?? []) {
          const one = { ...told, step };
          await folder?.append(one);
          yield one;
        }
      }
      if (event.type !== 'started') await folder?.append(event); // that one has been written
      stage = run;
      yield event;
      // last, so that a log that ends here tells of a job with which there is nothing left to do
      if (event.type === 'finished') await folder?.finish();
    }
  } catch (error) {
    await folder?.dropBeginning();
    if (kind.keepsEnds && stage && context.signal?.aborted) {
      const end = { type: 'stopped' as const, step: stage.done, reason: whileMeasuring };
      await folder?.append(end).catch(() => {}); // what ended it is told
      yield end;
    }
    throw error;
  } finally {
    for (const part of opened.reverse()) await part.close();
  }
}

/** What a checkpoint remembers; in earlier versions `detox` had its best beside that. */
function stateOf<M>({ found }: Pick<Beginning<never, M & object>, 'found'>): State<M> {
  const { memory, record } = found.checkpoint ?? {};
  const { before, evaluations = [], since = 0, guards } = memory ?? {};
  const old = record?.best;
  const sign = record?.config.bestMetric === 'toxicity' ? -1 : 1;
  const best = memory?.best ?? (old && { step: old.step, worth: sign * old.value });
  return { before, evaluations: [...evaluations], best, since, guards };
}

async function* flow<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F> {
  const { kind, job, begun, state } = run;
  const { folder, context, found } = begun;
  const { signal } = context;
  const told = found.checkpoint ? ((await folder?.events()) ?? []) : [];
  yield* beginning(run, told);
  yield* measuredBefore(run, told);
  if (job.watch) yield* job.watch.begin(signal);
  if (job.watch?.action === 'stop' && !state.guards?.well) run.well = job.save();
  if (found.checkpoint) {
    const { checkpoint } = found;
    await job.restore({
      ...checkpoint,
      memory: checkpoint.memory,
      tensors: await checkpoint.load(),
    });
    await folder?.dropLast(); // the checkpoint has what is in it
  } else if (kind.keepsEnds && run.config.checkpointEvery !== 0) yield* keep(run);
  const early = yield* training(run);
  const rolledBack = state.guards?.rolledBack;
  if (rolledBack) await goBack(run);
  else if (early === undefined) return yield* stopped(run);
  const { best } = state;
  const isBest = kind.result === undefined && best !== undefined;
  if (!isBest) await saveResult(run);
  const after = isBest ? measuresAt(state, best.step) : yield* job.measure('after');
  if (after) yield { type: 'evaluated', when: 'after', ...after };
  if (signal?.aborted) return yield* stopped(run);
  if (job.compare) yield* job.compare();
  await folder?.writeRecord(recordOf(run, after, { finished: true }));
  const finished = {
    type: 'finished' as const,
    steps: run.done,
    seconds: begun.seconds(),
    ...chosen(run),
    ...(early && { early }),
    ...(rolledBack && { rolledBack }),
    peakMemory: peakMemory(),
  };
  if (job.report && folder) {
    const all = [...(await folder.events()), finished] as JobEvent<M, F>[];
    const reports = await job.report(all);
    if (reports) await folder.writeReports(reports);
  }
  yield finished;
}

/** Where it begins or goes on; a job whose log was lost, or had none, begins one. */
async function* beginning<C extends JobSettings, M extends object, F extends object>(
  { kind, job, begun, config }: Run<C, M, F>,
  told: readonly JobEvent[],
): Events<M, F> {
  const { folder, found, context, fingerprints } = begun;
  const { version, engine, output = '', runId = nameOf(output) } = context;
  const now = { time: new Date().toISOString(), version, engine: engine.description };
  const { checkpoint, damaged } = found;
  if (!told.some(({ type }) => type === 'started')) {
    const begins = { type: 'started' as const, job: kind.name, runId };
    const started = { ...begins, ...now, steps: job.total, config, fingerprints, ...job.facts };
    await folder?.writeBeginning(started, withCommits(context.given ?? config, begun.pinned));
    yield started;
  }
  if (!checkpoint) return;
  const notes = resumeNotes(damaged, checkpoint.record, now);
  await folder?.dropRollouts(checkpoint.steps);
  yield { type: 'resumed', step: checkpoint.steps, steps: job.total, ...now, notes };
}

/** What was given, with the commits of what comes from the hub: the same does the job again. */
function withCommits(given: Settings, pinned: Settings): Settings {
  const commits = Object.values(revisionOf).flatMap((name) =>
    pinned[name] === undefined ? [] : [[name, pinned[name]] as const],
  );
  const judges =
    pinned.judge === undefined || given.judge === undefined ? {} : { judge: pinned.judge };
  return { ...given, ...Object.fromEntries(commits), ...judges };
}

function nameOf(folder: string): string {
  return folder.split(/[\\/]/).findLast((part) => part !== '' && part !== '.') ?? '';
}

/** The measurement before the first step, made now or then. */
async function* measuredBefore<C extends JobSettings, M extends object, F extends object>(
  { job, begun, state }: Run<C, M, F>,
  told: readonly JobEvent[],
): Events<M, F> {
  if (!job.measuresBefore) return;
  const { checkpoint } = begun.found;
  const isKnown = checkpoint && (job.recall ? await job.recall() : state.before !== undefined);
  const measured = isKnown ? state.before : yield* job.measure('before');
  state.before ??= measured;
  if (!measured || told.some(({ type }) => type === 'evaluated')) return;
  const notes = job.notes?.(measured) ?? [];
  yield { type: 'evaluated', when: 'before', ...measured, ...(notes.length > 0 && { notes }) };
}

/** @returns whether patience ended the training; undefined when the signal or a guard did */
async function* training<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F, boolean | undefined> {
  try {
    return yield* train(run);
  } catch (error) {
    throw error instanceof NumericError ? await explained(error, run) : error;
  }
}

async function* train<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F, boolean | undefined> {
  const { kind, job, config, state } = run;
  const { signal } = run.begun.context;
  const { patience = 0, checkpointEvery = 0 } = config;
  const isEnough = () => patience > 0 && state.since >= patience;
  if (signal?.aborted || isGuarded(run)) return undefined;
  if (run.done > 0) {
    yield* measuredAfterStep(run); // which a stop may have forestalled
    if (signal?.aborted || isGuarded(run)) return undefined;
    if (isEnough()) return run.done < job.total;
  }
  for await (const event of job.steps(signal)) {
    if (event.type === 'step') run.done = event.step;
    yield event;
    if (event.type !== 'step') continue;
    yield* look(run, event.metrics);
    if (!signal?.aborted && !isGuarded(run)) yield* measuredAfterStep(run);
    if (isGuarded(run)) {
      if (kind.keepsEnds) yield* keep(run);
      return undefined;
    }
    if (signal?.aborted) return undefined;
    const isLast = run.done === job.total;
    const isOver = isLast || isEnough();
    const isDue = checkpointEvery > 0 && run.done % checkpointEvery === 0;
    if (isWell(run)) yield* keepWell(run);
    if (isOver ? kind.keepsEnds : isDue) yield* keep(run);
    if (isEnough()) return !isLast;
  }
  return run.done < job.total ? undefined : false;
}

/** What is measured after a step: first by the guards, and what they stop is measured no more. */
async function* measuredAfterStep<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F> {
  yield* check(run);
  if (isGuarded(run) || run.begun.context.signal?.aborted) return;
  yield* evaluate(run);
}

/** Measures where that is due and has not been done; the best so far is kept. */
async function* evaluate<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F> {
  const { kind, job, begun, config, state, done: step } = run;
  const { evaluateEvery = 0 } = config;
  // where the best is the result, the last step may be it; else the last one is there by itself
  const isLast = kind.result === undefined && step === job.total;
  const isDue = evaluateEvery > 0 && (step % evaluateEvery === 0 || isLast);
  if (!isDue || (state.evaluations.at(-1)?.step ?? 0) >= step || isOfOld(run)) return;
  const measures = yield* job.measure('during');
  if (!measures) return;
  const best = isBetter(run, measures);
  state.evaluations.push({ step, measures });
  state.since = best ? 0 : state.since + 1;
  if (best) {
    state.best = { step };
    const said = { step, ...job.ofBest?.(measures) };
    await begun.folder?.writeBest(recordOf(run, measures), said, job.saveResult);
    state.best = { step, files: (await begun.folder?.fingerprintBest()) ?? {} };
  }
  yield { type: 'validated', step, ...measures, best };
}

/** Whether the checkpoint is of an earlier version of `detox`, which measured before it kept one. */
function isOfOld<C extends JobSettings, M extends object, F extends object>({
  begun,
  state,
  done,
}: Run<C, M, F>): boolean {
  const { checkpoint } = begun.found;
  return checkpoint?.steps === done && !!checkpoint.record.best && state.evaluations.length === 0;
}

function isBetter<C extends JobSettings, M extends object, F extends object>(
  { job, state, done }: Run<C, M, F>,
  measures: M,
): boolean {
  const worth = job.worth(measures);
  if (!Number.isFinite(worth)) {
    const where = `measurement after step ${done}`;
    throw new NumericError(
      where,
      'a finite number',
      `${worth}`,
      'Lower `learningRate`. Look at what is measured.',
    );
  }
  const { best } = state;
  return best === undefined || worth > worthOf(best, job, state);
}

function worthOf<M extends object>(
  { step, worth }: Best,
  job: Pick<Job<M, never>, 'worth'>,
  state: State<M>,
): number {
  const measures = measuresAt(state, step);
  return worth ?? (measures ? job.worth(measures) : Number.NEGATIVE_INFINITY);
}

/** What there is when the signal has ended the training: the result so far, and where to go on. */
async function* stopped<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F> {
  const { kind, job, begun, state, done: step } = run;
  const { folder } = begun;
  const end = { type: 'stopped' as const, step, reason: 'interrupted' };
  // what was measured before is worth keeping where that takes long
  if (step === 0 && !kind.keepsEnds) {
    await folder?.dropBeginning();
    yield { ...end, saved: false };
    return;
  }
  const { best } = state;
  const isAside = kind.result === undefined && best !== undefined;
  if (!isAside) await saveResult(run);
  const last = isAside && best.step < step ? await folder?.writeLast(job.saveResult) : undefined;
  const after = isAside ? measuresAt(state, best.step) : undefined;
  await folder?.writeRecord(recordOf(run, after));
  if (after) yield { type: 'evaluated', when: 'after', ...after };
  const problem = yield* keepAtStop(run);
  yield { ...end, saved: true, ...chosen(run), ...(last && { last }), ...(problem && { problem }) };
}
