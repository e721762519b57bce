/** I/O: files that are there whole or not at all. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Readers see the old file or the new one, never half: temporary file, fsync, rename. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  try {
    await withFile(await open(temporary, 'wx'), async (file) => {
      await file.writeFile(text);
      await file.sync();
    });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
  // The rename itself is durable once the folder is; Windows cannot open a folder.
  if (process.platform !== 'win32')
    await withFile(await open(dirname(path)), (file) => file.sync());
}

/** Whether a file's name is that of a temporary one, which a killed writer left. */
export function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name);
}

/** A value in place of what is not there. */
export function unlessMissing<T>(
  fallback: T,
  codes = ['ENOENT'],
): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (codes.includes(error.code ?? '')) return fallback;
    throw error;
  };
}

async function withFile(
  file: FileHandle,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  await work(file).finally(() => file.close());
}
