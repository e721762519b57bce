/** I/O: checkpoints of a training, folders that are there whole or not at all. Format: docs/formats.md. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  mendFolder,
  removeFolderAtomic,
  writeFileAtomic,
  writeFolderAtomic,
} from '../disk/atomic.ts';
import { fingerprintFile } from '../disk/fingerprint.ts';
import { checkJson, readJson } from '../disk/json.ts';
import { outputInstead, writingTo } from '../disk/words.ts';
import { InputError, TactfulError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { openSafetensors, readFloat32, writeSafetensors } from '../tensors/safetensors.ts';

/** What every checkpoint says of its run, besides what is learnt. */
export const runRecord = {
  /** Of tactful. */
  version: z.string(),
  engine: z.string(),
  /** All settings, defaults filled in. */
  config: z.record(z.string(), z.unknown()),
  /** SHA-256 of all files that the run reads, when it began. */
  fingerprints: z.record(z.string(), z.string()),
  /** What the run has taken so far, without what a crash cost. */
  seconds: z.number(),
};

const format = 1;
const stateFile = 'state.safetensors';
const recordFile = 'state.json';
/** What the record of every checkpoint has; other fields are the run's. */
const Frame = z.looseObject({
  format: z.literal(format, `format ${format}`),
  step: z.int().nonnegative(),
  memory: z.unknown(),
  /** SHA-256 of the other files, by path in the checkpoint. */
  files: z.record(z.string(), z.string()),
});

/** All that a training remembers between steps. */
export interface TrainingState<Memory> {
  /** Steps done: also the cursor into the data. */
  readonly steps: number;
  /** Plain data, which survives JSON. */
  readonly memory: Memory;
  readonly tensors: Map<string, Tensor<'float32'>>;
}

/** A checkpoint whose files are whole; its tensors are not read yet. */
export interface StoredCheckpoint<Memory, Record> {
  readonly folder: string;
  readonly steps: number;
  readonly memory: Memory;
  readonly record: Record;
  load(): Promise<Map<string, Tensor<'float32'>>>;
}

/** The newest checkpoint that is whole, and what is wrong with newer ones. */
export interface Newest<Checkpoint> {
  readonly checkpoint: Checkpoint | undefined;
  /** Messages, newest first. */
  readonly damaged: readonly string[];
}

/** The checkpoints of one run. */
export interface CheckpointFolder<Memory, Record> {
  /**
   * Writes one, durably, in place of an older one of the same step; then removes those beyond the
   * last `keep` but for `spared`, and those of later steps, which the run has gone back behind.
   * @returns its name in the folder of checkpoints
   */
  write(state: TrainingState<Memory>, record: Record, how: WriteOptions): Promise<string>;
  /**
   * The checkpoint of a step.
   * @throws {TactfulError} when there is none, or it is not whole
   */
  at(step: number): Promise<StoredCheckpoint<Memory, Record>>;
  /**
   * Also removes what a killed writer left.
   * @throws {InputError} when there are checkpoints and none of them is whole
   */
  latest(): Promise<Newest<StoredCheckpoint<Memory, Record>>>;
}

/** How many checkpoints there are to be, and what else is written into the folder of one. */
export interface WriteOptions {
  readonly keep: number;
  /** Step of one that is kept whatever else is. @default none */
  readonly spared?: number | undefined;
  readonly more?: ((folder: string) => Promise<void>) | undefined;
}

/** What the checkpoints of a run hold. */
export interface CheckpointOptions<Memory, Record> {
  readonly memory: z.ZodType<Memory>;
  /** Must have no field of the names `format`, `step`, `memory` and `files`. */
  readonly record: z.ZodType<Record>;
}

/** The checkpoints in a folder, which need not be there yet. */
export function checkpointFolder<Memory, Record extends object>(
  directory: string,
  options: CheckpointOptions<Memory, Record>,
): CheckpointFolder<Memory, Record> {
  return {
    async write({ steps, memory, tensors }, record, { keep, spared, more }) {
      const name = nameOf(steps);
      const path = join(directory, name);
      const bytes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
      await writingTo({ path, bytes, instead: outputInstead }, async () => {
        await mkdir(directory, { recursive: true });
        await writeFolderAtomic(path, async (folder) => {
          await writeSafetensors(join(folder, stateFile), tensors);
          await more?.(folder);
          const files = await hashesIn(folder);
          const json = { format, step: steps, ...record, memory, files };
          await writeFileAtomic(join(folder, recordFile), `${JSON.stringify(json, null, 2)}\n`);
        });
        await prune(directory, steps, { keep, spared });
      });
      return name;
    },
    at: (step) => read(join(directory, nameOf(step)), options),
    async latest() {
      await mendFolder(directory);
      return latest(directory, options);
    },
  };
}

async function hashesIn(folder: string): Promise<Record<string, string>> {
  const written = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of written.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length + 1).replaceAll('\\', '/')] = await fingerprintFile(path);
  }
  return files;
}

async function latest<Memory, Record>(
  directory: string,
  options: CheckpointOptions<Memory, Record>,
): Promise<Newest<StoredCheckpoint<Memory, Record>>> {
  const damaged: string[] = [];
  for (const step of (await stepsIn(directory)).reverse()) {
    try {
      return { checkpoint: await read(join(directory, nameOf(step)), options), damaged };
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
async function read<Memory, Record>(
  folder: string,
  options: CheckpointOptions<Memory, Record>,
): Promise<StoredCheckpoint<Memory, Record>> {
  const path = join(folder, recordFile);
  const { format: _, step, memory, files, ...record } = await readJson(path, Frame);
  const checked = {
    memory: checkJson(memory, `${path}: memory`, options.memory),
    record: checkJson(record, path, options.record),
  };
  for (const [name, expected] of Object.entries(files)) {
    const path = join(folder, name);
    const actual = await fingerprintFile(path);
    if (actual === expected) continue;
    const [then, now] = [expected, actual].map((hash) => `sha256 ${hash.slice(0, 12)}…`);
    throw new InputError(path, then, now, 'The checkpoint is damaged.');
  }
  const file = await openSafetensors(join(folder, stateFile));
  const load = async () => {
    const tensors = new Map<string, Tensor<'float32'>>();
    for (const name of file.tensors.keys()) tensors.set(name, await readFloat32(file, name));
    return tensors;
  };
  return { folder, steps: step, ...checked, load };
}

async function prune(
  directory: string,
  current: number,
  { keep, spared }: Pick<WriteOptions, 'keep' | 'spared'>,
): Promise<void> {
  const steps = await stepsIn(directory);
  const past = steps.filter((step) => step <= current);
  const kept = [...past.slice(-keep), ...past.filter((step) => step === spared)];
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

/** Sentences on what may make a difference to a run that goes on; none when nothing does. */
export function resumeNotes(
  damaged: readonly string[],
  then: { readonly version: string; readonly engine: string },
  now: { readonly version: string; readonly engine: string },
): string[] {
  // another number of threads gives the same bits
  const threadless = (text: string) => text.replace(/, \d+ threads?( \(.*\))?$/, '');
  const differ = (what: string, before: string, after: string) =>
    threadless(before) === threadless(after)
      ? []
      : [`${what} was ${before} and is ${after}: the last bits may differ.`];
  return [
    ...damaged.map((message) => `A newer checkpoint was passed over. ${message}`),
    ...differ('The version of tactful', then.version, now.version),
    ...differ('The engine', then.engine, now.engine),
  ];
}
