/** Adapters in a zip, such as `model-checkpoint-files.zip`: unpacked for as long as they are read. I/O. */
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusePointerFile } from '../disk/lfs.ts';
import { writingTo } from '../disk/words.ts';
import { openZip, type ZipArchive, type ZipEntry } from '../disk/zip.ts';
import { InputError, TactfulError } from '../errors.ts';

const marker = 'adapter_config.json';
const remedy = 'Nothing of it was read: unpack it by hand, and name the folder.';

/** An adapter is small; what unpacks to more, or out of almost nothing, is none. */
const [mostEntries, mostBytes] = [10_000, 2 ** 31];
/** Zeros shrink 1,000 times; a few of them are no harm. */
const [mostRatio, smallBytes] = [200, 2 ** 24];

/**
 * Calls `use` with the folder of an adapter: `path` itself, or for a zip a temporary folder with those
 * of the named files that lie beside the zip's only `adapter_config.json`. It is removed afterwards.
 * @param names plain file names
 * @throws {InputError} when the zip has no adapter or several, is damaged, too large, or tries to write
 *   elsewhere
 */
export async function withAdapterFolder<T>(
  path: string,
  names: readonly string[],
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return use(path);
  const place = { path: tmpdir(), instead: 'choose another folder for temporary files by TMPDIR' };
  const temporary = await writingTo(place, () => mkdtemp(join(tmpdir(), 'tactful-adapter-')));
  try {
    await writingTo(place, () => unpack(path, temporary, names));
    return await use(temporary);
  } catch (error) {
    // the reader knows the zip, and not where it was unpacked
    if (error instanceof TactfulError) error.message = error.message.replaceAll(temporary, path);
    throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function unpack(path: string, target: string, names: readonly string[]): Promise<void> {
  await refusePointerFile(path);
  const zip = await openZip(path, { remedy, mostEntries });
  try {
    const folder = folderOf(zip, path);
    // targets are names of ours: nothing that the zip says becomes a path
    const found = [marker, ...names].flatMap((name) => {
      const entry = zip.entries.get(folder + name);
      return entry ? [{ name, entry }] : [];
    });
    checkSizes(
      found.map(({ entry }) => entry),
      path,
    );
    for (const { name, entry } of found) await write(zip, entry, join(target, name));
  } finally {
    zip.close();
  }
}

/** The folder of the only adapter, with its slash. */
function folderOf({ entries }: ZipArchive, path: string): string {
  const folders = [...entries.keys()].flatMap((name) => {
    const [folder, last] = [name.slice(0, -marker.length), name.slice(-marker.length)];
    return last === marker && (folder === '' || folder.endsWith('/')) ? [folder] : [];
  });
  if (folders.length === 1) return folders[0];
  if (folders.length === 0) throw new InputError(path, `an adapter (${marker})`, 'none', remedy);
  const shown = folders.slice(0, 10).map((folder) => `${folder}${marker}`.slice(0, 200));
  const more = folders.length > 10 ? ` and ${folders.length - 10} more` : '';
  const which = 'Unpack it, and name the folder of the one that you mean.';
  throw new InputError(path, 'one adapter', `${shown.join(', ')}${more}`, which);
}

function checkSizes(entries: readonly ZipEntry[], path: string): void {
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (bytes > mostBytes) {
    throw new InputError(path, `at most ${mostBytes} bytes unpacked`, `${bytes}`, remedy);
  }
  const config = entries.find(({ name }) => name.endsWith(marker));
  if (config && config.size > smallBytes) {
    throw new InputError(
      path,
      `a ${marker} of at most ${smallBytes} bytes`,
      `${config.size}`,
      remedy,
    );
  }
  const bomb = entries.find(({ size, packed }) => size > smallBytes && size > mostRatio * packed);
  if (bomb) {
    const actual = `${bomb.size} bytes out of ${bomb.packed} for ${bomb.name.slice(0, 100)}`;
    throw new InputError(path, `files packed at most ${mostRatio} times`, actual, remedy);
  }
}

async function write(zip: ZipArchive, entry: ZipEntry, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const piece of zip.read(entry)) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}
