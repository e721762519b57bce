/** I/O: checkpoints of a run of reinforcement learning. Format: docs/formats.md. */
import { join } from 'node:path';
import { z } from 'zod';
import type { LoraConfig } from '../../adapter/peft.ts';
import type { ValueHeadFile } from '../../adapter/value-head-file.ts';
import { checkpointFolder, type Newest, runRecord } from '../../model/checkpoint.ts';
import { saveAdapter } from '../../model/save.ts';
import { parametersIn } from '../../model/training-tensors.ts';
import { LearnerNumbers, type LearnerState } from '../../rl/learner-state.ts';

/** What a checkpoint says of its run, besides the learner's state. */
export const CheckpointRecord = z.strictObject({
  ...runRecord,
  /** Best measure on the held-out dialogues so far, in its own units, and its step. */
  best: z.strictObject({ step: z.int(), value: z.number() }).optional(),
});
export type CheckpointRecord = z.infer<typeof CheckpointRecord>;

/** A checkpoint that was read, and is whole. */
export interface Checkpoint {
  readonly folder: string;
  readonly state: LearnerState;
  readonly record: CheckpointRecord;
}

/** The newest checkpoint that is whole, and what is wrong with newer ones. */
export type Latest = Newest<Checkpoint>;

/** The checkpoints of one run. */
export interface Checkpoints {
  /**
   * Writes one, durably, in place of an older one of the same step; then removes those beyond the
   * last `keep`, and those of later steps, which the run has gone back behind.
   * @returns its name in the folder of checkpoints
   */
  write(
    state: LearnerState,
    record: CheckpointRecord,
    lora: LoraConfig | undefined,
  ): Promise<string>;
  /**
   * Also removes what a killed writer left.
   * @throws {InputError} when there are checkpoints and none of them is whole
   */
  latest(): Promise<Latest>;
}

/** The checkpoints in a folder, which need not be there yet. */
export function openCheckpoints(
  directory: string,
  {
    keep,
    valueHeadFile,
  }: { readonly keep: number; readonly valueHeadFile?: ValueHeadFile | undefined },
): Checkpoints {
  const schemas = { memory: LearnerNumbers, record: CheckpointRecord };
  const stored = checkpointFolder(directory, schemas);
  return {
    write: (state, record, lora) => {
      const more = async (folder: string) => {
        if (!lora) return;
        const tensors = parametersIn(state.tensors);
        await saveAdapter(join(folder, 'adapter'), lora, tensors, { valueHeadFile });
      };
      return stored.write(state, record, { keep, more });
    },
    async latest() {
      const { checkpoint, damaged } = await stored.latest();
      if (!checkpoint) return { checkpoint, damaged };
      const { folder, steps, memory, record, load } = checkpoint;
      return {
        checkpoint: { folder, state: { steps, memory, tensors: await load() }, record },
        damaged,
      };
    },
  };
}
