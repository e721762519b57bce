/** I/O: which folder a run's name stands for; no name leads out of the folder of runs. */
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { exists } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { isHeld } from '../store/lock.ts';
import { Refusal } from './refusal.ts';

/**
 * The folder of a run that is there, or is about to begin.
 * @param runs the folder of runs, without links
 * @param id path of the run's folder below it
 * @throws {Refusal} when there is none
 */
export async function runFolder(runs: string, id: string): Promise<string> {
  const parts = id.split('/');
  // hidden folders are no runs
  const isName = (part: string) => part !== '' && !part.startsWith('.') && !/[\\\0]/.test(part);
  if (!parts.every(isName)) throw missing(id);
  const folder = await realpath(join(runs, ...parts)).catch(() => undefined);
  if (folder === undefined || !folder.startsWith(runs.endsWith(sep) ? runs : runs + sep))
    throw missing(id);
  if (!(await exists(join(folder, logName))) && !(await isHeld(folder))) throw missing(id);
  return folder;
}

function missing(id: string): Refusal {
  return new Refusal(404, `run ${id}: expected one in the folder of runs, got none.`);
}
