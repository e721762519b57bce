/** I/O: checkpoints of a run, folders that are there whole or not at all. Format: docs/formats.md. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, TactfulError } from '../errors.ts';
import {
  mendFolder,
  removeFolderAtomic,
  writeFileAtomic,
  writeFolderAtomic,
} from '../hub/atomic.ts';
import { fingerprintFile } from '../hub/fingerprint.ts';
import { readJson } from '../hub/json.ts';
import type { LoraConfig } from '../hub/peft.ts';
import { openSafetensors, readFloat32, writeSafetensors } from '../hub/safetensors.ts';
import { saveAdapter } from '../model/save.ts';
import type { Tensor } from '../tensor.ts';
import { LearnerMemory, type LearnerState } from './learner-state.ts';

/** What a checkpoint says of its run, besides the learner's state. */
export const CheckpointRecord = z.strictObject({
  /** Of tactful. */
  version: z.string(),
  engine: z.string(),
  /** All settings, defaults filled in. */
  config: z.record(z.string(), z.unknown()),
  /** SHA-256 of all files that the run reads, when it began. */
  fingerprints: z.record(z.string(), z.string()),
  /** What the run has taken so far, without what a crash cost. */
  seconds: z.number(),
  /** Best measure on the held-out dialogues so far, in its own units, and its step. */
  best: z.strictObject({ step: z.int(), value: z.number() }).optional(),
});
export type CheckpointRecord = z.infer<typeof CheckpointRecord>;

const format = 1;
const stateFile = 'state.safetensors';
const recordFile = 'state.json';
const StateJson = z.strictObject({
  format: z.literal(format, `format ${format}`),
  step: z.int().nonnegative(),
  ...CheckpointRecord.shape,
  memory: LearnerMemory,
  /** SHA-256 of the other files, by path in the checkpoint. */
  files: z.record(z.string(), z.string()),
});
type StateJson = z.infer<typeof StateJson>;

/** A checkpoint that was read, and is whole. */
export interface Checkpoint {
  readonly folder: string;
  readonly state: LearnerState;
  readonly record: CheckpointRecord;
}

/** The newest checkpoint that is whole, and what is wrong with newer ones. */
export interface Latest {
  readonly checkpoint: Checkpoint | undefined;
  /** Messages, newest first. */
  readonly damaged: readonly string[];
}

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
  { keep }: { readonly keep: number },
): Checkpoints {
  return {
    async write(state, record, lora) {
      const name = nameOf(state.steps);
      await mkdir(directory, { recursive: true });
      await writeFolderAtomic(join(directory, name), (temporary) =>
        fill(temporary, state, record, lora),
      );
      await prune(directory, state.steps, keep);
      return name;
    },
    async latest() {
      await mendFolder(directory);
      return latest(directory);
    },
  };
}

async function fill(
  folder: string,
  { steps, memory, tensors }: LearnerState,
  record: CheckpointRecord,
  lora: LoraConfig | undefined,
): Promise<void> {
  await writeSafetensors(join(folder, stateFile), tensors);
  if (lora) await saveAdapter(join(folder, 'adapter'), lora, parametersOf(tensors));
  const written = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of written.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length + 1).replaceAll('\\', '/')] = await fingerprintFile(path);
  }
  const json: StateJson = { format, step: steps, ...record, memory, files };
  await writeFileAtomic(join(folder, recordFile), `${JSON.stringify(json, null, 2)}\n`);
}

/** The parameters among the tensors of a state, under their own names. */
export function parametersOf(
  tensors: ReadonlyMap<string, Tensor<'float32'>>,
): Map<string, Tensor<'float32'>> {
  const start = 'parameter.';
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(start))
      .map(([name, tensor]) => [name.slice(start.length), tensor]),
  );
}

async function latest(directory: string): Promise<Latest> {
  const damaged: string[] = [];
  for (const step of (await stepsIn(directory)).reverse()) {
    try {
      return { checkpoint: await read(join(directory, nameOf(step))), damaged };
    } catch (error) {
      if (!(error instanceof TactfulError)) throw error;
      damaged.push(error.message);
    }
  }
  if (damaged.length === 0) return { checkpoint: undefined, damaged };
  const remedy = 'Remove them, and the run starts from its beginning.';
  throw new InputError(directory, 'a whole checkpoint', `none (${damaged.join('; ')})`, remedy);
}

/** @throws {TactfulError} when it is not whole, or of another format */
async function read(folder: string): Promise<Checkpoint> {
  const json = await readJson(join(folder, recordFile), StateJson);
  const { format: _, step, memory, files, ...record } = json;
  for (const [name, expected] of Object.entries(files)) {
    const path = join(folder, name);
    const actual = await fingerprintFile(path);
    if (actual === expected) continue;
    const [then, now] = [expected, actual].map((hash) => `sha256 ${hash.slice(0, 12)}…`);
    throw new InputError(path, then, now, 'The checkpoint is damaged.');
  }
  const file = await openSafetensors(join(folder, stateFile));
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const name of file.tensors.keys()) tensors.set(name, await readFloat32(file, name));
  return { folder, state: { steps: step, memory, tensors }, record };
}

async function prune(directory: string, current: number, keep: number): Promise<void> {
  const steps = await stepsIn(directory);
  const kept = steps.filter((step) => step <= current).slice(-keep);
  for (const step of steps) {
    if (!kept.includes(step)) await removeFolderAtomic(join(directory, nameOf(step)));
  }
}

/** Steps that have a checkpoint, whole or not, in order. */
async function stepsIn(directory: string): Promise<number[]> {
  const names = await readdir(directory).catch((error): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const steps = names.flatMap((name) => {
    const step = Number(/^step-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    return nameOf(step) === name ? [step] : [];
  });
  return steps.sort((a, b) => a - b);
}

/** `step-000010` */
function nameOf(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}
