/** I/O: a run's folder looked at again and again, until the run has ended. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { InputError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import type { RolloutRow } from '../rollouts.ts';
import { readEvents } from '../store/event-log.ts';
import { isHeld } from '../store/lock.ts';
import { keptSteps, readRollouts } from '../store/rollouts.ts';

/** `left`: its process is gone without a word. */
export type WatchedState = 'running' | 'ended' | 'left';

/** A run as its folder shows it now. */
export interface WatchedRun {
  readonly state: WatchedState;
  readonly events: readonly JobEvent[];
  /** Responses of the last step that are kept; none where nothing is. */
  readonly samples: readonly RolloutRow[];
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Waits until the next look. */
  readonly wait: () => Promise<void>;
}

/**
 * The run whenever its log has changed, and as it ends.
 * @throws {InputError} when there is no run in the folder
 */
export async function* followRun(
  folder: string,
  { signal, wait }: FollowOptions,
): AsyncGenerator<WatchedRun> {
  const log = join(folder, logName);
  let seen = '';
  while (!signal.aborted) {
    // asked first: whoever is gone has written its last word by now
    const held = await isHeld(folder);
    const changed = await stat(log).then((s) => `${s.size} ${s.mtimeMs}`, unlessMissing(undefined));
    if (changed === undefined && !held) {
      const remedy = 'Name the folder of a run.';
      throw new InputError(folder, `a run with its ${logName}`, 'none', remedy);
    }
    if (changed !== undefined && (changed !== seen || !held)) {
      seen = changed;
      const events = await readEvents<JobEvent>(log);
      const hasEnded = events.some(({ type }) => type === 'finished' || type === 'stopped');
      const state = hasEnded ? 'ended' : held ? 'running' : 'left';
      yield { state, events, samples: await lastSamples(folder) };
      if (state !== 'running') return;
    }
    await wait();
  }
}

async function lastSamples(folder: string): Promise<readonly RolloutRow[]> {
  const last = (await keptSteps(folder)).at(-1);
  return last === undefined ? [] : readRollouts(folder, last);
}
