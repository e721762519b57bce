/** Writes a training's result as a whole folder, and replaces nothing but an earlier one. I/O. */
import { access, constants, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, UnavailableError } from '../errors.ts';
import { writeFileAtomic } from './atomic.ts';
import { readJson } from './json.ts';

/** What `training.json` says beside the names of the files: the job, its settings, its measures. */
export interface TrainingRecord {
  /** The command: `sft`, `train-classifier`. */
  readonly job: string;
  readonly [field: string]: unknown;
}

const recordName = 'training.json';
const Marker = z.looseObject({ job: z.string(), files: z.array(z.string()) });

/**
 * Whether a result may go to a folder: it is new, empty, or holds an earlier result of the same job
 * and nothing else. Ask before hours of training.
 * @throws {ConfigError} when it holds something else, or is a mount point
 * @throws {UnavailableError} when the place is not to be written
 */
export async function checkResultFolder(folder: string, job: string): Promise<void> {
  const path = resolve(folder);
  const found = await namesIn(path);
  const parent = await nearestFolder(dirname(path));
  await access(parent, constants.W_OK).catch((cause) => {
    throw new UnavailableError(parent, 'a folder to write to', cause.code, '', cause);
  });
  if (found === undefined) return;
  // a folder is replaced by renaming, which a mount point refuses
  if ((await stat(path)).dev !== (await stat(parent)).dev) {
    throw new ConfigError(folder, 'a folder', 'a mount point', 'Name a folder inside it.');
  }
  if (found.length === 0) return;
  const expected = `a new or empty folder, or one that tactful ${job} wrote`;
  const remedy = 'Name another folder.';
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
    throw new ConfigError(folder, expected, actual, `Name another folder, or move ${foreign}.`);
  }
}

/**
 * Writes a result: `write` fills a temporary folder beside, which then takes the place of `folder`.
 * @throws {UnavailableError} when the place cannot be taken; it names the folder that has the result
 */
export async function writeResultFolder(
  folder: string,
  record: TrainingRecord,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  await checkResultFolder(folder, record.job);
  const path = resolve(folder);
  const beside = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}`);
  const [temporary, old] = [`${beside}.tmp`, `${beside}.old`];
  await mkdir(temporary, { recursive: true });
  try {
    await write(temporary);
    await writeRecord(temporary, record);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  const replaces = (await namesIn(path)) !== undefined;
  try {
    if (replaces) await rename(path, old);
    await rename(temporary, path);
  } catch (cause) {
    if (replaces) await rename(old, path).catch(() => undefined);
    const { code } = cause as NodeJS.ErrnoException;
    const remedy = `The result lies in ${temporary}.`;
    throw new UnavailableError(folder, 'a folder to write', `${code}`, remedy, cause);
  }
  if (replaces) await rm(old, { recursive: true });
}

/** Writes `training.json` of a folder that holds a result, atomically. */
export async function writeRecord(folder: string, record: TrainingRecord): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name !== recordName).sort();
  const json = JSON.stringify({ ...record, files }, null, 2);
  await writeFileAtomic(join(folder, recordName), `${json}\n`);
}

/** Names in a folder; undefined when there is none. */
async function namesIn(path: string): Promise<string[] | undefined> {
  return readdir(path).catch((cause) => {
    if (cause.code === 'ENOENT') return undefined;
    const actual = cause.code === 'ENOTDIR' ? 'a file' : cause.code;
    throw new UnavailableError(path, 'a folder', actual, 'Name another one.', cause);
  });
}

async function nearestFolder(path: string): Promise<string> {
  const names = await namesIn(path);
  return names === undefined && dirname(path) !== path ? nearestFolder(dirname(path)) : path;
}
