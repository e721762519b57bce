/** A job that goes, and what it keeps of itself on the way: checkpoints, results, what was known. */
import { quoted } from '../disk/shell.ts';
import { type NumericError, UnavailableError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import type { Beginning } from './begin.ts';
import type { Job, JobSettings, Kind, Learnt } from './kind.ts';
import type { JobState } from './state.ts';

/** A job that goes: its parts, its settings as they came out, what it remembers of itself. */
export interface Run<C extends JobSettings, M extends object, F extends object> {
  readonly kind: Kind<C, M, F>;
  readonly job: Job<M, F>;
  readonly begun: Beginning<C, M>;
  readonly config: C;
  readonly state: State<M>;
  /** Steps done. */
  done: number;
  /** Step of the newest checkpoint. */
  kept: number | undefined;
  /** What guards go back to, where that is in memory: the start, or what no folder keeps. */
  well?: Learnt | undefined;
}

/** The same as in a checkpoint, to be changed. */
export type State<M> = Omit<JobState<M>, 'evaluations'> & {
  readonly evaluations: JobState<M>['evaluations'][number][];
};

export type Events<M extends object, F extends object, Result = void> = AsyncGenerator<
  JobEvent<M, F>,
  Result
>;

/** What was measured after a step. */
export function measuresAt<M>({ evaluations }: State<M>, step: number): M | undefined {
  return evaluations.find((evaluation) => evaluation.step === step)?.measures;
}

/** Step of the result, where measurements chose it. */
export function chosen({
  kind,
  state,
}: Pick<Run<never, object, object>, 'state'> & { kind: Pick<Kind, 'result'> }) {
  return kind.result === undefined && state.best ? { best: state.best.step } : {};
}

/** Writes a checkpoint, unless the newest one is of this step. */
export async function* keep<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F> {
  const { kind, job, begun, config, state, done: step } = run;
  const { folder, context, fingerprints } = begun;
  if (!folder || run.kept === step) return;
  const { memory, tensors } = job.save();
  const record = {
    ...{ job: kind.name, version: context.version, engine: context.engine.description, config },
    ...{ fingerprints, seconds: begun.seconds() },
  };
  const learnt = { steps: step, memory: { ...memory, ...state }, tensors };
  const path = await folder.writeCheckpoint(learnt, record, job.saveBeside);
  run.kept = step;
  yield { type: 'checkpoint', step, path };
}

/** The same, where the weights are safe already. @returns why there is no checkpoint, if so */
export async function* keepAtStop<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F, string | undefined> {
  try {
    yield* keep(run);
    return undefined;
  } catch (error) {
    if (error instanceof UnavailableError) return error.message;
    throw error;
  }
}

export async function saveResult<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Promise<void> {
  if (run.kind.result === false) return;
  await run.begun.folder?.writeResult(recordOf(run, undefined), run.job.saveResult);
}

/** What `training.json` says. */
export function recordOf<C extends JobSettings, M extends object, F extends object>(
  { kind, job, begun, config, state, done: steps }: Run<C, M, F>,
  after: M | undefined,
  ending: { readonly finished?: true } = {},
) {
  const { before, best, evaluations } = state;
  const heldOut = { ...(job.measuresBefore && { before }), after };
  const flat = evaluations.map(({ step, measures }) => ({ step, ...measures }));
  const ofBest = best && { best: best.step, evaluations: flat };
  const { version } = begun.context;
  const about = after && job.about?.(after);
  return { job: kind.name, version, config, steps, ...ending, heldOut, ...about, ...ofBest };
}

/** The error, with where what was known is, and what to do. */
export async function explained<C extends JobSettings, M extends object, F extends object>(
  error: NumericError,
  { job, begun, state, kept }: Run<C, M, F>,
): Promise<NumericError> {
  const { folder, context } = begun;
  if (!folder) return error;
  const { output = '' } = context; // which a folder has
  const parts: string[] = [];
  if (job.dump) {
    const from = kept === 0 ? '' : ', perhaps from the adapter of that checkpoint';
    parts.push(await dumped(job.dump, error));
    parts.push(
      kept === undefined
        ? 'There is no checkpoint yet.'
        : `npx tactful resume ${quoted(output)} goes on after step ${kept} and meets the same error, ` +
            `unless its cause lies outside the run; for other settings start a new run${from}.`,
    );
  } else if (state.best) {
    parts.push(`The best so far, after step ${state.best.step}, is in ${output}.`);
  }
  error.message = [error.message, ...parts].join(' ');
  return error;
}

async function dumped(
  dump: (error: NumericError) => Promise<string>,
  error: NumericError,
): Promise<string> {
  try {
    return `What was known is in ${await dump(error)}.`;
  } catch (failed) {
    if (!(failed instanceof UnavailableError)) throw failed;
    return `What was known could not be kept: ${failed.message}`;
  }
}
