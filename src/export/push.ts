/**
 * Puts a folder on the hub. I/O.
 * @huggingface/hub does it, through our own `fetch` (see hub-api.ts). Big files go by plain LFS, which
 * every hub takes, and not by Xet: the library's part for that has no end that we could test against.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exists } from '../disk/atomic.ts';
import { forTheJobAlone, jobIn } from '../disk/result-folder.ts';
import { quoted } from '../disk/shell.ts';
import { unread } from '../disk/words.ts';
import { ConfigError, InputError, type TactfulError, UnavailableError } from '../errors.ts';
import { apiFetch, asAnswer } from '../hub/hub-api.ts';
import { resolveCommit } from '../hub/hub-client.ts';
import { type Asked, printable, refused } from '../hub/hub-errors.ts';
import { checkRevision, isExplicit, parseRepo, type Repo } from '../hub/hub-names.ts';
import { type HubSettings, hubSettings } from '../hub/hub-settings.ts';
import { type DownloadProgress, meter } from '../hub/progress.ts';
import { type Patience, usualPauses } from '../hub/request.ts';

export interface PushOptions {
  /** A branch; it is made where there is none. @default 'main' */
  readonly revision?: string | undefined;
  /** Whether a repository that is made is private. @default as the hub's account has it */
  readonly private?: boolean | undefined;
  /** Title of the commit. @default 'Upload by tactful' */
  readonly message?: string | undefined;
  /** @default that of HF_TOKEN, or of the file that `hf auth login` writes */
  readonly token?: string | undefined;
  readonly progress?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds before each further try where a server fails. @default usualPauses */
  readonly pauses?: readonly number[] | undefined;
}

/** A server may take its time to check what it got; milliseconds. */
const patienceAfterUpload = 120_000;

/**
 * Puts all files of a folder into a model repository, in one commit; hidden ones stay out, and so does
 * what a job keeps beside its result: log, settings, checkpoints, stores. The
 * repository is made where there is none; files that it has besides stay.
 * @param name `owner/name`
 * @returns address of the repository, or of its branch
 * @throws {UnavailableError} without a token, without the right to write, or without a way to the hub
 * @throws {InputError} when the folder has no files, or the name is none
 * @throws {ConfigError} when a job in the folder is not finished, or it is all that a run keeps
 */
export async function pushFolder(
  folder: string,
  name: string,
  options: PushOptions = {},
): Promise<string> {
  const { revision = 'main', signal = new AbortController().signal, env } = options;
  const repo = parseRepo(isExplicit(name) ? name : `hf://${name}`, 'model');
  if (repo === undefined || !repo.name.includes('/')) {
    throw new InputError('push', 'owner/name', JSON.stringify(name));
  }
  checkRevision(revision);
  const own = await forTheJobAlone(folder);
  await refuseRun(folder, { name, isResult: own.length > 0 });
  const files = await filesToPush(folder, own);
  const settings = await settingsToPush(repo, options.token, env);
  const timeout = Math.max(settings.timeout, patienceAfterUpload);
  const patience = { pauses: options.pauses ?? usualPauses, timeout, signal };
  const push = { asked: { repo, revision, settings, explicit: true }, patience, options };
  try {
    await makeRepo(push);
    await commitFiles(push, files);
  } catch (cause) {
    signal.throwIfAborted();
    throw asAnswer(cause, settings, patience);
  }
  const address = `${settings.endpoint}/${repo.name}`;
  return revision === 'main' ? address : `${address}/tree/${revision}`;
}

/** What a run keeps, samples and settings, is not for others; and a hub would find no model in it. */
async function refuseRun(
  folder: string,
  { name, isResult }: { name: string; isResult: boolean },
): Promise<void> {
  const there = await jobIn(folder);
  if (there === undefined) return;
  if (!there.finished) {
    const remedy = `Finish it: npx tactful resume ${quoted(folder)}`;
    throw new ConfigError(folder, 'a finished result', `an unfinished ${there.job}`, remedy);
  }
  if (isResult) return;
  const adapter = join(folder, 'adapter');
  const instead = (await exists(adapter))
    ? `Push its adapter: npx tactful push ${quoted(adapter)} ${name}`
    : 'It has none: push what a training wrote.';
  const expected = 'the folder of an adapter or a model';
  throw new ConfigError(folder, expected, `all that a ${there.job} keeps, its data too`, instead);
}

interface Push {
  readonly asked: Asked;
  readonly patience: Patience;
  readonly options: PushOptions;
}

interface PushedFile {
  /** Below the folder, with slashes. */
  readonly path: string;
  readonly content: URL;
  /** Bytes. */
  readonly size: number;
}

