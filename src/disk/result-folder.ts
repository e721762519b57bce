/** Writes a training's result as a whole folder, and replaces nothing but an earlier one. I/O. */
import { access, constants, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, UnavailableError } from '../errors.ts';
import { exists, isTemporary, syncFolder, syncFolders, writeFileAtomic } from './atomic.ts';
import { readJson } from './json.ts';
import { checkRoom } from './room.ts';
import { quoted } from './shell.ts';
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

/** Folder, within that of a job, of what it goes on from. */
export const checkpointsName = 'checkpoints';
/** Folder, beside the best result of a job that was stopped, of the weights of its last step. */
export const lastName = 'last';
/** A job's settings, as they were given. */
export const configName = 'config.yaml';
/** A job's log. */
export const logName = 'events.jsonl';
const lockName = 'lock';
/** Numbers of a comparison of semantics, in the folder of its runs. */
export const versusName = 'versus.json';
/** Folder of what each store has of a job. */
export const storesName = 'stores';
/** Folder of what TensorBoard reads. */
export const tensorboardName = 'tensorboard';
/** What stays where it is when one result takes the place of another. */
const staying = [checkpointsName, logName, configName, lockName, storesName, tensorboardName];

/**
 * Whether a result may go to a folder: it is new, empty, or holds an earlier result of the same job
 * and nothing else. Ask before hours of training. What a killed writer left is put right first.
 * @throws {ConfigError} when it holds something else or an unfinished job, or is a mount point
 * @throws {UnavailableError} when the place is not to be written
 */
export async function checkResultFolder(folder: string, job: string): Promise<void> {
  await mendResultFolder(folder);
  const unfinished = await unfinishedJob(folder);
  if (unfinished !== undefined && (await holdsCheckpoints(folder))) {
    const checkpoints = join(folder, checkpointsName);
    throw new ConfigError(
      folder,
      expectation(job),
      `one with an unfinished ${unfinished}`,
      `Name another folder by \`output\`, go on: npx tactful resume ${quoted(folder)}, or remove ${checkpoints} to start anew.`,
    );
  }
  await checkPlace(folder, job);
}

/** A job that a folder tells of. */
export interface JobThere {
  /** The command. */
  readonly job: string;
  readonly finished: boolean;
  /** File of its settings, within the folder. */
  readonly settings: string;
}

/**
 * The job in a folder, by its log; of earlier versions also by the settings beside its checkpoints,
 * by its record, or by its settings alone. Undefined when there is none.
 */
export async function jobIn(folder: string): Promise<JobThere | undefined> {
  const text = await readFile(join(folder, logName), 'utf8').catch(() => '');
  const [first = '', ...lines] = text.split('\n');
  const started = /^\{"type":"started",("job":"([^"]+)")?/.exec(first);
  const settings = configName;
  if (started) {
    const finished = lines.some((line) => /^\{"type":"finished".*\}$/.test(line));
    return { job: started[2] ?? 'detox', finished, settings };
  }
  const names = (await namesIn(join(folder, checkpointsName)).catch(() => undefined)) ?? [];
  const [old] = names.flatMap((name) => /^([a-z-]+)\.yaml$/.exec(name)?.[1] ?? []);
  if (old !== undefined)
    return { job: old, finished: false, settings: join(checkpointsName, `${old}.yaml`) };
  const record = await readRecord(folder).catch(() => undefined);
  const isThere = await exists(join(folder, settings));
  if (record)
    return isThere ? { job: record.job, finished: record.finished ?? false, settings } : undefined;
  return isThere ? { job: 'detox', finished: false, settings } : undefined;
}

/** The job in a folder that is not finished, by its command; undefined when there is none. */
export async function unfinishedJob(folder: string): Promise<string | undefined> {
  const there = await jobIn(folder);
  return there?.finished === false ? there.job : undefined;
}

/**
 * Names in the folder of a result that are for its job alone: they tell of this machine, and some of the
 * data. None where there is no result of a job.
 */
export async function forTheJobAlone(folder: string): Promise<readonly string[]> {
  const isResult = await exists(join(folder, recordName));
  return isResult ? [...staying, lastName, recordName] : [];
}

/**
 * Refuses a folder for a run that replaces nothing.
 * @throws {ConfigError} when it holds something
 */
export async function expectFree(folder: string): Promise<void> {
  const names = (await namesIn(folder).catch(() => undefined)) ?? [];
  const found = names.filter((name) => !isTemporary(name) && name !== lockName);
  if (found.length === 0) return;
  const holdsRun = found.includes(logName) || found.includes(configName);
  throw new ConfigError(
    `run folder ${folder}`,
    'a new or empty folder',
    holdsRun ? 'one that already holds a run' : `one that holds ${found[0]}`,
    holdsRun
      ? `Name another folder by \`output\`, or go on: npx tactful resume ${quoted(folder)}`
      : 'Name another folder by `output`.',
  );
}

/** @throws {UnavailableError} when a file is in the way, or the place is not ours to write to */
export async function makeFolder(directory: string): Promise<void> {
  try {
    await access(await nearestThere(directory), constants.W_OK); // mkdir finds other words for it
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const isFile = code === 'EEXIST' || code === 'ENOTDIR';
    if (!isFile) throw unwritable(cause, { path: directory, instead: outputInstead });
    const [where, got] = [`run folder ${directory}`, 'a file in its place'];
    const remedy = 'Name another folder by `output`.';
    throw new UnavailableError(where, 'a folder to write to', got, remedy, cause);
  }
}

/** The path itself, or the nearest one above it that is there. */
async function nearestThere(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT',
  );
  return isThere || dirname(path) === path ? path : nearestThere(dirname(path));
}

/**
 * Refuses to start what a result's disk has no room for.
 * @throws {UnavailableError} when there are fewer bytes free
 */
export async function expectRoom(folder: string, bytes: number): Promise<void> {
  await checkRoom(await nearestFolder(dirname(resolve(folder))), bytes, outputInstead);
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
    if (await exists(path)) await carryStaying(old, path);
    else await rename(old, path);
  }
}

async function carryStaying(from: string, to: string): Promise<void> {
  for (const name of staying) {
    const [before, there] = [join(from, name), join(to, name)];
    if ((await exists(before)) && !(await exists(there))) await rename(before, there);
  }
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
  const isJob = names.includes(logName) || (await areOurs(path));
  const ours = isJob ? [...staying, lastName] : [lockName];
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

/** Whether `checkpoints` holds what a job goes on from. */
async function holdsCheckpoints(path: string): Promise<boolean> {
  const names = (await namesIn(join(path, checkpointsName)).catch(() => undefined)) ?? [];
  return names.some((name) => /^step-\d+$|^[a-z-]+\.yaml$/.test(name));
}

/** Whether `checkpoints` is a job's, perhaps of one that was killed before there was more. */
async function areOurs(path: string): Promise<boolean> {
  const names = await namesIn(join(path, checkpointsName)).catch(() => undefined);
  const isLeft = names?.every((name) => name === lockName || isTemporary(name)) ?? false;
  return isLeft || holdsCheckpoints(path);
}

/**
 * Writes a result: `write` fills a temporary folder beside, which then takes the place of `folder`;
 * what a job keeps there stays.
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
  if (replaces) await carryStaying(old, path);
  await syncFolder(path);
  await syncFolder(dirname(path));
  if (replaces) await rm(old, { recursive: true });
}

/** Writes `training.json` of a folder that holds a result, atomically. */
export async function writeRecord(folder: string, record: TrainingRecord): Promise<void> {
  const others = [recordName, checkpointsName, lockName, storesName, tensorboardName];
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
