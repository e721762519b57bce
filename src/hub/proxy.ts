/**
 * Which proxy a request goes through, as HTTP_PROXY and its kin say, and how: Node's own `fetch` knows
 * of none. I/O.
 */
import { BlockList, isIP } from 'node:net';
import type { Dispatcher } from 'undici';
import { ConfigError } from '../errors.ts';

/** What the variables say; an address is read when a request needs it. */
export interface ProxySettings {
  readonly http: NamedProxy | undefined;
  readonly https: NamedProxy | undefined;
  /** NO_PROXY. */
  readonly exceptions: string;
}

interface NamedProxy {
  readonly variable: string;
  /** May have a password in it. */
  readonly address: string;
}

/** A proxy, without the password that its address may have. */
export interface HttpProxy {
  readonly variable: string;
  readonly origin: string;
  /** With its port, for messages. */
  readonly host: string;
  /** Header Proxy-Authorization. */
  readonly authorization: string | undefined;
}

/**
 * Reads http_proxy, https_proxy and, for both, all_proxy; no_proxy. Each also in capitals, which count
 * where the small letters are not set: an empty one turns a proxy off.
 * @see https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies
 */
export function proxySettings(env: NodeJS.ProcessEnv = process.env): ProxySettings {
  const named = (name: string): NamedProxy | undefined => {
    const variable = env[name] === undefined ? name.toUpperCase() : name;
    const address = env[variable]?.trim();
    return address ? { variable, address } : undefined;
  };
  const all = named('all_proxy');
  return {
    http: named('http_proxy') ?? all,
    https: named('https_proxy') ?? all,
    exceptions: env.no_proxy ?? env.NO_PROXY ?? '',
  };
}

/**
 * The proxy for an address; undefined when it is reached directly.
 * @throws {ConfigError} when the variable makes no sense; what it says is not shown
 */
export function proxyFor(url: URL, settings: ProxySettings): HttpProxy | undefined {
  const named = url.protocol === 'https:' ? settings.https : settings.http;
  return named && !isExcepted(url, settings.exceptions) ? readProxy(named) : undefined;
}

function readProxy({ variable, address }: NamedProxy): HttpProxy {
  const text = /^[a-z][\w+.-]*:\/\//i.test(address) ? address : `http://${address}`;
  const written = 'In a name or password, characters such as @ : / # ? are written %40 and so on.';
  const refuse = (got: string, remedy = written): never => {
    throw new ConfigError(variable, 'a proxy such as http://name:password@host:3128', got, remedy);
  };
  if (!URL.canParse(text)) return refuse('another text');
  const { protocol, origin, host, username, password, pathname, search, hash } = new URL(text);
  if (!/^https?:$/.test(protocol)) {
    return refuse(`one of the kind ${protocol}//`, 'Unset it, or except the server by NO_PROXY.');
  }
  // of a password with a slash in it, the host would be its beginning
  if (pathname !== '/' || search || hash) return refuse('an address with more behind the host');
  const pair = [username, password].map(decoded).join(':');
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return { variable, origin, host, authorization: pair === ':' ? undefined : authorization };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that stands for itself
  }
}

/**
 * Whether NO_PROXY has a host: as curl, `example.com`, `.example.com` and `*.example.com` are it and all
 * below it, `*` is everything; an address may be a network, `10.0.0.0/8`, and all may end in a port.
 */
function isExcepted({ protocol, hostname, port }: URL, exceptions: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '');
  const actualPort = port || (protocol === 'https:' ? '443' : '80');
  return exceptions.split(/[\s,]+/).some((entry) => {
    const [, name, only = actualPort] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [entry, entry];
    return only === actualPort && covers(name.replace(/^\[|\]$/g, ''), host);
  });
}

function covers(name: string, host: string): boolean {
  const [address, prefix] = name.split('/');
  const family = isIP(address);
  if (family !== 0) {
    const bits = family === 4 ? 32 : 128;
    const length = Number(prefix ?? bits);
    const makesSense = /^\d+$/.test(prefix ?? `${bits}`) && length <= bits;
    if (!makesSense || isIP(host) !== family) return false;
    const list = new BlockList();
    list.addSubnet(address, length, `ipv${family as 4 | 6}`);
    return list.check(host, `ipv${family as 4 | 6}`);
  }
  const plain = name.replace(/^\*?\.|\.$/g, '').toLowerCase();
  if (plain === '*') return true;
  return plain !== '' && (host === plain || (!isIP(host) && host.endsWith(`.${plain}`)));
}

/** A proxy's own answer in place of the server's. */
export class ProxyRefused extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

const dispatchers = new Map<string, Promise<Dispatcher>>();

/**
 * A `fetch` through a proxy: a tunnel to https, plain requests for http.
 * @throws {ProxyRefused} when it wants another password, or makes no tunnel
 */
export async function fetchThrough(
  proxy: HttpProxy,
  url: URL,
  init: RequestInit,
): Promise<Response> {
  // loaded here, since it takes longer than all the rest of a command's start
  const { fetch } = await import('undici');
  const key = `${proxy.origin} ${proxy.authorization}`;
  const dispatcher = dispatchers.get(key) ?? dispatcherOf(proxy);
  dispatchers.set(key, dispatcher);
  // its types and Node's are two versions of the same
  const options = { ...init, dispatcher: await dispatcher } as Parameters<typeof fetch>[1];
  const answer = await fetch(url, options).catch((error: unknown) => {
    throw refusalIn(error) ?? error;
  });
  return answer as unknown as Response;
}

/** undici tells of the status in the message of some cause, and nowhere else. */
function refusalIn(error: unknown): ProxyRefused | undefined {
  if (!(error instanceof Error)) return undefined;
  const pattern = /^Proxy (?:response|Authentication Required) \((\d+)\)/;
  const [, status] = pattern.exec(error.message) ?? [];
  return status === undefined ? refusalIn(error.cause) : new ProxyRefused(Number(status));
}

async function dispatcherOf({ origin, authorization }: HttpProxy): Promise<Dispatcher> {
  const { ProxyAgent } = await import('undici');
  const token = authorization === undefined ? {} : { token: authorization };
  return new ProxyAgent({ uri: origin, ...token, proxyTunnel: false });
}

/** The words for what went wrong at a proxy, or behind it. */
export function atProxy(what: string, cause: unknown, proxy: HttpProxy): string {
  const { variable, host, authorization } = proxy;
  const isOwn = /^(ECONNREFUSED|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|UND_ERR_CONNECT)/.test(what);
  if (!(cause instanceof ProxyRefused)) {
    return `${what} ${isOwn ? 'at' : 'through'} the proxy ${host} of ${variable}`;
  }
  const refusal = `${cause.status} from the proxy ${host} of ${variable}`;
  if (cause.status !== 407) return refusal;
  return `${refusal}, which wants ${authorization ? 'another' : 'a'} name and password`;
}
