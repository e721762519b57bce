/** Whether a disk has room for what is to come. I/O. */
import { statfs } from 'node:fs/promises';
import { noRoom, sizeText } from './words.ts';

/**
 * Refuses to start what a disk has no room for.
 * @param folder that is there
 * @param bytes still to come
 * @param instead what else can be done, as a clause
 * @throws {UnavailableError} when that is more than is free
 */
export async function checkRoom(folder: string, bytes: number, instead: string): Promise<void> {
  const free = await freeBytes(folder);
  if (bytes > free) throw noRoom(folder, { instead, bytes, got: `${sizeText(free)} free` });
}

/** What is free on the disk of a folder; Infinity where it does not tell. */
export async function freeBytes(folder: string): Promise<number> {
  const disk = await statfs(folder).catch(() => undefined);
  return disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY;
}
