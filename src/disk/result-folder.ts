/** Writes a training's result as a whole folder, and replaces nothing but an earlier one. I/O. */
import { access, constants, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, UnavailableError } from '../errors.ts';
import { exists, isTemporary, syncFolder, syncFolders, writeFileAtomic } from './atomic.ts';
import { readJson } from './json.ts';
import { checkRoom } from './room.ts';
import { outputInstead, unwritable, wordsOf, writingTo } from './words.ts';

/** What `training.json` says beside the names of the files: the job, its settings, its measures. */
export interface TrainingRecord {
  /** The command: `sft`, `train-classifier`. */
  readonly job: string;
  readonly [field: string]: unknown;
}

const recordName = 'training.json';
const Marker = z.looseObject({
  job: z.string(),
  files: z.array(z.string()),
  /** Missing of a job that was stopped or broke off. */
  finished: z.literal(true).optional(),
  /** Step of the result, where measurements chose it. */
  best: z.int().optional(),
});

/**
 * Folder, within that of the result, of what an unfinished job goes on from. With it lie the job's
 * settings, in `<job>.yaml`. It stays where it is when one result takes the place of another.
 */
export const checkpointsName = 'checkpoints';
/** Folder, beside the best result of a job that was stopped, of the weights of its last step. */
export const lastName = 'last';

/**
 * Whether a result may go to a folder: it is new, empty, or holds an earlier result of the same job
 * and nothing else. Ask before hours of training. What a killed writer left is put right first.
 * @throws {ConfigError} when it holds something else or an unfinished job, or is a mount point
 * @throws {UnavailableError} when the place is not to be written
 */
export async function checkResultFolder(folder: string, job: string): Promise<void> {
  await mendResultFolder(folder);
  const unfinished = await unfinishedJob(folder);
  if (unfinished !== undefined) {
    const checkpoints = join(folder, checkpointsName);
    throw new ConfigError(
      folder,
      expectation(job),
      `one with an unfinished ${unfinished}`,
      `Name another folder by \`output\`, go on: npx tactful resume ${folder}, or remove ${checkpoints} to start anew.`,
    );
  }
  await checkPlace(folder, job);
}

/** The job in a folder that can be gone on with, by its command; undefined when there is none. */
export async function unfinishedJob(folder: string): Promise<string | undefined> {
  const names = await namesIn(join(folder, checkpointsName)).catch(() => undefined);
  const jobs = (names ?? []).flatMap((name) => /^([a-z-]+)\.yaml$/.exec(name)?.[1] ?? []);
  return jobs[0];
}

/**
 * Refuses to start what a result's disk has no room for.
 * @throws {UnavailableError} when there are fewer bytes free
 */
export async function expectRoom(folder: string, bytes: number): Promise<void> {
  await checkRoom(await nearestFolder(dirname(resolve(folder))), bytes, outputInstead);
}

/** Whether there is a job in a folder to go on with. */
export async function isUnfinished(folder: string): Promise<boolean> {
  if ((await unfinishedJob(folder)) !== undefined) return true;
  const record = await readRecord(folder).catch(() => undefined);
  return record !== undefined && record.finished === undefined;
}

/**
 * What `training.json` says of the result in a folder; undefined when there is none.
 * @throws {InputError} when it is no such file
 */
export async function readRecord(folder: string): Promise<z.infer<typeof Marker> | undefined> {
  const path = join(folder, recordName);
  return (await exists(path)) ? readJson(path, Marker) : undefined;
}

/** Puts right what was left beside a folder by a writer that was killed as it replaced it. */
export async function mendResultFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  for (const old of (await leftBeside(path)).filter((name) => name.endsWith('.old'))) {
    if (await exists(path)) await carryCheckpoints(old, path);
    else await rename(old, path);
  }
}

async function carryCheckpoints(from: string, to: string): Promise<void> {
  const [before, there] = [join(from, checkpointsName), join(to, checkpointsName)];
  if ((await exists(before)) && !(await exists(there))) await rename(before, there);
}

/** Removes what else such a writer left. Only for whoever knows that it does not write any more. */
export async function clearBeside(folder: string): Promise<void> {
  for (const path of await leftBeside(resolve(folder))) await rm(path, { recursive: true });
}

/** Temporary and replaced folders of a place. */
async function leftBeside(path: string): Promise<string[]> {
  const start = `.${basename(path)}.`;
  const isLeft = (name: string) =>
    name.startsWith(start) && /^[0-9a-f-]{36}\.(tmp|old)$/.test(name.slice(start.length));
  const names = await namesIn(dirname(path)).catch(() => undefined);
  return (names ?? []).filter(isLeft).map((name) => join(dirname(path), name));
}

