/** Finds what a user names: on this disk, in the hub's cache, or on the hub. I/O. */
import { stat } from 'node:fs/promises';
import { unread, unwritable, wordsOf } from '../disk/words.ts';
import { ConfigError, UnavailableError } from '../errors.ts';
import { filesIn, missingIn, readRef, repoFolder, writeRef } from './hub-cache.ts';
import {
  type Chooser,
  chooseAdapter,
  chooseData,
  chooseModel,
  choosePolicy,
} from './hub-choice.ts';
import { type HubFile, listCommit, resolveCommit } from './hub-client.ts';
import { notCached } from './hub-errors.ts';
import { cacheInstead, fetchFiles, type Search, shardsIn } from './hub-fetch.ts';
import { checkRevision, isExplicit, parseRepo, type Repo } from './hub-names.ts';
import { hubSettings } from './hub-settings.ts';
import type { DownloadProgress } from './progress.ts';
import { Unreached, usualPauses } from './request.ts';

export type { DownloadProgress } from './progress.ts';

export interface LocateOptions {
  /** Branch, tag or commit of a repository; refused beside a path, which has none. @default 'main' */
  readonly revision?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((progress: DownloadProgress) => void) | undefined;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds before each further try where a server fails. @default usualPauses */
  readonly pauses?: readonly number[] | undefined;
}

/**
 * The folder of a model: an existing path as it is, or `owner/name` in the hub's cache, where what is
 * missing of its config, generation config, tokenizer and weights is fetched.
 * @throws {UnavailableError} when it is neither here nor to be had, or there is no room for it
 * @throws {InputError} when the hub sends something else than it lists
 * @throws {ConfigError} when a variable such as HF_ENDPOINT makes no sense, or a path has a revision
 */
export function locateModel(name: string, options: LocateOptions = {}): Promise<string> {
  return locate(name, 'model', 'a model folder', chooseModel, options);
}

/**
 * The folder of a LoRA adapter, with the value head where one is kept beside it; an existing path,
 * file or folder, as it is.
 * @throws as `locateModel`
 */
export function locateAdapter(name: string, options: LocateOptions = {}): Promise<string> {
  return locate(name, 'model', 'an adapter folder', chooseAdapter, options);
}

/**
 * The folder of a LoRA adapter, or of a model where it holds none.
 * @throws as `locateModel`
 */
export function locatePolicy(name: string, options: LocateOptions = {}): Promise<string> {
  return locate(name, 'model', 'an adapter or a model folder', choosePolicy, options);
}

/**
 * The folder of a dataset's tables (csv, tsv, json, jsonl, parquet, also .gz); an existing path, file
 * or folder, as it is. Without a network what the cache has of it counts as all of it.
 * @throws as `locateModel`
 */
export function locateData(name: string, options: LocateOptions = {}): Promise<string> {
  return locate(name, 'dataset', 'a file or folder of data', chooseData, options);
}

/**
 * Refuses a revision beside what lies on this disk.
 * @param setting that says the revision, for the message
 * @throws {ConfigError} when there is a file or folder of that name
 */
export async function expectOnHub(name: string, setting = 'revision'): Promise<void> {
  const found = await foundAt(name);
  if (found === undefined) return;
  const remedy = `Leave \`${setting}\` out.`;
  throw new ConfigError(
    `\`${setting}\``,
    'a name on the hub beside it',
    `the ${found} ${name}`,
    remedy,
  );
}

async function locate(
  name: string,
  type: Repo['type'],
  what: string,
  chooser: Chooser,
  options: LocateOptions,
): Promise<string> {
  const explicit = isExplicit(name);
  if (options.revision !== undefined) await expectOnHub(name);
  else {
    const found = await foundAt(name);
    if (found === 'file' && chooser === chooseModel) await refuseFile(name, what);
    if (found !== undefined) return name;
  }
  const repo = parseRepo(name, type);
  if (repo === undefined) {
    const remedy = `A ${type} on the hub is named owner/name.`;
    // no path at all has a code of Node's own
    const got = await stat(name).then(String, (error: NodeJS.ErrnoException) =>
      /^ERR_/.test(`${error.code}`) ? 'no such file or folder' : wordsOf(error),
    );
    throw new UnavailableError(name === '' ? '""' : name, what, got, remedy);
  }
  const { revision = 'main', env, progress = () => undefined } = options;
  checkRevision(revision);
  const settings = await hubSettings(env);
  const signal = options.signal ?? new AbortController().signal;
  const { pauses = usualPauses } = options;
  const patience = { pauses, timeout: settings.timeout, signal };
  const asked = { repo, revision, settings, explicit };
  const folder = repoFolder(settings.cache, repo);
  try {
    return await find({ asked, folder, chooser, patience, progress });
  } catch (error) {
    throw unwritable(error, { path: folder.path, instead: cacheInstead });
  }
}

async function find(search: Search): Promise<string> {
  const { asked, folder, patience } = search;
  const { revision, settings } = asked;
  if (settings.offline !== undefined) {
    const path = await findCached(search);
    if (path !== undefined) return path;
    throw notCached(asked, `${settings.offline} forbids the network`);
  }
  let commit: string;
  let files: HubFile[] | undefined;
  try {
    commit = await resolveCommit(asked, patience); // one that is named by its hash is not asked for
    if (!(await look(search, commit)).whole) files = await listCommit(asked, commit, patience);
  } catch (error) {
    if (!(error instanceof Unreached)) throw error;
    const path = await findCached(search);
    if (path !== undefined) return path;
    throw notCached(asked, error.summary, error);
  }
  if (files) await fetchFiles(search, commit, files);
  await writeRef(folder, revision, commit);
  return folder.snapshot(commit);
}

/** What the cache has of the revision, as it was when it was last asked for. */
async function findCached(search: Search): Promise<string | undefined> {
  const { asked, folder } = search;
  const commit = await readRef(folder, asked.revision);
  const found = commit !== undefined && (await look(search, commit)).enough;
  return found ? folder.snapshot(commit) : undefined;
}

/** What the cache has of a commit: enough to work with, and whether nothing else can be wanted. */
async function look(
  { folder, chooser }: Search,
  commit: string,
): Promise<{ enough: boolean; whole: boolean }> {
  const snapshot = folder.snapshot(commit);
  const names = await filesIn(snapshot);
  const choice = chooser(names);
  const shards = choice.index === undefined ? [] : await shardsIn(snapshot, choice.index);
  const enough = choice.lacks === undefined && shards.every((name) => names.has(name));
  const missing = await missingIn(folder, commit);
  const whole = enough && (choice.absent?.every((name) => missing.has(name)) ?? false);
  return { enough, whole };
}

/** A model is a folder; who names one of its files means the folder. */
async function refuseFile(name: string, what: string): Promise<void> {
  const found = await stat(name).catch((cause) => {
    throw unread(name, cause, what);
  });
  if (found.isFile()) {
    throw new UnavailableError(name, what, 'a file', 'Name the folder that holds it.');
  }
}

/** What a name is on this disk; undefined when it is nothing there. */
async function foundAt(name: string): Promise<'folder' | 'file' | undefined> {
  if (name === '' || isExplicit(name)) return undefined;
  return stat(name).then(
    (found) => (found.isDirectory() ? 'folder' : 'file'),
    ({ code }: NodeJS.ErrnoException) =>
      code === 'EACCES' || code === 'EPERM' ? 'file' : undefined,
  );
}
