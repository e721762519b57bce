/** I/O: what is known when a number is not finite, for whoever looks for the cause. */
import { join } from 'node:path';
import { writeFileAtomic, writeFolderAtomic } from '../../disk/atomic.ts';
import type { NumericError } from '../../errors.ts';
import type { LearnerState } from '../../rl/learner-state.ts';
import type { Rollout } from '../../rl/rollout.ts';
import { writeSafetensors } from '../../tensors/safetensors.ts';

/** A batch of rollouts and what the reward said of them, if it came to that. */
export interface ScoredBatch {
  /** Steps done before. */
  readonly step: number;
  readonly rollouts: readonly Rollout[];
  readonly scores?: readonly number[];
}

/** What there is to tell. */
export interface Dump {
  readonly error: NumericError;
  readonly state: LearnerState;
  /** The one at work on; missing while there was none yet. */
  readonly batch?: ScoredBatch | undefined;
}

/**
 * Writes `error.json`, `state.safetensors` and, if there is one, `batch.json` to a folder, in place
 * of an older dump. Numbers that JSON lacks become the texts `NaN`, `Infinity`, `-Infinity`.
 */
export async function writeDump(folder: string, { error, state, batch }: Dump): Promise<void> {
  const { name, code, message, details } = error;
  const { steps: step, memory, tensors } = state;
  const rows = batch && rowsOf(batch);
  const named = typeof details.sample === 'number' ? rows?.[details.sample] : undefined;
  const told = { name, code, message, step, details, ...(named && { sample: named }), memory };
  await writeFolderAtomic(folder, async (temporary) => {
    await writeFileAtomic(join(temporary, 'error.json'), json(told));
    if (rows)
      await writeFileAtomic(join(temporary, 'batch.json'), json({ step: batch?.step, rows }));
    await writeSafetensors(join(temporary, 'state.safetensors'), tensors);
  });
}

function rowsOf({ rollouts, scores }: ScoredBatch) {
  return rollouts.map(({ query, response, text, truncated }, i) => ({
    id: query.id,
    query: query.text,
    queryIds: query.ids,
    response: text,
    responseIds: response,
    truncated,
    ...(scores && { score: scores[i] }),
  }));
}

function json(value: unknown): string {
  const told = (_: string, part: unknown) =>
    typeof part === 'number' && !Number.isFinite(part) ? String(part) : part;
  return `${JSON.stringify(value, told, 2)}\n`;
}
