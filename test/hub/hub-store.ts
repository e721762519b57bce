/** What the hub on this machine holds, and who may see it: see hub-server.ts. */
import { createHash } from 'node:crypto';

/** A repository's files by their paths. */
export type HubFiles = Readonly<Record<string, string | Uint8Array>>;

export interface HubRepo {
  readonly files: HubFiles;
  /** Further branches and tags: `{ 'refs/pr/1': { … } }`. `files` are those of `main`. */
  readonly revisions?: Readonly<Record<string, HubFiles>>;
  /** Seen only with a token. */
  readonly private?: boolean;
  /** Listed for all, but files come only with one of these tokens. */
  readonly gated?: readonly string[];
}

/** What goes wrong with an answer; what is not named goes right. */
export interface Fault {
  /** The connection breaks off after so many bytes of the body. */
  readonly cutAfter?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the right body; of the same length, if its length shall not give it away. */
  readonly body?: string | Uint8Array;
  /** Bytes that are sent at a time, and the milliseconds between. */
  readonly slow?: { readonly bytes: number; readonly pause: number };
  /** The length is not told. */
  readonly chunked?: boolean;
  /** No answer ever. */
  readonly silent?: boolean;
}

export interface HubRequest {
  readonly host: 'hub' | 'cdn';
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

export interface HubOptions {
  /** By `owner/name`, or `datasets/owner/name`. */
  readonly repos?: Readonly<Record<string, HubFiles | HubRepo>>;
  /** Valid tokens, and whether they may write. @default { hf_read: false, hf_write: true } */
  readonly tokens?: Readonly<Record<string, boolean>>;
  /** Files on one page of a list. @default 1000 */
  readonly pageSize?: number;
  /** Asked before each answer. */
  readonly fault?: (request: HubRequest) => Fault | undefined;
  /** Changes what a list says of a file: its path, its size. */
  readonly listed?: (entry: HubEntry) => Record<string, unknown>;
}

export interface HubEntry {
  readonly type: 'file';
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

/** A repository inside. */
export interface Stored {
  /** Path below the address: `datasets/owner/name`. */
  readonly id: string;
  readonly refs: Map<string, string>;
  readonly commits: Map<string, ReadonlyMap<string, Buffer>>;
  readonly private: boolean;
  readonly gated: readonly string[] | undefined;
}

/** Whether the hub keeps a file in its big storage, named by sha256, as .gitattributes has it. */
export function isLfs(path: string): boolean {
  return /\.(safetensors|bin|model|parquet|gz|h5|msgpack|onnx)$/.test(path);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** git's name for a file. */
export function gitHash(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** What both servers know. */
export interface State {
  readonly options: HubOptions;
  readonly repos: Map<string, Stored>;
  /** What was uploaded to the CDN and is in no commit yet, by sha256. */
  readonly uploaded: Map<string, Buffer>;
  hub: string;
  cdn: string;
}

/** An answer before anything goes wrong with it. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Adds a commit; the same files after the same commit give the same sha. */
export function addCommit(
  repo: Stored,
  files: ReadonlyMap<string, Buffer>,
  revision: string,
): string {
  const list = [...files].map(([path, bytes]) => `${path} ${gitHash(bytes)}`);
  const text = [repo.id, repo.refs.get(revision), ...list.sort()].join('\n');
  const sha = createHash('sha1').update(text).digest('hex');
  repo.commits.set(sha, files);
  repo.refs.set(revision, sha);
  return sha;
}

export function refuse(status: number, code: string, message: string): Reply {
  const headers = { 'x-error-code': code, 'x-error-message': message };
  return { status, headers, body: JSON.stringify({ error: message }) };
}

/** Whether the sender of a request may see a repository; the refusal when not. */
export function checkAccess(
  repo: Stored | undefined,
  { authorization }: HubRequest,
  { options }: State,
): Reply | undefined {
  const tokens = options.tokens ?? { hf_read: false, hf_write: true };
  const token = authorization?.replace(/^Bearer /, '');
  if (token !== undefined && !(token in tokens)) {
    const message = 'Invalid credentials in Authorization header';
    return { status: 401, headers: { 'x-error-message': message }, body: '{}' };
  }
  if (repo !== undefined && (!repo.private || token !== undefined)) return undefined;
  return refuse(token === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found');
}
