/** HTTP requests that wait, go by a proxy, follow redirects, and give a password to one server alone. I/O. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../errors.ts';
import {
  atProxy,
  fetchThrough,
  type HttpProxy,
  ProxyRefused,
  type ProxySettings,
  proxyFor,
} from './proxy.ts';

/** Something on the way to a server, or the server itself, failed. */
export class Unreached extends UnavailableError {
  /** Where it ended, and how: for a sentence about several ways that failed. */
  readonly summary: string;
  /** Whether the same request may go through later. */
  readonly transient: boolean;
  /** Milliseconds that the server asks to wait. */
  readonly pause: number;
  constructor(
    url: string,
    expected: string,
    got: string,
    { remedy = '', transient = false, pause = 0, cause }: UnreachedDetails = {},
  ) {
    super(url, expected, got, remedy, cause);
    this.summary = `${url}: ${got}`;
    this.transient = transient;
    this.pause = pause;
  }
}

interface UnreachedDetails {
  readonly remedy?: string;
  readonly transient?: boolean;
  readonly pause?: number;
  readonly cause?: unknown;
}

/** A password or token, and the one origin that gets it. */
export interface Authorization {
  readonly origin: string;
  /** The header: `Bearer …` */
  readonly value: string;
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Blob | undefined;
  readonly authorization?: Authorization | undefined;
  readonly proxies: ProxySettings;
  readonly signal: AbortSignal;
  /** What to do where there is no way to the server; a sentence. */
  readonly remedy?: string;
}

/** Milliseconds before each further try. */
export const usualPauses: readonly number[] = [500, 1000, 2000, 4000, 8000];

/** A server that asks for more patience than this is not waited for. */
const longestPause = 60_000;
const mostRedirects = 10;

/**
 * Sends a request; redirects are followed, whatever the status of the last answer. A name and password
 * in the address go into a header, and like `authorization` to that server alone.
 * @throws {Unreached} when there is no answer
 * @throws {ConfigError} when a proxy's variable makes no sense
 */
export async function send(address: string, options: SendOptions): Promise<Response> {
  const { method = 'GET', body, signal, remedy = '' } = options;
  let url = new URL(address);
  const secret = takePassword(url) ?? options.authorization;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const headers: Record<string, string> = { ...options.headers };
    if (secret?.origin === url.origin) headers.authorization = secret.value;
    const init: RequestInit = { method, headers, signal, redirect: 'manual' };
    if (body !== undefined) init.body = body;
    const proxy = proxyFor(url, options.proxies);
    const sent = proxy ? fetchThrough(proxy, url, init) : fetch(url, init);
    const answer = await sent.catch((cause: unknown) => {
      throw lost(url.href, signal, cause, 'an answer', { remedy, proxy });
    });
    const next = redirection(answer, method, url);
    if (next === undefined) return answer;
    await answer.body?.cancel();
    url = next;
  }
  throw new Unreached(plain(url.href), 'an answer', `more than ${mostRedirects} redirects`);
}

/** The address for a message: no password, and nothing behind a question mark, as a signature. */
export function plain(address: string): string {
  return address.replace(/[?#].*$/s, '').replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}

/** What a failed read or request of `fetch` was: the caller's abort as it is, or an Unreached. */
export function lost(
  address: string,
  signal: AbortSignal,
  cause: unknown,
  expected: string,
  { remedy = '', got, proxy }: LostDetails = {},
): unknown {
  const { reason } = signal;
  if (signal.aborted && !(reason instanceof Stalled)) return reason;
  const { message, cause: inner } = cause as Error;
  const { code, message: innerMessage } = (inner ?? {}) as Partial<NodeJS.ErrnoException>;
  const what = cause instanceof Stalled ? message : (code ?? innerMessage ?? message);
  const transient = /ECONNRESET|EPIPE|EAI_AGAIN|UND_ERR_SOCKET|terminated|^status 5/.test(what);
  const told = got ?? (proxy ? atProxy(what, cause, proxy) : what);
  const details = { remedy, transient, ...(!(cause instanceof ProxyRefused) && { cause }) };
  return new Unreached(plain(address), expected, told, details);
}

interface LostDetails {
  readonly remedy?: string;
  /** @default what the cause says */
  readonly got?: string;
  /** Through which it was sent. */
  readonly proxy?: HttpProxy | undefined;
}

/** The failure that an answer is when the server cannot just now: 408, 429 or 5xx; else undefined. */
export function busy(answer: Response, address: string): Unreached | undefined {
  const { status, headers } = answer;
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  const pause = retryAfter(headers.get('retry-after'));
  const later = pause > 0 ? ` (ask again in ${Math.ceil(pause / 1000)} s)` : '';
  const got = `${status} ${answer.statusText}`.trim() + later;
  const transient = pause <= longestPause;
  return new Unreached(plain(address), 'status 200', got, { transient, pause });
}

/** Milliseconds of a Retry-After header: seconds, or a date. */
function retryAfter(header: string | null): number {
  if (header === null) return 0;
  const pause = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return Math.max(0, pause || 0);
}

/** How often and how long to wait. */
export interface Patience {
  /** @see usualPauses */
  readonly pauses: readonly number[];
  /** Milliseconds without a byte after which a connection counts as lost. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Waits after failed try number `tries` (from 1).
 * @param stubborn whether a server that cannot be reached at all is tried again too
 * @throws the error, when it is not transient or there were tries enough
 */
export async function pauseAfter(
  error: unknown,
  tries: number,
  { pauses, signal }: Patience,
  stubborn = false,
): Promise<void> {
  if (signal.aborted) throw signal.reason;
  const again = error instanceof Unreached && (error.transient || (stubborn && error.cause));
  if (!again || tries > pauses.length) throw error;
  await sleep(Math.max(pauses[tries - 1], error.pause), undefined, { signal }).catch(() => {
    throw signal.reason;
  });
}

/** No byte came for too long. */
class Stalled extends Error {}

/** A signal that also goes off when nothing happens between `arm` and `disarm`. */
export interface Watch {
  readonly signal: AbortSignal;
  arm(): void;
  disarm(): void;
}

/** @returns disarmed */
export function watch({ signal, timeout }: Patience): Watch {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const disarm = () => clearTimeout(timer);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    arm() {
      disarm();
      const stalled = () => controller.abort(new Stalled(`nothing for ${timeout / 1000} s`));
      timer = setTimeout(stalled, timeout);
    },
    disarm,
  };
}

/** Removes name and password from an address. */
function takePassword(url: URL): Authorization | undefined {
  const { username, password } = url;
  if (!username && !password) return undefined;
  [url.username, url.password] = ['', ''];
  const pair = [username, password].map(decodeURIComponent).join(':');
  return { origin: url.origin, value: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function redirection({ status, headers }: Response, method: string, url: URL): URL | undefined {
  const location = headers.get('location');
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return undefined;
  const kept = status >= 307 || method === 'GET' || method === 'HEAD';
  const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (!kept || next === undefined || !/^https?:$/.test(next.protocol)) {
    const got = `status ${status} to ${plain(location).slice(0, 200)}`;
    throw new Unreached(plain(url.href), 'an answer', got);
  }
  takePassword(next);
  return next;
}
