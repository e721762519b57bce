/** I/O: runs that a command line names, and what becomes of one that is to go. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunDetails } from '../api.ts';
import { exists, removeFolderAtomic } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { InputError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import { lockFolder } from '../store/lock.ts';
import { readRun } from '../store/run-index/describe.ts';

/** A run, with its place. */
export interface ChosenRun {
  readonly folder: string;
  readonly details: RunDetails;
  readonly events: readonly JobEvent[];
}

/**
 * A run by its name below the folder of runs, or by its folder.
 * @throws {InputError} when neither holds a run
 */
export async function chosenRun(runs: string, name: string): Promise<ChosenRun> {
  for (const folder of [join(runs, name), name]) {
    if (!(await exists(join(folder, logName)))) continue;
    const run = await readRun(name.replace(/(?<=.)[\\/]+$/, ''), folder);
    if (run) return { folder, ...run };
  }
  const remedy = 'Name one of those that `tactful runs` lists, or its folder.';
  throw new InputError(name, 'a run', 'none', remedy);
}

/** Bytes of all files in a folder. */
export async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => stat(join(parentPath, name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

/**
 * Removes a run with all that its folder holds, as far as any reader sees at once.
 * @throws {UnavailableError} when a process works in it
 */
export async function removeRun(folder: string): Promise<void> {
  const place = await realpath(folder);
  const unlock = await lockFolder(place);
  await removeFolderAtomic(place).catch(async (error) => {
    await unlock();
    throw error;
  });
}

/** The last part of a run's name, where that is enough to tell runs apart. */
export function shortNames(runs: readonly ChosenRun[]): string[] {
  const names = runs.map(({ details }) => details.id);
  const short = names.map((name) => basename(name));
  return new Set(short).size === short.length ? short : names;
}