/** @param own names in the folder that stay here */
async function filesToPush(folder: string, own: readonly string[]): Promise<PushedFile[]> {
  const files: PushedFile[] = [];
  const walk = async (below: string) => {
    const entries = await readdir(join(folder, below), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') && entry.name !== '.gitattributes') continue;
      if (below === '' && own.includes(entry.name)) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else {
        const found = await stat(join(folder, path));
        const content = pathToFileURL(join(folder, path));
        if (found.isFile()) files.push({ path, content, size: found.size });
      }
    }
  };
  await walk('').catch((cause: NodeJS.ErrnoException) => {
    throw unread(folder, cause, 'a folder that can be read');
  });
  if (files.length === 0) throw new InputError(folder, 'files to push', 'none');
  return files;
}

async function settingsToPush(
  repo: Repo,
  token: string | undefined,
  env: NodeJS.ProcessEnv | undefined,
): Promise<HubSettings> {
  const found = await hubSettings(
    token === undefined ? env : { ...(env ?? process.env), HF_TOKEN: token },
  );
  const where = `push to ${repo.name}`;
  if (found.offline !== undefined) {
    throw new UnavailableError(where, 'a network', `${found.offline}, which forbids it`);
  }
  if (found.token === undefined) {
    const remedy = `Make one at ${found.endpoint}/settings/tokens and set HF_TOKEN to it.`;
    throw new UnavailableError(where, 'an access token that may write', 'none', remedy);
  }
  return found;
}

/** Makes the repository and the branch, where there is none. */
async function makeRepo({ asked, patience, options }: Push): Promise<void> {
  const { createRepo, createBranch, HubApiError } = await import('@huggingface/hub');
  const { repo, revision, settings } = asked;
  const forbidden = (answer: Response) =>
    [403, 409].includes(answer.status) ? undefined : refusalOf(asked, answer);
  const fetch = apiFetch(settings, patience, forbidden);
  const status = (cause: unknown) => {
    if (cause instanceof HubApiError && [403, 409].includes(cause.statusCode)) {
      return cause.statusCode;
    }
    throw cause;
  };
  const hidden = options.private;
  const visibility = hidden === undefined ? {} : { visibility: visibilityOf(hidden) };
  // our fetch has the token: the library refuses those that do not begin with hf_
  const accessToken = '';
  const hub = { repo, hubUrl: settings.endpoint, accessToken, fetch };
  const made = await createRepo({ ...hub, ...visibility }).catch(status);
  if (made === 403) {
    // a token may have the right to write to this one and not to make others
    const there = { ...asked, revision: 'main' };
    await resolveCommit(there, patience).catch(() => Promise.reject(noRight(asked)));
  }
  if (revision !== 'main') {
    const branch = await createBranch({ ...hub, branch: revision }).catch(status);
    if (branch === 403) throw noRight(asked);
  }
}

function visibilityOf(hidden: boolean): 'private' | 'public' {
  return hidden ? 'private' : 'public';
}

async function commitFiles(
  { asked, patience, options }: Push,
  files: readonly PushedFile[],
): Promise<void> {
  const { commitIter } = await import('@huggingface/hub');
  const { repo, revision, settings } = asked;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const show = meter(`push to ${repo.name}`, total, options.progress ?? (() => undefined));
  let done = 0;
  const sent = (bytes: number) => {
    done = Math.min(done + bytes, total);
    show(done);
  };
  const fetch = apiFetch(settings, patience, (answer) => refusalOf(asked, answer), sent);
  const steps = commitIter({
    title: options.message ?? 'Upload by tactful',
    repo,
    branch: revision,
    operations: files.map(({ path, content }) => ({ operation: 'addOrUpdate', path, content })),
    hubUrl: settings.endpoint,
    abortSignal: patience.signal,
    useXet: false,
    fetch,
  });
  show(0);
  for await (const step of steps) {
    if (step.event === 'phase' && step.phase === 'committing') show(total);
  }
}

function refusalOf(asked: Asked, { status, headers }: Response): TactfulError {
  if (status === 403) return noRight(asked);
  const [code, message] = [headers.get('x-error-code'), headers.get('x-error-message')];
  return refused(asked, { status, code, message: printable(message ?? '') });
}

function noRight({ repo, settings }: Asked): UnavailableError {
  const remedy = `Is the owner's name right? Tokens that may write are made at ${settings.endpoint}/settings/tokens.`;
  const got = `that of ${settings.token?.source}, which may not`;
  return new UnavailableError(`push to ${repo.name}`, 'a token that may write to it', got, remedy);
}
