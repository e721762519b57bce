/**
 * The cache that Python's huggingface_hub keeps and reads, file by file: `blobs/<hash>`,
 * `snapshots/<commit>/<path>` that link to them, `refs/<revision>` with a commit, `.no_exist`. I/O.
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
import { randomUUID } from 'node:crypto';
import {
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { writeFileAtomic } from '../disk/atomic.ts';
import { InputError } from '../errors.ts';
import { isCommit, type Repo, repoFolderName } from './hub-names.ts';

/** Where the cache keeps a repository. */
export interface RepoFolder {
  readonly path: string;
  readonly blobs: string;
  /** Where locks lie. */
  readonly locks: string;
  snapshot(commit: string): string;
}

/** Nothing is made or read. */
export function repoFolder(cache: string, repo: Repo): RepoFolder {
  const name = repoFolderName(repo);
  const path = join(cache, name);
  return {
    path,
    blobs: join(path, 'blobs'),
    locks: join(cache, '.locks', name),
    snapshot: (commit) => join(path, 'snapshots', commit),
  };
}

/** The commit that a revision was when it was last asked for; undefined when it never was. */
export async function readRef(folder: RepoFolder, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readFile(join(folder.path, 'refs', revision), 'utf8').catch(() => '');
  return isCommit(text.trim()) ? text.trim() : undefined;
}

/** Only what differs is written: a cache may be read-only, and complete. */
export async function writeRef(
  folder: RepoFolder,
  revision: string,
  commit: string,
): Promise<void> {
  if ((await readRef(folder, revision)) === commit) return;
  await writeFileAtomic(join(folder.path, 'refs', revision), commit);
}

/** Paths of the files of a folder, with slashes; links that lead nowhere are left out. */
export async function filesIn(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const sizes = await Promise.all(entries.map((name) => sizeOf(join(folder, name))));
  const files = entries.filter((_, i) => sizes[i] !== undefined);
  return new Set(files.map((name) => name.split(sep).join('/')));
}

/** Paths that a commit is known not to have. */
export function missingIn(folder: RepoFolder, commit: string): Promise<Set<string>> {
  return filesIn(join(folder.path, '.no_exist', commit));
}

/** Notes that a commit has no such files; where it cannot, they are asked for again. */
export async function noteMissing(
  folder: RepoFolder,
  commit: string,
  names: readonly string[],
): Promise<void> {
  const known = await missingIn(folder, commit);
  for (const name of names.filter((one) => !known.has(one))) {
    await writeFileAtomic(join(folder.path, '.no_exist', commit, name), '').catch(() => undefined);
  }
}

/** Bytes of a file, through links; undefined when there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

/** A way to have a file under a second name. */
export type Placing = (file: string, name: string) => Promise<void>;

/** What Windows refuses to some, and other disks do not have: links. */
export const placings: readonly Placing[] = [
  (file, name) => symlink(relative(dirname(name), file), name),
  (file, name) => link(file, name),
  (file, name) => copyFile(file, name),
];

/**
 * Puts a blob under its name into a snapshot, in place of what is there.
 * @param ways the first that works is taken
 * @throws {InputError} when the name leads out of the snapshot
 */
export async function place(
  blob: string,
  snapshot: string,
  name: string,
  ways: readonly Placing[] = placings,
): Promise<void> {
  const path = join(snapshot, name);
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  const [inside, root] = [await realpath(parent), await realpath(snapshot)];
  if (inside !== root && !inside.startsWith(root + sep)) {
    const remedy = `Something else has put a link there: remove ${snapshot}.`;
    throw new InputError(path, `a place in ${root}`, inside, remedy);
  }
  const temporary = join(parent, `.${randomUUID()}.tmp`);
  try {
    for (const [i, way] of ways.entries()) {
      const failed = await way(blob, temporary).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (failed === undefined) break;
      if (i === ways.length - 1) throw failed.error;
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
