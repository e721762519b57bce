/** I/O: runs that a command line names. */
import { realpath } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { RunDetails } from '../api.ts';
import { exists } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { InputError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
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
    const run = await readRun(await idOf(runs, folder), folder);
    if (run) return { folder, ...run };
  }
  const remedy = 'Name one of those that `tactful runs` lists, or its folder.';
  throw new InputError(name, 'a run', 'none', remedy);
}

/** Its path below the folder of runs, as lists have it; of a run elsewhere its folder. */
async function idOf(runs: string, folder: string): Promise<string> {
  const place = await realpath(folder);
  const path = relative(await realpath(runs).catch(() => resolve(runs)), place);
  const isBelow = path !== '' && path.split(sep)[0] !== '..' && !isAbsolute(path);
  return isBelow ? path.split(sep).join('/') : folder;
}

/** The last part of a run's name, where that is enough to tell runs apart. */
export function shortNames(runs: readonly ChosenRun[]): string[] {
  const names = runs.map(({ details }) => details.id);
  const short = names.map((name) => basename(name));
  return new Set(short).size === short.length ? short : names;
}
