/**
 * A Hugging Face hub on this machine: what it serves is what a test gives it, and it speaks the part
 * of the protocol that downloads and pushes need. Python's huggingface_hub works with it too.
 *
 * ```ts
 * const hub = await startHub({ repos: { 'owner/model': { 'config.json': '{}', … } } });
 * onTestFinished(hub.close);
 * await locateModel('owner/model', { env: hub.env(await temporaryFolder()) });
 * expect(hub.requests.map(({ path }) => path)).toEqual([…]);
 * ```
 * Big files (weights, .gz, .parquet: see `isLfs` in hub-store.ts) are redirected to a second server, the CDN, on a
 * port of its own, which is another origin: no token may reach it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { acceptPush } from './hub-server-push.ts';
import {
  addCommit,
  checkAccess,
  type Fault,
  gitHash,
  type HubEntry,
  type HubFiles,
  type HubOptions,
  type HubRepo,
  type HubRequest,
  isLfs,
  type Reply,
  refuse,
  type State,
  type Stored,
  sha256,
} from './hub-store.ts';

export {
  type Fault,
  gitHash,
  type HubFiles,
  type HubOptions,
  type HubRequest,
  sha256,
} from './hub-store.ts';

export interface Hub {
  /** For HF_ENDPOINT. */
  readonly url: string;
  readonly cdn: string;
  /** So far, oldest first. */
  readonly requests: HubRequest[];
  /** Variables that lead to this hub, with the cache in a folder; no token. */
  env(folder: string, more?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  /** Makes a commit with these files, and the repository where there is none; gives its sha. */
  commit(repo: string, files: HubFiles, revision?: string): string;
  /** Files of a revision, as they are now; undefined when there is none. */
  files(repo: string, revision?: string): ReadonlyMap<string, Buffer> | undefined;
  readonly close: () => Promise<void>;
}

