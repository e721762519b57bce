/** I/O: a job's folder: settings, log, checkpoints, the best, the result. Formats: docs/formats.md. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
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
  configName,
  expectFree,
  jobIn,
  lastName,
  logName,
  makeFolder,
  mendResultFolder,
  readRecord,
  type TrainingRecord,
  writeRecord,
  writeResultFolder,
} from '../disk/result-folder.ts';
import { guarded, outputInstead } from '../disk/words.ts';
import { ConfigError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import {
  checkpointFolder,
  type Newest,
  type StoredCheckpoint,
  type TrainingState,
} from '../model/checkpoint.ts';
import { type EventLog, openLog, readEvents } from '../store/event-log.ts';
import { lockFolder } from '../store/lock.ts';
import { dropRollouts } from '../store/rollout-writer.ts';
import type { Kind, Settings } from './kind.ts';
import { JobRecord, type Remembered, remembered } from './state.ts';

type Write = (folder: string) => Promise<void>;

/** Where a job's files go. Each is there whole or not at all; but for the log's last line. */
export interface JobFolder<Measures> {
  /** What has happened, as far as it stays true. */
  events(): Promise<JobEvent[]>;
  /** On disk when the promise resolves. Progress is not kept. */
  append(event: JobEvent): Promise<void>;
  /** Makes the folder and takes it: the log begins, and `config.yaml` says what was given. */
  writeBeginning(started: JobEvent, given: Settings): Promise<void>;
  /** Takes that back, as far as nothing came of it. */
  dropBeginning(): Promise<void>;
  /**
   * Keeps no more than the last ones.
   * @returns the checkpoint's folder, within the job's
   * @throws {UnavailableError} when there is no room for it
   */
  writeCheckpoint(
    state: TrainingState<Remembered<Measures>>,
    record: JobRecord,
    more: Write | undefined,
  ): Promise<string>;
  /**
   * What a checkpoint of before holds.
   * @throws {InputError} when it is gone or damaged
   */
  readCheckpoint(step: number): Promise<TrainingState<Remembered<Measures>>>;
  writeResult(record: TrainingRecord, write: Write): Promise<void>;
  /** @param told what `best.json` says of it */
  writeBest(record: TrainingRecord, told: Settings, write: Write): Promise<void>;
  /** SHA-256 of those files of the best that decide what it computes. */
  fingerprintBest(): Promise<Record<string, string>>;
  /** Writes weights beside the result. @returns their folder */
  writeLast(write: Write): Promise<string>;
  dropLast(): Promise<void>;
  /** Takes back what was kept of the steps after one, before the log tells so. */
  dropRollouts(after: number): Promise<void>;
  /** `training.json` of a result that is there. */
  writeRecord(record: TrainingRecord): Promise<void>;
  /** @param files texts by their names */
  writeReports(files: Readonly<Record<string, string>>): Promise<void>;
  /** Removes what a finished job has no use for. */
  finish(): Promise<void>;
  /** Lets others work in the folder. */
  close(): Promise<void>;
}

/** The newest checkpoint of a job that is whole, and what is wrong with newer ones. */
export type Found<Measures> = Newest<StoredCheckpoint<Remembered<Measures>, JobRecord>>;

interface Opened<Measures> {
  /** Missing where nothing is kept. */
  readonly folder: JobFolder<Measures> | undefined;
  readonly found: Found<Measures>;
}

type FolderKind<Measures extends object> = Pick<
  Kind<never, Measures>,
  'name' | 'result' | 'learns' | 'measures'
>;

/**
 * Opens the folder of a job: of a new one it is new, empty, or holds an earlier result of the same kind
 * where that may be replaced. To go on, what a killed process left is removed; a job without a
 * checkpoint begins anew.
 * @throws {ConfigError} when it holds something else, or a job that is finished or another
 * @throws {InputError} when there are checkpoints and none is whole
 * @throws {UnavailableError} when another process works on it, or it cannot be written
 */
export async function openFolder<Measures extends object>(
  output: string | undefined,
  kind: FolderKind<Measures>,
  resume: boolean,
): Promise<Opened<Measures>> {
  const nothing = { checkpoint: undefined, damaged: [] };
  if (output === undefined) return { folder: undefined, found: nothing };
  await mendResultFolder(output);
  const there = resume ? await jobIn(output) : undefined;
  const { folder, lock, latest } = jobFolder(output, kind);
  if (!there) {
    await (kind.result === undefined ? checkResultFolder(output, kind.name) : expectFree(output));
    return { folder, found: nothing };
  }
  const { name } = kind;
  if (there.finished || there.job !== name) {
    const got = there.finished ? 'a finished one' : `one of ${there.job}`;
    throw new ConfigError(output, `an unfinished ${name}`, got);
  }
  try {
    await lock();
    await clearBeside(output);
    await mendFolder(output);
    if (kind.result === undefined) await checkPlace(output, name);
    const found = await latest();
    await checkBest(output, kind, found);
    return { folder, found };
  } catch (error) {
    await folder.close();
    throw error;
  }
}

