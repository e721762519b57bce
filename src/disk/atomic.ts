/** Writes files and folders so that a reader sees the old one or the new one, never a part. I/O. */
import { access, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file through a temporary one in the same folder, which is flushed to disk and renamed.
 * Missing folders are made. After a failure the old file is as it was and the temporary one is gone.
 * @param data the content, or its pieces in order
 * @throws the system's error, when the folder cannot be written
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, data);
}

/** As `writeFileAtomic`, in a folder that is there: where it is gone, nothing is made. */
export async function replaceFile(
  path: string,
  data: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const temporary = temporaryName(path);
  const file = await open(temporary, 'wx');
  try {
    try {
      const pieces = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
      for await (const piece of pieces) await file.appendFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path)); // the rename itself
}

/**
 * Writes a folder: `write` fills a temporary one beside it, whose files it has to flush; that one is
 * then renamed. An older folder of the name is moved aside first and removed after; whoever is killed
 * in between leaves what `mendFolder` puts right.
 * @throws what `write` throws, or the system's error; the old folder is then as it was
 */
export async function writeFolderAtomic(
  folder: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const [temporary, old] = [temporaryName(folder), oldName(folder)];
  await mkdir(temporary, { recursive: true });
  try {
    await write(temporary);
    await syncFolders(temporary);
    await rm(old, { recursive: true, force: true });
    const replaces = await exists(folder);
    if (replaces) await rename(folder, old);
    await rename(temporary, folder).catch(async (error) => {
      if (replaces) await rename(old, folder);
      throw error;
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(folder));
  await rm(old, { recursive: true, force: true });
}

/** Removes a folder; whoever is killed meanwhile leaves it whole, or as a temporary one. */
export async function removeFolderAtomic(folder: string): Promise<void> {
  const temporary = temporaryName(folder);
  await rename(folder, temporary);
  await rm(temporary, { recursive: true });
}

/**
 * Removes what killed writers left in a folder: temporary files and folders, and older folders that
 * have been replaced. An older folder whose successor never came gets its name back.
 */
export async function mendFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    const path = join(folder, name);
    const [, replaced] = /^\.(.+)\.old$/.exec(name) ?? [];
    if (replaced !== undefined && !names.includes(replaced)) {
      await rename(path, join(folder, replaced));
    } else if (replaced !== undefined || isTemporary(name)) {
      await rm(path, { recursive: true });
    }
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
}

function oldName(folder: string): string {
  return join(dirname(folder), `.${basename(folder)}.old`);
}

/** Whether a file's or folder's name is that of a temporary one. */
export function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name);
}

/** Makes the names in a folder, and in those inside it, durable. */
export async function syncFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(folder, entry.name));
  }
  await syncFolder(folder);
}

/** Makes renames in a folder durable; Windows cannot open a folder. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

/** Whether there is a file or a folder that this process can see. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A value in place of what is not there. */
export function unlessMissing<T>(fallback: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return fallback;
    throw error;
  };
}
