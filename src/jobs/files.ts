/** I/O: what a supervised job keeps in the folder of its result. Formats: docs/formats.md. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { z } from 'zod';
import {
  exists,
  mendFolder,
  removeFolderAtomic,
  writeFileAtomic,
  writeFolderAtomic,
} from '../disk/atomic.ts';
import { checkFingerprints, fingerprintFolder } from '../disk/fingerprint.ts';
import {
  checkPlace,
  checkpointsName,
  checkResultFolder,
  clearBeside,
  lastName,
  mendResultFolder,
  readRecord,
  type TrainingRecord,
  unfinishedJob,
  writeRecord,
  writeResultFolder,
} from '../disk/result-folder.ts';
import { guarded, outputInstead } from '../disk/words.ts';
import { ConfigError } from '../errors.ts';
import {
  checkpointFolder,
  type Newest,
  type StoredCheckpoint,
  type TrainingState,
} from '../model/checkpoint.ts';
import { lockFolder } from '../store/lock.ts';
import { type JobMemory, JobRecord, jobMemory } from './state.ts';

/** A damaged one has one before it. */
const kept = 2;

export type JobCheckpoint<Measures> = StoredCheckpoint<JobMemory<Measures>, JobRecord>;

type Settings = Readonly<Record<string, unknown>>;
type Write = (folder: string) => Promise<void>;

/** Where a job's files go. Each is there whole or not at all. */
export interface JobFiles<Measures> {
  /**
   * @param settings with which it goes on, kept beside the checkpoints
   * @returns the checkpoint's folder, within the output
   * @throws {UnavailableError} when there is no room for it
   */
  writeCheckpoint(
    state: TrainingState<JobMemory<Measures>>,
    record: JobRecord,
    settings: Settings,
  ): Promise<string>;
  writeResult(record: TrainingRecord, settings: Settings, write: Write): Promise<void>;
  /** SHA-256 of those files of the result that decide what it computes. */
  fingerprintResult(): Promise<Record<string, string>>;
  /** Writes weights beside the result. @returns their folder */
  writeLast(write: Write): Promise<string>;
  dropLast(): Promise<void>;
  writeRecord(record: TrainingRecord): Promise<void>;
  /** Removes the checkpoints: there is nothing to go on with. */
  finish(): Promise<void>;
  /** Lets others work in the folder. */
  close(): Promise<void>;
}

/** What is told apart: the job, and what it measures. */
export interface FileOptions<Measures> {
  /** The command. */
  readonly job: string;
  readonly measures: z.ZodType<Measures>;
}

/** A job's folder, and what was found in it to go on from. */
export interface Opened<Measures> {
  readonly files: JobFiles<Measures>;
  readonly found: Newest<JobCheckpoint<Measures>>;
}

/**
 * Opens the folder of a new job: it is new, empty, or holds an earlier result of the same job.
 * @throws as `checkResultFolder`
 */
export async function openNew<Measures>(
  output: string,
  options: FileOptions<Measures>,
): Promise<Opened<Measures>> {
  await checkResultFolder(output, options.job);
  const { files } = jobFolder(output, options);
  return { files, found: { checkpoint: undefined, damaged: [] } };
}

/**
 * Opens the folder of a job to go on with, and removes what a killed process left. One without a
 * checkpoint begins anew.
 * @throws {ConfigError} when the job is finished, or another one; and as `checkResultFolder`
 * @throws {InputError} when there are checkpoints and none is whole
 * @throws {UnavailableError} when another process works on it
 */
export async function openUnfinished<Measures>(
  output: string,
  options: FileOptions<Measures>,
): Promise<Opened<Measures>> {
  const { job } = options;
  await mendResultFolder(output);
  const unfinished = await unfinishedJob(output);
  if (unfinished === undefined) {
    if ((await readRecord(output))?.finished) {
      throw new ConfigError(output, `an unfinished ${job}`, 'a finished one');
    }
    return openNew(output, options);
  }
  if (unfinished !== job) {
    throw new ConfigError(output, `an unfinished ${job}`, `one of ${unfinished}`);
  }
  const { files, lock, latest } = jobFolder(output, options);
  await lock();
  try {
    await clearBeside(output);
    await mendFolder(output);
    await checkPlace(output, job);
    const found = await latest();
    await checkBest(output, found.checkpoint?.memory);
    return { files, found };
  } catch (error) {
    await files.close();
    throw error;
  }
}

function jobFolder<Measures>(output: string, { job, measures }: FileOptions<Measures>) {
  const directory = join(output, checkpointsName);
  const settingsPath = join(directory, `${job}.yaml`);
  const last = join(output, lastName);
  const schemas = { memory: jobMemory(measures), record: JobRecord };
  const checkpoints = checkpointFolder(directory, { keep: kept, ...schemas });
  let unlock: (() => Promise<void>) | undefined;
  const lock = async () => {
    await mkdir(directory, { recursive: true });
    unlock ??= await lockFolder(directory);
  };
  const yaml = (settings: Settings) => stringify(settings, { lineWidth: 0 });
  const files: JobFiles<Measures> = {
    async writeCheckpoint(state, record, settings) {
      await lock();
      if (!(await exists(settingsPath))) await writeFileAtomic(settingsPath, yaml(settings));
      return `${checkpointsName}/${await checkpoints.write(state, record)}`;
    },
    async writeResult(record, settings, write) {
      await writeResultFolder(output, record, async (folder) => {
        await write(folder);
        await writeFileAtomic(join(folder, 'config.yaml'), yaml(settings));
      });
    },
    fingerprintResult: () => fingerprintFolder(output),
    async writeLast(write) {
      await writeFolderAtomic(last, write);
      return last;
    },
    async dropLast() {
      if (await exists(last)) await removeFolderAtomic(last);
    },
    writeRecord: (record) => writeRecord(output, record),
    async finish() {
      if (await exists(directory)) await removeFolderAtomic(directory);
      unlock = undefined;
    },
    async close() {
      await unlock?.();
      unlock = undefined;
    },
  };
  const place = { path: output, instead: outputInstead };
  return { files: guarded(files, place), lock, latest: checkpoints.latest };
}

/**
 * Refuses to go on where the best so far is lost. One of a later step than the checkpoint knows is
 * no loss: the run finds it again.
 */
async function checkBest(output: string, memory: JobMemory<unknown> | undefined): Promise<void> {
  if (!memory?.best) return;
  const { step, files } = memory.best;
  const there = await readRecord(output);
  if (there?.best !== undefined && there.best > step) return;
  const named = (hashes: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [`result/${name}`, hash]));
  const now = await fingerprintFolder(output);
  checkFingerprints(named(files), named(now), { result: output }, `after step ${step}, the best`);
}