function jobFolder<Measures extends object>(output: string, kind: FolderKind<Measures>) {
  const at = (name: string) => join(output, name);
  const [directory, last, best] = [at(checkpointsName), at(lastName), at('best')];
  const schemas = { memory: remembered(kind), record: JobRecord };
  const checkpoints = checkpointFolder(directory, schemas);
  const isOwn = kind.result === undefined;
  let unlock: (() => Promise<void>) | undefined;
  let log: EventLog | undefined;
  /** What was there before, for a job that comes to nothing. */
  let earlier: readonly (readonly [path: string, bytes: Uint8Array])[] | undefined;
  let isKept = false;
  const lock = async () => {
    unlock ??= await lockFolder(output);
    log ??= await openLog(at(logName));
  };
  const folder: JobFolder<Measures> = {
    events: () => readEvents(at(logName)),
    async append(event) {
      await log?.append(event);
    },
    async writeBeginning(started, given) {
      const isNew = unlock === undefined;
      const wasThere = await exists(output);
      await makeFolder(output);
      if (isNew && wasThere && isOwn) earlier = await bytesOf([at(configName), at(logName)]);
      await lock();
      await rm(at(configName), { force: true }); // of an earlier job it is not to be taken for ours
      await dropRollouts(output, 0);
      await log?.append(started);
      await writeFileAtomic(at(configName), stringify(given, { lineWidth: 0 }));
      if (isNew && !wasThere) earlier = [];
    },
    async dropBeginning() {
      if (isKept || !isOwn || earlier === undefined) return;
      await folder.close();
      // a store's courier may just be writing there
      const options = { recursive: true, force: true, maxRetries: 5 };
      if (earlier.length === 0) await rm(output, options);
      for (const [path, bytes] of earlier) await writeFileAtomic(path, bytes);
    },
    async writeCheckpoint(state, record, more) {
      isKept = true;
      const keep = Number(record.config.keepCheckpoints ?? 2);
      const spared = state.memory.guards?.well;
      return `${checkpointsName}/${await checkpoints.write(state, record, { keep, spared, more })}`;
    },
    async readCheckpoint(step) {
      const { steps, memory, load } = await checkpoints.at(step);
      return { steps, memory, tensors: await load() };
    },
    async writeResult(record, write) {
      if (kind.result) await writeFolderAtomic(at(kind.result), write);
      else await writeResultFolder(output, record, write);
      isKept = true;
    },
    async writeBest(record, told, write) {
      if (isOwn) return folder.writeResult(record, write);
      await writeFolderAtomic(best, async (temporary) => {
        await write(temporary);
        await writeFileAtomic(join(temporary, 'best.json'), `${JSON.stringify(told)}\n`);
      });
    },
    fingerprintBest: () => fingerprintFolder(isOwn ? output : best),
    async writeLast(write) {
      await writeFolderAtomic(last, write);
      return last;
    },
    async dropLast() {
      if (await exists(last)) await removeFolderAtomic(last);
    },
    dropRollouts: (after) => dropRollouts(output, after),
    async writeRecord(record) {
      if (isOwn) await writeRecord(output, record);
    },
    async writeReports(files) {
      for (const [name, text] of Object.entries(files)) await writeFileAtomic(at(name), text);
    },
    async finish() {
      if (isOwn) await finishFolder(output);
    },
    async close() {
      [log] = [undefined, await log?.close()];
      await unlock?.();
      unlock = undefined;
    },
  };
  const place = { path: output, instead: outputInstead };
  return { folder: guarded(folder, place), lock, latest: checkpoints.latest };
}

/** Removes from a result what its job needed to go on. */
export async function finishFolder(output: string): Promise<void> {
  await mendFolder(output);
  const directory = join(output, checkpointsName);
  if (await exists(directory)) await removeFolderAtomic(directory);
}

async function bytesOf(paths: readonly string[]) {
  const found = await Promise.all(
    paths.map(async (path) =>
      (await exists(path)) ? [[path, await readFile(path)] as const] : [],
    ),
  );
  return found.flat();
}

/**
 * Refuses to go on where the best so far is lost. One of a later step than the checkpoint knows is
 * no loss: the run finds it again.
 */
async function checkBest(
  output: string,
  { result }: Pick<Kind, 'result'>,
  { checkpoint }: Found<unknown>,
): Promise<void> {
  const { best } = checkpoint?.memory ?? {};
  if (!best?.files) return;
  if (result === undefined) {
    const there = await readRecord(output);
    if (there?.best !== undefined && there.best > best.step) return;
  }
  const place = result === undefined ? { result: output } : { best: join(output, 'best') };
  const [[role, path]] = Object.entries(place);
  const named = (hashes: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [`${role}/${name}`, hash]));
  const now = (await exists(path)) ? await fingerprintFolder(path) : {};
  if (result !== undefined && (await stepOfBest(path)) > best.step) return;
  checkFingerprints(named(best.files), named(now), place, `after step ${best.step}, the best`);
}

async function stepOfBest(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'best.json'), 'utf8').catch(() => '{}');
  return Number((JSON.parse(text) as { step?: number }).step ?? 0);
}