function expectation(job: string): string {
  return `a new or empty folder, or one that tactful ${job} wrote`;
}

/**
 * As `checkResultFolder`, but what an unfinished job keeps there may be there.
 * @throws as `checkResultFolder`
 */
export async function checkPlace(folder: string, job: string): Promise<void> {
  const path = resolve(folder);
  const names = await namesIn(path);
  const parent = await nearestFolder(dirname(path));
  await writingTo({ path: parent, instead: outputInstead }, () => access(parent, constants.W_OK));
  if (names === undefined) return;
  // a folder is replaced by renaming, which a mount point refuses
  if ((await stat(path)).dev !== (await stat(parent)).dev) {
    throw new ConfigError(
      folder,
      'a folder',
      'a mount point',
      'Name a folder inside it by `output`.',
    );
  }
  const ours = (await holdsCheckpoints(path)) ? [checkpointsName, lastName] : [];
  const found = names.filter((name) => !ours.includes(name) && !isTemporary(name));
  if (found.length === 0) return;
  const expected = expectation(job);
  const remedy = 'Name another folder by `output`.';
  if (!found.includes(recordName)) {
    throw new ConfigError(folder, expected, `one that holds ${found[0]}`, remedy);
  }
  const marker = await readJson(join(path, recordName), Marker);
  const foreign = found.find((name) => name !== recordName && !marker.files.includes(name));
  if (marker.job !== job) {
    throw new ConfigError(folder, expected, `a result of tactful ${marker.job}`, remedy);
  }
  if (foreign !== undefined) {
    const actual = `one that also holds ${foreign}`;
    throw new ConfigError(
      folder,
      expected,
      actual,
      `Name another folder by \`output\`, or move ${foreign}.`,
    );
  }
}

/** Whether `checkpoints` is a job's, perhaps of one that was killed before there was more. */
async function holdsCheckpoints(path: string): Promise<boolean> {
  if ((await unfinishedJob(path)) !== undefined) return true;
  const names = await namesIn(join(path, checkpointsName)).catch(() => undefined);
  return names?.every((name) => name === 'lock' || isTemporary(name)) ?? false;
}

/**
 * Writes a result: `write` fills a temporary folder beside, which then takes the place of `folder`;
 * checkpoints stay in it.
 * @throws {UnavailableError} when the place cannot be taken; it names the folder that has the result
 */
export async function writeResultFolder(
  folder: string,
  record: TrainingRecord,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  await checkPlace(folder, record.job);
  const path = resolve(folder);
  const beside = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}`);
  const [temporary, old] = [`${beside}.tmp`, `${beside}.old`];
  try {
    await mkdir(temporary, { recursive: true });
    await write(temporary);
    await writeRecord(temporary, record);
    await syncFolders(temporary);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw unwritable(error, { path: folder, instead: outputInstead });
  }
  const replaces = (await namesIn(path)) !== undefined;
  try {
    if (replaces) await rename(path, old);
    await rename(temporary, path);
  } catch (cause) {
    if (replaces) await rename(old, path).catch(() => undefined);
    const remedy = `The result lies in ${temporary}.`;
    throw new UnavailableError(folder, 'a folder to write', wordsOf(cause), remedy, cause);
  }
  if (replaces) await carryCheckpoints(old, path);
  await syncFolder(path);
  await syncFolder(dirname(path));
  if (replaces) await rm(old, { recursive: true });
}

/** Writes `training.json` of a folder that holds a result, atomically. */
export async function writeRecord(folder: string, record: TrainingRecord): Promise<void> {
  const others = [recordName, checkpointsName];
  const names = (await readdir(folder)).filter((name) => !isTemporary(name));
  const files = names.filter((name) => !others.includes(name)).sort();
  const json = JSON.stringify({ ...record, files }, null, 2);
  await writeFileAtomic(join(folder, recordName), `${json}\n`);
}

/** Names in a folder; undefined when there is none. */
async function namesIn(path: string): Promise<string[] | undefined> {
  return readdir(path).catch((cause) => {
    if (cause.code === 'ENOENT') return undefined;
    const actual = cause.code === 'ENOTDIR' ? 'a file' : wordsOf(cause);
    throw new UnavailableError(path, 'a folder', actual, 'Name another folder.', cause);
  });
}

async function nearestFolder(path: string): Promise<string> {
  const names = await namesIn(path);
  return names === undefined && dirname(path) !== path ? nearestFolder(dirname(path)) : path;
}
