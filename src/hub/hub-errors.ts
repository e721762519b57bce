/** What the hub says no with, in sentences. Pure. */
import { type TactfulError, UnavailableError } from '../errors.ts';
import { type Repo, repoPath } from './hub-names.ts';
import type { HubSettings } from './hub-settings.ts';

/** A question to the hub. */
export interface Asked {
  readonly repo: Repo;
  readonly revision: string;
  readonly settings: HubSettings;
  /** Whether the name can only be one on the hub; else it may have been meant for a path. */
  readonly explicit: boolean;
}

/** How the hub refused; the texts are the server's. */
export interface Refusal {
  readonly status: number;
  /** Header X-Error-Code. */
  readonly code: string | null;
  /** Header X-Error-Message. */
  readonly message: string | null;
}

/**
 * The error that a refusal is.
 * @param file the file that was asked for; none when it was the repository
 */
export function refused(
  asked: Asked,
  { status, code, message }: Refusal,
  file?: string,
): TactfulError {
  const { repo, revision, settings } = asked;
  const { type, name } = repo;
  const { token, endpoint } = settings;
  const page = `${endpoint}/${repoPath(repo)}`;
  const from = token && `the token of ${token.source}`;
  if (code === 'RevisionNotFound') {
    const expected = 'a branch, a tag or a commit of it';
    const remedy = `They are listed at ${page}/tree/main.`;
    return new UnavailableError(name, expected, JSON.stringify(revision), remedy);
  }
  if (code === 'EntryNotFound') {
    const got = `no such file at ${page}`;
    return new UnavailableError(name, `the file ${file ?? 'asked for'}`, got);
  }
  if (code === 'GatedRepo') {
    const remedy = from
      ? `The account of ${from} has not been let in: ask for it at ${page}.`
      : `Accept its terms at ${page} and set HF_TOKEN to a token of that account.`;
    return new UnavailableError(name, `a ${type} that is open to you`, 'a gated one', remedy);
  }
  if (status === 401 && code !== 'RepoNotFound' && from) {
    const remedy = `Make a new one at ${endpoint}/settings/tokens, or unset it.`;
    return new UnavailableError(endpoint, 'a token that it knows', `${from}, refused`, remedy);
  }
  if (/access to this resource is disabled/i.test(message ?? '')) {
    return new UnavailableError(name, `a ${type} that is open`, 'one that the hub has disabled');
  }
  if (code === 'RepoNotFound' || status === 401 || status === 404) {
    const without = from ? `sent with ${from}` : 'sent without a token';
    const no = `no such ${type} at ${endpoint}, or a private one (${without})`;
    const remedy = from
      ? 'Is the name right, and may the account of the token read it?'
      : 'Is the name right? For a private one set HF_TOKEN.';
    return new UnavailableError(name, meant(asked), besides(asked, no), remedy);
  }
  const said = printable(message ?? '');
  return new UnavailableError(page, 'status 200', said ? `${status}: ${said}` : `${status}`);
}

/** The network is not to be used, or not there, and the cache has not all that is needed. */
export function notCached(asked: Asked, why: string, cause?: unknown): UnavailableError {
  const { repo, revision, settings } = asked;
  const no = `not all of it in the cache ${settings.cache} (revision ${revision}), and ${why}`;
  const remedy = 'Fetch it once with a network; HF_HOME and HF_HUB_CACHE choose another cache.';
  return new UnavailableError(repo.name, meant(asked), besides(asked, no), remedy, cause);
}

/** The repository is there and has not what it is asked for. */
export function lacking(
  { repo, settings }: Asked,
  expected: string,
  names: ReadonlySet<string>,
): UnavailableError {
  const roots = [...names].filter((name) => !name.includes('/'));
  const others = roots.filter((name) => /\.(h5|msgpack|ot|onnx|gguf|bin|safetensors)$/.test(name));
  const got = others.length > 0 ? `only ${printable(others.slice(0, 5).join(', '))}` : 'none';
  const adapter = names.has('adapter_config.json') && expected.includes('config.json, and');
  const remedy = adapter
    ? 'It is an adapter: name its base model, and this one as the adapter.'
    : `Its files are listed at ${settings.endpoint}/${repoPath(repo)}/tree/main.`;
  return new UnavailableError(repo.name, expected, got, remedy);
}

function meant({ repo, explicit }: Asked): string {
  return explicit ? `a ${repo.type} on the hub` : `a file, a folder or a ${repo.type} on the hub`;
}

function besides({ explicit }: Asked, no: string): string {
  return explicit ? no : `no such file or folder, and ${no}`;
}

/** A server's text, short and on one line. */
export function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, 200);
}
