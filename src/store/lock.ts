/** I/O: one process at a time works in a folder, or at one thing in it; a file holds its number while it does. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../disk/alive.ts';
import { unlessMissing } from '../disk/atomic.ts';
import { UnavailableError } from '../errors.ts';

/**
 * Takes a folder for this process; what a killed process held is free.
 * @returns gives it back
 * @throws {UnavailableError} when another process of this machine works in it
 */
export function lockFolder(directory: string): Promise<() => Promise<void>> {
  return lockFile(join(directory, 'lock'), `run folder ${directory}`);
}

/**
 * Takes what a file stands for.
 * @param what is taken, in words
 * @returns gives it back
 * @throws {UnavailableError} when another process of this machine has it
 */
export async function lockFile(path: string, what: string): Promise<() => Promise<void>> {
  const holder = await holderOf(path);
  if (holder !== undefined && holder !== process.pid) {
    const remedy = `Wait for it or stop it; if that is no tactful, remove ${path}.`;
    const actual = `process ${holder} at work in it`;
    throw new UnavailableError(what, 'nobody at work in it', actual, remedy);
  }
  const unlock = () => rm(path, { force: true });
  await writeFile(path, `${process.pid}\n`).catch(async (error) => {
    await unlock();
    throw error;
  });
  return unlock;
}

/** Whether a process of this machine works in a folder. */
export async function isHeld(directory: string): Promise<boolean> {
  return (await holderOf(join(directory, 'lock'))) !== undefined;
}

/** Number of the process of this machine that has what a file stands for. */
export async function holderOf(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, 'utf8').catch(unlessMissing('')));
  return isAlive(pid) ? pid : undefined;
}
