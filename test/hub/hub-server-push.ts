/** The half of the hub on this machine that takes files: see hub-server.ts. */
import {
  addCommit,
  checkAccess,
  type HubRequest,
  isLfs,
  type Reply,
  refuse,
  type State,
} from './hub-store.ts';

/** `owner` of a repository that anyone who may write may make; others are someone else's. */
const someoneElse = 'someone-else';

/** Creating repositories and branches, and commits with their uploads. */
export function acceptPush(
  request: HubRequest,
  pathname: string,
  body: Buffer,
  state: State,
): Reply {
  const path = decodeURIComponent(pathname).replace('/api/models/', '/api/');
  if (path === '/api/repos/create') return createRepo(request, JSON.parse(String(body)), state);
  const [, id, verb, revision] =
    /^\/api\/((?:datasets\/)?[^/]+\/[^/]+)\/(preupload|commit|branch)\/(.+)$/.exec(path) ?? [];
  const [, lfsId] =
    /^\/((?:datasets\/)?[^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/.exec(path) ?? [];
  const repo = state.repos.get(id ?? lfsId);
  const refusal = checkAccess(repo, request, state) ?? checkWrite(request, id ?? lfsId, state);
  if (refusal !== undefined || repo === undefined) return refusal!;
  if (lfsId !== undefined) return uploadPlaces(JSON.parse(String(body)), state);
  if (verb === 'branch') {
    if (repo.refs.has(revision)) return refuse(409, 'BranchExists', 'Reference already exists');
    repo.refs.set(revision, repo.refs.get('main')!);
    return {};
  }
  if (!repo.refs.has(revision))
    return refuse(404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
  if (verb === 'preupload') {
    const { files } = JSON.parse(String(body)) as { files: { path: string }[] };
    const modes = files.map(({ path }) => ({ path, uploadMode: isLfs(path) ? 'lfs' : 'regular' }));
    return { body: JSON.stringify({ files: modes }) };
  }
  const files = new Map(repo.commits.get(repo.refs.get(revision)!));
  for (const { key, value } of String(body).trim().split('\n').map(readLine)) {
    if (key === 'file') files.set(value.path, Buffer.from(value.content, 'base64'));
    if (key === 'lfsFile') {
      const bytes = state.uploaded.get(value.oid);
      if (bytes === undefined) return refuse(400, 'BadRequest', `${value.path} was not uploaded`);
      files.set(value.path, bytes);
    }
  }
  const commitOid = addCommit(repo, files, revision);
  const commitUrl = `${state.hub}/${id}/commit/${commitOid}`;
  return { body: JSON.stringify({ success: true, commitOid, commitUrl, hookOutput: '' }) };
}

type Line =
  | { readonly key: 'header'; readonly value: { readonly summary: string } }
  | { readonly key: 'file'; readonly value: { readonly path: string; readonly content: string } }
  | { readonly key: 'lfsFile'; readonly value: { readonly path: string; readonly oid: string } };

function readLine(text: string): Line {
  return JSON.parse(text);
}

function checkWrite({ authorization }: HubRequest, id: string, { options }: State) {
  const tokens = options.tokens ?? { hf_read: false, hf_write: true };
  const token = authorization?.replace(/^Bearer /, '') ?? '';
  if (token === '') return { status: 401, body: JSON.stringify({ error: 'Not logged in' }) };
  const own = !id.replace(/^datasets\//, '').startsWith(`${someoneElse}/`);
  if (tokens[token] && own) return undefined;
  return { status: 403, body: JSON.stringify({ error: `You don't have the rights to ${id}` }) };
}

interface Creation {
  readonly name: string;
  readonly organization: string;
  readonly type?: string;
  readonly visibility?: string;
}

function createRepo(request: HubRequest, wish: Creation, state: State): Reply {
  const name = `${wish.organization}/${wish.name}`;
  const id = wish.type === 'dataset' ? `datasets/${name}` : name;
  const known = state.repos.get(id);
  const any = known ?? {
    id,
    refs: new Map(),
    commits: new Map(),
    private: false,
    gated: undefined,
  };
  const refusal = checkAccess(any, request, state) ?? checkWrite(request, id, state);
  if (refusal !== undefined) return refusal;
  if (known !== undefined) {
    return { status: 409, body: JSON.stringify({ error: 'You already created this repo' }) };
  }
  const repo = { ...any, private: wish.visibility === 'private' };
  state.repos.set(id, repo);
  addCommit(repo, new Map([['.gitattributes', Buffer.from('*.safetensors filter=lfs\n')]]), 'main');
  return { body: JSON.stringify({ url: `${state.hub}/${id}`, id: name }) };
}

/** Where big files go: those that are known already go nowhere. */
function uploadPlaces(
  { objects }: { objects: { oid: string; size: number }[] },
  { uploaded, cdn }: State,
): Reply {
  const places = objects.map(({ oid, size }) => {
    const upload = { href: `${cdn}/blobs/${oid}`, header: {} };
    return uploaded.has(oid) ? { oid, size } : { oid, size, actions: { upload } };
  });
  return { body: JSON.stringify({ transfer: 'basic', objects: places }) };
}
