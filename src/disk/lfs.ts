/** I/O: tells the pointers of Git LFS, which a clone without it has in place of large files. */
import { open } from 'node:fs/promises';
import { InputError } from '../errors.ts';

/** A pointer is three short lines. */
const mostBytes = 512;

/**
 * Refuses a pointer where the file itself should be.
 * @param start the file's first bytes
 * @param path the file's name, for messages
 * @throws {InputError} saying how the file is fetched
 */
export function refusePointer(start: Uint8Array, path: string): void {
  const text = new TextDecoder('latin1').decode(start.subarray(0, mostBytes));
  if (!/^version https:\/\/(git-lfs|hawser)/.test(text)) return;
  const [, size] = /\nsize (\d{1,15})\b/.exec(text) ?? [];
  const actual = `a Git LFS pointer${size === undefined ? '' : ` to ${size} bytes`} in its place`;
  const remedy =
    'Fetch it with "git lfs pull" in the cloned folder (after "git lfs install"), or download the folder again.';
  throw new InputError(path, 'the file itself', actual, remedy);
}

/**
 * The same of a file that is not read yet; one that cannot be read is left to its reader.
 * @throws {InputError} as `refusePointer`
 */
export async function refusePointerFile(path: string): Promise<void> {
  const file = await open(path).catch(() => undefined);
  if (!file) return;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    refusePointer(buffer.subarray(0, bytesRead), path);
  } catch (error) {
    if (error instanceof InputError) throw error; // a folder cannot be read, either
  } finally {
    await file.close();
  }
}
