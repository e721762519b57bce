/** What the runner does with a job's guards: lets them look, keeps what is well, goes back to it. */

import { withStep } from '../eval/guards.ts';
import type { Guarded, StepMetrics } from '../events.ts';
import { type Events, keep, type Run } from './keep.ts';
import type { JobSettings, Sighting } from './kind.ts';
import type { GuardState } from './state.ts';

/** What guards remember as a training begins. */
export function newGuardState(): GuardState {
  return {
    series: { first: [], last: [] },
    checked: 0,
    warned: { rollouts: [], 'held-out': [] },
  };
}

/** Lets the guards look at the answers of the step that was just done. */
export function* look<C extends JobSettings, M extends object, F extends object>(
  { job, state, done }: Run<C, M, F>,
  metrics: StepMetrics,
): Generator<Guarded> {
  const { guards } = state;
  if (!job.watch || !guards) return;
  guards.series = withStep(guards.series, metrics);
  yield* told(
    job.watch,
    guards,
    { reads: 'rollouts', step: done },
    job.watch.ofSteps(guards.series),
  );
}

/**
 * Lets the guards look at held-out answers, where that is due and has not been done. A look that has
 * begun is finished: what it found is remembered.
 */
export async function* check<C extends JobSettings, M extends object, F extends object>({
  job,
  state: { guards },
  done: step,
}: Run<C, M, F>): Events<M, F> {
  const { watch } = job;
  if (!watch || !guards || guards.checked >= step || !watch.isDue(step)) return;
  const start = performance.now();
  const { measures, n, sightings, well } = yield* watch.ofHeldOut(guards.series);
  const seconds = (performance.now() - start) / 1000;
  guards.checked = step;
  yield { type: 'checked', step, well, n, seconds, ...measures };
  yield* told(watch, guards, { reads: 'held-out', step }, sightings);
  if (well) guards.well = step;
}

/** Tells what was seen, and decides what follows. What a guard has warned of it tells once. */
function* told(
  { action }: { readonly action: 'stop' | 'warn' },
  guards: GuardState,
  { reads, step }: Pick<Guarded, 'reads' | 'step'>,
  sightings: readonly Sighting[],
): Generator<Guarded> {
  const [first] = sightings;
  const to = guards.well ?? 0;
  if (action === 'stop' && first) guards.rolledBack = { from: step, to, guard: first.guard };
  const known = guards.warned[reads];
  guards.warned[reads] = action === 'warn' ? [...new Set(sightings.map(({ guard }) => guard))] : [];
  for (const sighting of sightings) {
    if (action === 'stop') yield { type: 'guarded', step, action: 'rolled back', to, ...sighting };
    else if (!known.includes(sighting.guard))
      yield { type: 'guarded', step, action: 'warned', ...sighting };
  }
}

/** Whether a guard has ended the training. */
export function isGuarded({ state }: Pick<Run<never, object, object>, 'state'>): boolean {
  return state.guards?.rolledBack !== undefined;
}

/** Whether the step that was just done is to be gone back to, should the training go too far. */
export function isWell<M extends object, F extends object>({
  state,
  job,
  done,
}: Pick<Run<never, M, F>, 'state' | 'job' | 'done'>): boolean {
  return job.watch?.action === 'stop' && state.guards?.well === done;
}

/** Keeps where the training is as the state to go back to: in a checkpoint, without a folder in memory. */
export async function* keepWell<C extends JobSettings, M extends object, F extends object>(
  run: Run<C, M, F>,
): Events<M, F> {
  if (run.begun.folder) {
    yield* keep(run);
    run.well = undefined;
  } else run.well = run.job.save();
}

/** Puts what is learnt back to where it was well. */
export async function goBack<C extends JobSettings, M extends object, F extends object>({
  job,
  begun,
  state,
  well,
}: Run<C, M, F>): Promise<void> {
  const to = state.guards?.rolledBack?.to;
  if (to === undefined) return;
  const kept = well?.steps === to ? well : await begun.folder?.readCheckpoint(to);
  if (kept) await job.restore(kept);
}