/** Starts a hub. */
export async function startHub(options: HubOptions = {}): Promise<Hub> {
  const { fault = () => undefined } = options;
  const repos = new Map<string, Stored>();
  const requests: HubRequest[] = [];
  const uploaded = new Map<string, Buffer>();
  const state: State = { options, repos, uploaded, hub: '', cdn: '' };

  const start = async (host: HubRequest['host'], answer: Answerer): Promise<Server> => {
    const server = createServer((message, response) => {
      const { method = 'GET', url = '/', headers } = message;
      const { authorization, range, 'if-range': ifRange } = headers;
      const request: HubRequest = {
        host,
        method,
        path: url,
        authorization,
        range,
        ifRange: ifRange as string | undefined,
      };
      requests.push(request);
      const wrong = fault(request) ?? {};
      if (wrong.silent) return;
      readBody(message)
        .then((body) => answer(request, body, state))
        .then((reply) => send(request, response, { ...reply }, wrong))
        .catch((error) => {
          if (!response.headersSent) response.writeHead(500);
          response.end(String(error));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  const hub = await start('hub', answerHub);
  const cdn = await start('cdn', answerCdn);
  [state.hub, state.cdn] = [hub, cdn].map(
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );

  const commit: Hub['commit'] = (id, files, revision = 'main') => {
    const repo = repos.get(id) ?? store(id, {});
    repos.set(id, repo);
    return addCommit(repo, bytesOf(files), revision);
  };
  const store = (id: string, about: Partial<HubRepo>): Stored => ({
    id,
    refs: new Map(),
    commits: new Map(),
    private: about.private ?? false,
    gated: about.gated,
  });
  for (const [id, given] of Object.entries(options.repos ?? {})) {
    const repo = isRepo(given) ? given : { files: given };
    repos.set(id, store(id, repo));
    commit(id, repo.files);
    for (const [revision, files] of Object.entries(repo.revisions ?? {})) {
      commit(id, files, revision);
    }
  }
  const close = (server: Server) =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: state.hub,
    cdn: state.cdn,
    requests,
    env: (folder, more = {}) => ({
      HF_ENDPOINT: state.hub,
      HF_HOME: folder,
      HOME: folder,
      ...more,
    }),
    commit,
    files(id, revision = 'main') {
      const repo = repos.get(id);
      return repo?.commits.get(repo.refs.get(revision) ?? revision);
    },
    close: async () => {
      await Promise.all([close(hub), close(cdn)]);
    },
  };
}

type Answerer = (request: HubRequest, body: Buffer, state: State) => Reply | Promise<Reply>;

function answerHub(request: HubRequest, body: Buffer, state: State): Reply | Promise<Reply> {
  const { pathname, searchParams } = new URL(request.path, state.hub);
  const path = decodeURI(pathname).replace('/api/models/', '/api/');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return acceptPush(request, pathname, body, state);
  }
  const [, api, id, verb] =
    /^\/(api\/)?((?:datasets\/)?[^/]+(?:\/[^/]+)?)\/(revision|tree|resolve)\/(.+)$/.exec(path) ??
    [];
  if (id === undefined) return refuse(404, 'RepoNotFound', 'Not found');
  const repo = state.repos.get(id);
  const refusal = checkAccess(repo, request, state);
  if (refusal !== undefined || repo === undefined) return refusal!;
  const encoded = pathname.slice(pathname.indexOf(`/${verb}/`) + verb.length + 2);
  const [first] = encoded.split('/');
  const revision = verb === 'revision' ? decodeURIComponent(encoded) : decodeURIComponent(first);
  const sha = repo.refs.get(revision) ?? revision;
  const files = repo.commits.get(sha);
  if (files === undefined) return refuse(404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
  if (api && verb === 'revision') return { body: JSON.stringify(infoOf(repo, sha, files)) };
  if (api && verb === 'tree') return listFiles(repo, sha, files, searchParams, state);
  return resolveFile(request, repo, sha, decodeURI(encoded.slice(first.length + 1)), state);
}

function infoOf(repo: Stored, sha: string, files: ReadonlyMap<string, Buffer>) {
  return {
    _id: '0123456789abcdef01234567',
    id: repo.id.replace(/^datasets\//, ''),
    sha,
    private: repo.private,
    gated: repo.gated === undefined ? false : 'manual',
    downloads: 0,
    likes: 0,
    tags: [],
    lastModified: '2024-01-01T00:00:00.000Z',
    siblings: [...files.keys()].map((rfilename) => ({ rfilename })),
  };
}

function listFiles(
  repo: Stored,
  sha: string,
  files: ReadonlyMap<string, Buffer>,
  query: URLSearchParams,
  { options, hub }: State,
): Reply {
  const { pageSize = 1000, listed = (entry) => ({ ...entry }) } = options;
  const folders = new Set<string>();
  for (const path of files.keys()) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_, i) => void folders.add(parts.slice(0, i + 1).join('/')));
  }
  const entries = [
    ...[...folders].map((path) => ({ type: 'directory', path, size: 0, oid: '0'.repeat(40) })),
    ...[...files].map(([path, bytes]) => listed(entryOf(path, bytes))),
  ];
  const from = Number(query.get('cursor') ?? 0);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (from + pageSize < entries.length) {
    const kind = repo.id.startsWith('datasets/') ? '' : 'models/';
    const next = `${hub}/api/${kind}${repo.id}/tree/${sha}?recursive=true&cursor=${from + pageSize}`;
    headers.link = `<${next}>; rel="next"`;
  }
  return { headers, body: JSON.stringify(entries.slice(from, from + pageSize)) };
}

function entryOf(path: string, bytes: Buffer): HubEntry {
  const entry = { type: 'file' as const, path, size: bytes.length, oid: gitHash(bytes) };
  if (!isLfs(path)) return entry;
  const oid = sha256(bytes);
  const pointer = Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${bytes.length}\n`,
  );
  const lfs = { oid, size: bytes.length, pointerSize: pointer.length };
  return { ...entry, oid: gitHash(pointer), lfs };
}

function resolveFile(
  request: HubRequest,
  repo: Stored,
  sha: string,
  path: string,
  { cdn, options }: State,
): Reply {
  const headers: Record<string, string> = { 'x-repo-commit': sha };
  const token = request.authorization?.replace(/^Bearer /, '');
  if (repo.gated && !repo.gated.includes(token ?? '')) {
    return refuse(
      token === undefined ? 401 : 403,
      'GatedRepo',
      `Access to ${repo.id} is restricted`,
    );
  }
  const { listed = (entry: HubEntry) => ({ ...entry }) } = options;
  const files = repo.commits.get(sha)!;
  // a list that was changed has the names by which files are asked for
  const [, bytes] =
    [...files].find(([p, b]) => p === path || listed(entryOf(p, b)).path === path) ?? [];
  if (bytes === undefined) {
    const reply = refuse(404, 'EntryNotFound', 'Entry not found');
    return { ...reply, headers: { ...reply.headers, ...headers } };
  }
  if (!isLfs(path)) {
    return {
      headers: { ...headers, etag: `"${gitHash(bytes)}"`, 'accept-ranges': 'bytes' },
      body: bytes,
    };
  }
  const oid = sha256(bytes);
  return {
    status: 302,
    headers: {
      ...headers,
      'x-linked-etag': `"${oid}"`,
      'x-linked-size': `${bytes.length}`,
      location: `${cdn}/blobs/${oid}?signature=secret`,
    },
  };
}

function answerCdn({ method, path }: HubRequest, body: Buffer, { repos, uploaded }: State): Reply {
  const oid = path.replace(/^\/blobs\/|\?.*$/g, '');
  if (method === 'PUT') {
    if (sha256(body) !== oid) return { status: 400, body: 'another sha256' };
    uploaded.set(oid, body);
    return {};
  }
  const files = [...repos.values()].flatMap(({ commits }) => [...commits.values()]);
  const all = files.flatMap((one) => [...one.values()]);
  const bytes = all.find((one) => sha256(one) === oid);
  if (bytes === undefined) return { status: 403, body: 'AccessDenied' };
  // S3's own, which is not the sha256
  return { headers: { etag: `"s3-${oid.slice(0, 8)}"`, 'accept-ranges': 'bytes' }, body: bytes };
}

/** Ranges, HEAD, and what goes wrong. */
async function send(
  { method, range, ifRange }: HubRequest,
  response: ServerResponse,
  reply: Reply,
  wrong: Fault,
): Promise<void> {
  let status = wrong.status ?? reply.status ?? 200;
  const headers: Record<string, string> = { ...reply.headers, ...wrong.headers };
  let body = Buffer.from(wrong.body ?? (wrong.status === undefined ? reply.body : '') ?? '');
  const [, begin] = /^bytes=(\d+)-/.exec(range ?? '') ?? [];
  const fresh = ifRange === undefined || ifRange === headers.etag;
  if (status === 200 && headers['accept-ranges'] && begin !== undefined && fresh) {
    const from = Number(begin);
    status = from < body.length ? 206 : 416;
    headers['content-range'] = `bytes ${from}-${body.length - 1}/${body.length}`;
    body = body.subarray(from);
  }
  response.writeHead(
    status,
    wrong.chunked ? headers : { ...headers, 'content-length': body.length },
  );
  if (method === 'HEAD') return void response.end();
  const { cutAfter, slow = { bytes: body.length || 1, pause: 0 } } = wrong;
  const end = Math.min(cutAfter ?? body.length, body.length);
  for (let at = 0; at < end; at += slow.bytes) {
    const piece = body.subarray(at, Math.min(at + slow.bytes, end));
    await new Promise((resolve) => response.write(piece, resolve));
    if (slow.pause > 0) await sleep(slow.pause);
    if (response.destroyed) return;
  }
  if (cutAfter !== undefined && cutAfter < body.length) response.destroy();
  else response.end();
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces);
}

function bytesOf(files: HubFiles): Map<string, Buffer> {
  return new Map(Object.entries(files).map(([path, data]) => [path, Buffer.from(data)]));
}

function isRepo(given: HubFiles | HubRepo): given is HubRepo {
  return typeof given.files === 'object' && !(given.files instanceof Uint8Array);
}
