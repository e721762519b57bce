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
  const disk = await statfs(folder).catch(() => undefined); // some disks do not tell
  const free = disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY;
  if (bytes > free) throw noRoom(folder, { instead, bytes, got: `${sizeText(free)} free` });
}
