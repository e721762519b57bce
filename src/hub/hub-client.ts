/**
 * Asks the hub which commit a revision is and which files that one has, and for the files. I/O.
 * The API is asked through @huggingface/hub, which knows its addresses and turns its pages. Files are
 * fetched by `download`: the library's `downloadFileToCacheDir` does not check them, cannot take them
 * up again and does not wait for another process.
 */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { InputError, type TactfulError } from '../errors.ts';
import type { Digest, Source } from './download.ts';
import { agent, apiFetch, asAnswer, authorizationOf } from './hub-api.ts';
import { type Asked, refused } from './hub-errors.ts';
import { isCommit, repoPath } from './hub-names.ts';
import { busy, type Patience, send } from './request.ts';

/** A file of a repository, as the hub lists it. */
export interface HubFile {
  /** Path with slashes; not to be trusted. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
}

const mostFiles = 200_000;

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), 'a hash');
const Info = z.object({ sha: hex(40) });
const FileEntry = z.object({
  type: z.literal('file'),
  path: z.string(),
  size: z.int().nonnegative(),
  oid: hex(40),
  lfs: z.object({ oid: hex(64), size: z.int().nonnegative() }).nullish(),
});
const FolderEntry = z.object({ type: z.literal('directory') });
const Entry = z.union([FileEntry, FolderEntry], 'a file with path, size and hash, or a folder');

/**
 * The commit that a revision is just now.
 * @throws {Unreached} when the hub does not answer
 * @throws {UnavailableError} when there is no such repository or revision for this user
 */
export async function resolveCommit(asked: Asked, patience: Patience): Promise<string> {
  const { repo, revision, settings } = asked;
  if (isCommit(revision)) return revision;
  const { modelInfo, datasetInfo } = await import('@huggingface/hub');
  const fetch = apiFetch(settings, patience, (answer) => errorOf(asked, answer));
  const { endpoint: hubUrl } = settings;
  const additionalFields: 'sha'[] = ['sha'];
  const question = { name: repo.name, revision, additionalFields, hubUrl, fetch };
  try {
    const answer = await (repo.type === 'model' ? modelInfo(question) : datasetInfo(question));
    return checkJson(answer, `${settings.endpoint}: ${repo.name}`, Info).sha;
  } catch (cause) {
    throw asAnswer(cause, settings, patience);
  }
}

/**
 * All files of a commit.
 * @throws as `resolveCommit`
 * @throws {InputError} when the answer is no list of files
 */
export async function listCommit(
  asked: Asked,
  commit: string,
  patience: Patience,
): Promise<HubFile[]> {
  const { repo, settings } = asked;
  const { listFiles } = await import('@huggingface/hub');
  const fetch = apiFetch(settings, patience, (answer) => errorOf(asked, answer));
  const where = `${settings.endpoint}: files of ${repo.name}`;
  const files: HubFile[] = [];
  const { endpoint: hubUrl } = settings;
  try {
    let entries = 0;
    for await (const one of listFiles({ repo, revision: commit, recursive: true, hubUrl, fetch })) {
      if (++entries > mostFiles) throw new InputError(where, `at most ${mostFiles}`, 'more');
      const entry = checkJson(one, where, Entry);
      if (entry.type === 'file') files.push(fileOf(entry));
    }
  } catch (cause) {
    throw asAnswer(cause, settings, patience);
  }
  return files;
}

/** Where a file of a commit is downloaded from; Xet's files come by plain HTTP too. */
export function sourceOf(asked: Asked, commit: string, file: HubFile): Source {
  const { repo, settings } = asked;
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  const url = `${settings.endpoint}/${repoPath(repo)}/resolve/${commit}/${path}`;
  return {
    url,
    size: file.size,
    digest: file.digest,
    async ask(headers, signal) {
      const authorization = authorizationOf(settings);
      const all = { headers: { ...agent, ...headers }, authorization, proxies: settings.proxies };
      const answer = await send(url, { ...all, signal });
      if (answer.ok || answer.status === 416 || busy(answer, url)) return answer;
      await answer.body?.cancel();
      throw errorOf(asked, answer, file.path);
    },
    remedy: 'It was thrown away: run it again, and should it stay so, tell the owner.',
  };
}

function errorOf(asked: Asked, { status, headers }: Response, file?: string): TactfulError {
  const [code, message] = [headers.get('x-error-code'), headers.get('x-error-message')];
  return refused(asked, { status, code, message }, file);
}

function fileOf({ path, size, oid, lfs }: z.infer<typeof FileEntry>): HubFile {
  return lfs
    ? { path, size: lfs.size, digest: { algorithm: 'sha256', value: lfs.oid } }
    : { path, size, digest: { algorithm: 'git', value: oid } };
}
