/** I/O: which folders below one are runs. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { logName } from '../../disk/result-folder.ts';

/** Folders within folders that are looked into: a comparison of semantics has its runs in one. */
const depth = 4;

/**
 * Ids of the runs below a folder: their paths in it, with slashes. Links are not followed, and nothing
 * inside a run is looked at.
 */
export async function findRuns(folder: string, path = '', level = 1): Promise<string[]> {
  const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(
    (): Dirent[] => [], // gone meanwhile, or not ours to read
  );
  if (path !== '' && entries.some((entry) => entry.isFile() && entry.name === logName))
    return [path];
  if (level > depth) return [];
  const folders = entries.filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
  );
  const below = folders.map(({ name }) =>
    findRuns(folder, path === '' ? name : `${path}/${name}`, level + 1),
  );
  return (await Promise.all(below)).flat();
}
