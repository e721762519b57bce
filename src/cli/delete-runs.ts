/** I/O: runs that are to go, after somebody has said so. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolderAtomic } from '../disk/atomic.ts';
import { byteText, counted } from '../report/text.ts';
import { lockFolder } from '../store/lock.ts';
import type { ChosenRun } from './chosen-runs.ts';
import type { CommandContext } from './command.ts';
import { UsageError } from './errors.ts';

type Told = Pick<CommandContext<unknown>, 'json' | 'print' | 'progress' | 'stdin'>;

/**
 * Removes the folders of runs, unless the answer is no.
 * @throws {UnavailableError} when a process works in one
 */
export async function deleteRuns(
  runs: readonly ChosenRun[],
  { asks, json, print, progress, stdin }: Told & { readonly asks: boolean },
): Promise<void> {
  if (asks) {
    if (json) throw new UsageError('runs delete: expected --yes beside --json, got none.');
    for (const { folder, details } of runs) {
      print(`${folder}: ${details.job}, ${details.state}, ${byteText(await bytesIn(folder))}`);
    }
    const what = runs.length === 1 ? 'it' : `these ${counted(runs.length, 'run')}`;
    print(`Delete ${what}, with all files? yes/no`);
    if (!(await isYes(stdin))) return print('Nothing was deleted.');
  }
  for (const { folder } of runs) {
    progress.note(`deleting ${folder}`);
    await removeRun(folder);
  }
  progress.close();
  const folders = runs.map(({ folder }) => folder);
  const lines = folders.map((folder) => `deleted ${folder}`);
  print(json ? JSON.stringify({ deleted: folders }) : lines.join('\n'));
}

/** @throws {UsageError} when nobody answers */
async function isYes(stdin: Told['stdin']): Promise<boolean> {
  const answer = (await firstLine(stdin)).trim().toLowerCase();
  if (answer !== '') return answer === 'yes' || answer === 'y';
  throw new UsageError('runs delete: expected yes or no, got nothing. Without asking: --yes.');
}

async function firstLine(stdin: Told['stdin']): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0];
}

/** Bytes of all files in a folder. */
async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => stat(join(parentPath, name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

/** Gone for every reader at once. */
async function removeRun(folder: string): Promise<void> {
  const place = await realpath(folder);
  const unlock = await lockFolder(place);
  await removeFolderAtomic(place).catch(async (error) => {
    await unlock();
    throw error;
  });
}
