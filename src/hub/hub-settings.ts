/** Where the hub is, where its files are kept and who asks, as Python's huggingface_hub has it. I/O. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readIfPresent } from '../disk/json.ts';
import { ConfigError } from '../errors.ts';
import { type ProxySettings, proxySettings } from './proxy.ts';

export interface HubSettings {
  /** Address of the hub, without a slash at its end: `https://huggingface.co`. */
  readonly endpoint: string;
  /** Folder of the cache. */
  readonly cache: string;
  /** The access token, and where it was found. */
  readonly token: { readonly value: string; readonly source: string } | undefined;
  /** The variable that forbids the network; undefined when none does. */
  readonly offline: string | undefined;
  /** Milliseconds without a byte after which a connection counts as lost. */
  readonly timeout: number;
  readonly proxies: ProxySettings;
}

/**
 * Reads the variables that huggingface_hub reads, an empty one counting as unset: HF_ENDPOINT;
 * HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME; HF_TOKEN, HUGGING_FACE_HUB_TOKEN,
 * HF_TOKEN_PATH; HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE; HF_HUB_DOWNLOAD_TIMEOUT (seconds). Those of
 * proxies are `proxySettings`'.
 * @see https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 * @throws {ConfigError} when one of them makes no sense
 */
export async function hubSettings(env: NodeJS.ProcessEnv = process.env): Promise<HubSettings> {
  const path = (...names: string[]) => {
    const found = names.map((name) => env[name]).find(Boolean);
    return found && expand(found, env);
  };
  const cacheHome = path('XDG_CACHE_HOME') || join(home(env), '.cache');
  const hubHome = path('HF_HOME') || join(cacheHome, 'huggingface');
  const cache = path('HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE') || join(hubHome, 'hub');
  return {
    endpoint: endpointOf(env),
    cache: resolve(cache),
    token: await tokenOf(env, path('HF_TOKEN_PATH') || join(hubHome, 'token')),
    offline: ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].find((name) => isTrue(env[name])),
    timeout: timeoutOf(env),
    proxies: proxySettings(env),
  };
}

function home(env: NodeJS.ProcessEnv): string {
  return env.HOME || env.USERPROFILE || homedir();
}

/** `~` and variables, as a shell has them. */
function expand(path: string, env: NodeJS.ProcessEnv): string {
  return path
    .replace(/^~(?=[/\\]|$)/, () => home(env))
    .replace(/\$(?:(\w+)|\{(\w+)\})/g, (all, plain, braced) => env[plain ?? braced] ?? all);
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '');
}

function endpointOf(env: NodeJS.ProcessEnv): string {
  const text = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fits = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  if (fits && !url.search && !url.hash) return text;
  const shown = text.replace(/\/\/[^/]*@/, '//…@');
  throw new ConfigError('HF_ENDPOINT', 'an address such as https://huggingface.co', shown);
}

async function tokenOf(env: NodeJS.ProcessEnv, path: string): Promise<HubSettings['token']> {
  const name = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'].find((one) => env[one]?.trim());
  const source = name ?? path;
  const text = name ? env[name]! : new TextDecoder().decode(await readIfPresent(path));
  const value = text.trim();
  if (value === '') return undefined;
  // never shown: not in this message either
  if (/^[\x21-\x7e]+$/.test(value)) return { value, source };
  throw new ConfigError(source, 'one access token, such as hf_…', 'other characters too');
}

function timeoutOf(env: NodeJS.ProcessEnv): number {
  const text = env.HF_HUB_DOWNLOAD_TIMEOUT || '10';
  const seconds = Number(text);
  if (seconds > 0 && seconds < 1e6) return 1000 * seconds;
  throw new ConfigError('HF_HUB_DOWNLOAD_TIMEOUT', 'seconds above 0', JSON.stringify(text));
}
