/** Brings the files of a commit into the cache. I/O. */
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkRoom } from '../disk/room.ts';
import { UnavailableError } from '../errors.ts';
import { download } from './download.ts';
import { noteMissing, place, type RepoFolder, sizeOf } from './hub-cache.ts';
import { type Chooser, shardsOf } from './hub-choice.ts';
import { type HubFile, sourceOf } from './hub-client.ts';
import { type Asked, lacking } from './hub-errors.ts';
import { withLock } from './hub-lock.ts';
import { checkFileName } from './hub-names.ts';
import { type DownloadProgress, meter } from './progress.ts';
import { type Patience, Unreached } from './request.ts';

/** What else can be done about a cache that cannot be written. */
export const cacheInstead = 'choose another cache by HF_HOME or HF_HUB_CACHE';

/** What is looked for, and how. */
export interface Search {
  readonly asked: Asked;
  readonly folder: RepoFolder;
  readonly chooser: Chooser;
  readonly patience: Patience;
  readonly progress: (progress: DownloadProgress) => void;
}

/** A file and the two places that it has in the cache. */
interface Wanted {
  readonly file: HubFile;
  readonly blob: string;
  /** Its name in the snapshot. */
  readonly path: string;
}

/**
 * Fetches what is chosen of a commit's files and is missing, blobs first: a snapshot is there as a
 * whole, or as it was.
 * @param listed all files of the commit
 * @throws {UnavailableError} when what is needed is not listed, there is no room, or no way to the hub
 * @throws {InputError} when a name leads elsewhere, or the bytes are not those that are listed
 */
export async function fetchFiles(
  search: Search,
  commit: string,
  listed: readonly HubFile[],
): Promise<void> {
  const { asked, folder, chooser } = search;
  const byName = new Map(listed.map((file) => [file.path, file]));
  const names = new Set(byName.keys());
  const { files, index, lacks, absent = [] } = chooser(names);
  if (lacks !== undefined) throw lacking(asked, lacks, names);
  const snapshot = folder.snapshot(commit);
  await mkdir(dirname(snapshot), { recursive: true });
  const want = (name: string): Wanted => {
    checkFileName(name, asked.repo.name);
    const file = byName.get(name);
    if (file === undefined) throw lacking(asked, `the shard ${name}`, names);
    return { file, blob: join(folder.blobs, file.digest.value), path: join(snapshot, name) };
  };

  const wanted = files.map(want);
  await fetchBlobs(search, commit, wanted);
  if (index !== undefined) {
    const { blob, path } = want(index);
    const shards = await shardsIn('', (await sizeOf(blob)) === undefined ? path : blob);
    await fetchBlobs(search, commit, shards.map(want));
    wanted.push(...shards.map(want));
  }
  for (const one of wanted) {
    if (!(await isPlaced(one))) await place(one.blob, snapshot, one.file.path);
  }
  await noteMissing(folder, commit, absent);
}

/** The files that an index of weights in a folder names. */
export async function shardsIn(folder: string, index: string): Promise<string[]> {
  const path = join(folder, index);
  return shardsOf(await readFile(path), path);
}

async function fetchBlobs(
  search: Search,
  commit: string,
  wanted: readonly Wanted[],
): Promise<void> {
  let bytes = 0;
  for (const one of wanted) bytes += await bytesMissing(one);
  await mkdir(search.folder.path, { recursive: true });
  await checkRoom(search.folder.path, bytes, cacheInstead);
  for (const one of wanted) {
    if (!(await isPlaced(one))) await fetchBlob(search, commit, one);
  }
}

/** Where links cannot be made, Python moves a file into the snapshot: then there is no blob. */
async function isPlaced({ file, path }: Wanted): Promise<boolean> {
  return (await sizeOf(path)) === file.size;
}

async function isFetched({ file, blob }: Wanted): Promise<boolean> {
  return (await sizeOf(blob)) === file.size;
}

async function bytesMissing(wanted: Wanted): Promise<number> {
  if ((await isPlaced(wanted)) || (await isFetched(wanted))) return 0;
  const { file, blob } = wanted;
  return Math.max(0, file.size - ((await sizeOf(partOf(blob))) ?? 0));
}

/** What an earlier try left; not Python's `.incomplete`, which a process may be writing. */
function partOf(blob: string): string {
  return `${blob}.tactful.incomplete`;
}

async function fetchBlob(
  { asked, folder, patience, progress }: Search,
  commit: string,
  wanted: Wanted,
): Promise<void> {
  const { file, blob } = wanted;
  const what = `${asked.repo.name}: ${file.path}`;
  const part = partOf(blob);
  await mkdir(folder.blobs, { recursive: true });
  let showOther: ((done: number) => void) | undefined;
  const waiting = async (holder: string) => {
    showOther ??= meter(`${what}, fetched by ${holder}`, file.size, progress);
    showOther((await sizeOf(part)) ?? 0);
  };
  // not Python's lock, which works by flock: neither sees the other's, and neither needs it
  const lock = join(folder.locks, `${file.digest.value}.tactful.lock`);
  await withLock(lock, { signal: patience.signal, waiting }, async () => {
    if (await isFetched(wanted)) return;
    const show = meter(what, file.size, progress);
    show(0);
    try {
      const source = sourceOf(asked, commit, file);
      for await (const { done } of download(part, source, patience)) show(done);
    } catch (error) {
      if (!(error instanceof Unreached)) throw error;
      const remedy = 'Run it again: what has come is kept.';
      throw new UnavailableError(what, 'the whole file', error.summary, remedy, error);
    }
    await rename(part, blob).catch(async (error: unknown) => {
      if (!(await isFetched(wanted))) throw error; // else another process did the same
    });
  });
}
