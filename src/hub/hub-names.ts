/** Names on the hub and in its cache: repositories, revisions, files. Pure. */
import { InputError } from '../errors.ts';

/** A repository of the hub. */
export interface Repo {
  readonly type: 'model' | 'dataset';
  /** `owner/name`, or one word for the oldest ones. */
  readonly name: string;
}

/** What comes before the name of a repository that is meant for sure. */
const prefix = 'hf://';

/** Endings of files that a user names: a repository is not called so. */
const fileEnding =
  /\.(csv|tsv|txt|json|jsonl|ndjson|parquet|gz|zip|ya?ml|bin|pt|pth|safetensors|model|md)$/i;

/** Whether a name can be nothing but a repository's. */
export function isExplicit(name: string): boolean {
  return name.startsWith(prefix);
}

/**
 * The repository that a user names: `owner/name`, one word without a dot, or either behind `hf://`
 * (a dataset also behind `hf://datasets/`). Undefined where it can only be a path.
 * @throws {InputError} for something else behind `hf://`
 */
export function parseRepo(text: string, type: Repo['type']): Repo | undefined {
  const explicit = isExplicit(text);
  const rest = explicit ? text.slice(prefix.length) : text;
  const name = explicit && type === 'dataset' ? rest.replace(/^datasets\//, '') : rest;
  const parts = name.split('/');
  const fits =
    parts.length <= 2 &&
    parts.every((part) => /^[A-Za-z0-9](?:[\w.-]{0,94}[\w])?$/.test(part)) &&
    !/--|\.\.|\.git$/.test(name);
  if (explicit && fits) return { type, name };
  if (explicit) {
    const remedy = name.includes('@') ? 'A revision is an option of its own.' : '';
    throw new InputError(JSON.stringify(text), `hf://owner/name of a ${type}`, 'another', remedy);
  }
  const isPath = fileEnding.test(name) || (parts.length === 1 && name.includes('.'));
  return fits && !isPath ? { type, name } : undefined;
}

/** A folder's name in the cache: `models--owner--name`. */
export function repoFolderName({ type, name }: Repo): string {
  return [`${type}s`, ...name.split('/')].join('--');
}

/** Where a repository is found under the hub's address: `owner/name`, `datasets/owner/name`. */
export function repoPath({ type, name }: Repo): string {
  return type === 'dataset' ? `datasets/${name}` : name;
}

/** Whether it is the full name of a commit, which never means another one. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/**
 * Refuses what git has no branch, tag or commit for: it becomes a path in the cache.
 * @throws {InputError} when it is none
 */
export function checkRevision(revision: string): void {
  const forbidden = /[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|(^|\/)\.|\.lock(\/|$)|^@?$/u;
  if (!forbidden.test(revision) && revision.length <= 200) return;
  const shown = JSON.stringify(revision.slice(0, 200));
  throw new InputError('revision', 'a branch, a tag or a commit', shown);
}

/**
 * Refuses a file's name that would lead out of the folder that it is for, on any system.
 * @param where the repository, for the message
 * @throws {InputError} when it does
 */
export function checkFileName(name: string, where: string): void {
  const plain = !/[\p{Cc}\\:]/u.test(name);
  const inside = name.split('/').every((part) => !/^\.{0,2}$/.test(part) && part.length <= 200);
  if (plain && inside && name.length <= 1000) return;
  const shown = JSON.stringify(name.slice(0, 200));
  const remedy = 'Nothing was written. Tell the owner of the repository.';
  throw new InputError(where, 'files with plain relative names', shown, remedy);
}
