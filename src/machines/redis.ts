/** I/O: connections to Redis or Valkey. The only file that imports ioredis. */
import type * as Ioredis from 'ioredis';
import { ConfigError, UnavailableError } from '../errors.ts';

/** A connection. It connects again by itself; commands wait meanwhile and are sent again. */
export type Connection = Ioredis.Redis;

/** What the password is read from where the URL has none. */
export const passwordVariable = 'TACTFUL_REDIS_PASSWORD';

interface ConnectOptions {
  /** How the server lists the connection. */
  readonly name?: string;
  /** @default that of the process */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How long a server that does not answer is waited for, in milliseconds. @default 10,000 */
  readonly patience?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A connection that is ready.
 * @param url `redis://user:password@host:port/database`, or `rediss://` for TLS
 * @throws {ConfigError} when it is no such URL
 * @throws {UnavailableError} when the package, the server, or the right to use it is missing; no
 *   message holds the password
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Connection> {
  const { name = 'tactful', env = process.env, patience = 10_000, signal } = options;
  const { username, password } = parsed(url);
  const secret = (password === '' && env[passwordVariable]) || undefined; // an empty one is none
  const { Redis } = await loadIoredis();
  const connection = new Redis(url, {
    connectionName: name,
    // who waits for an answer goes on when the server is back; how long is for others to say
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 1000),
    // where the network swallows what is sent, the connection is not seen to be gone otherwise
    socketTimeout: 20_000,
    connectTimeout: 5000,
    ...(secret !== undefined && {
      password: secret,
      ...(username === '' && { username: 'default' }),
    }),
  });
  try {
    await ready(connection, place(url), { patience, signal });
    return connection;
  } catch (error) {
    connection.disconnect();
    throw error;
  }
}

/** The URL without user and password: for people. */
export function place(url: string): string {
  const { protocol, host, pathname } = parsed(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

/** ioredis, 60 ms that only many machines need. */
export async function loadIoredis(
  load: () => Promise<typeof Ioredis> = () => import('ioredis'),
): Promise<typeof Ioredis> {
  return load().catch((cause) => {
    throw missingPackages(cause);
  });
}

/** Tells which packages are not installed. */
export function missingPackages(cause: unknown): UnavailableError {
  const expected = 'the packages bullmq and ioredis';
  const remedy = 'Run: npm install bullmq ioredis';
  return new UnavailableError('redis', expected, 'no such package', remedy, cause);
}

function parsed(url: string): URL {
  const at = URL.canParse(url) ? new URL(url) : undefined;
  const database = at?.pathname.slice(1) ?? '';
  if (at && /^rediss?:$/.test(at.protocol) && at.hostname !== '' && /^\d*$/.test(database))
    return at;
  // what it is may hold a password
  const expected = 'redis://host:6379, or rediss:// for TLS';
  throw new ConfigError('redis', expected, at ? `${at.protocol}//…` : 'no URL', secretRemedy);
}

const secretRemedy = `A password stands in it (redis://:password@host) or in ${passwordVariable}.`;

/** Waits for a connection; what no patience mends is told at once. */
function ready(
  connection: Connection,
  where: string,
  { patience, signal }: { patience: number; signal: AbortSignal | undefined },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let last: unknown;
    const settle = (error?: unknown) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      connection.off('ready', onReady).off('error', onError);
      connection.on('error', () => {}); // it connects again; who waits asks how long it has been gone
      if (error === undefined) resolve();
      else reject(error);
    };
    const onReady = () => settle();
    const onError = (error: unknown) => {
      last = error;
      if (isFinal(error)) settle(explain(error, where));
    };
    const stop = () => settle(signal?.reason);
    const timer = setTimeout(() => settle(explain(last, where)), patience);
    connection.on('ready', onReady).on('error', onError);
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
  });
}

/** Whether waiting helps nothing: who we are, or how we speak, is refused. */
function isFinal(error: unknown): boolean {
  return causes.some(({ pattern, final }) => final === true && pattern.test(told(error)));
}

interface Cause {
  readonly pattern: RegExp;
  readonly expected: string;
  readonly actual?: string;
  readonly remedy: string;
  readonly final?: boolean;
}

/** What servers and networks answer, and what to do. */
const causes: readonly Cause[] = [
  {
    pattern: /^NOAUTH/,
    expected: 'leave to use it',
    actual: 'NOAUTH: it wants a password',
    remedy: secretRemedy,
    final: true,
  },
  {
    pattern: /^(WRONGPASS|ERR AUTH|ERR invalid password)/,
    expected: 'leave to use it',
    actual: 'WRONGPASS: it knows no such user and password',
    remedy: secretRemedy,
    final: true,
  },
  {
    pattern: /^NOPERM/,
    expected: 'leave to use it',
    remedy: 'Give the user all commands but admin ones, on the keys that begin with the prefix.',
    final: true,
  },
  {
    pattern: /DB index is out of range/,
    expected: 'a database of the server',
    actual: 'one that it does not have',
    remedy: 'Leave the number at the end of the URL away.',
    final: true,
  },
  {
    pattern: /CERT|certificate|self.signed|altnames/i,
    expected: 'a certificate that Node trusts',
    remedy: 'Name the file of its authority in NODE_EXTRA_CA_CERTS.',
    final: true,
  },
  {
    pattern: /EPROTO|SSL|wrong version number|packet length/i,
    expected: 'TLS',
    remedy: 'A server without TLS is redis://, one with it rediss://.',
    final: true,
  },
  {
    pattern: /^OOM/,
    expected: 'memory for what is sent',
    actual: 'OOM: the memory that it may use (maxmemory) is full',
    remedy: 'Give it more. Large data can travel through a folder that all see instead: `shared`.',
  },
  {
    pattern: /^READONLY/,
    expected: 'a server that takes writes',
    actual: 'READONLY: it is a replica',
    remedy: 'Name the primary.',
  },
  {
    pattern: /^LOADING/,
    expected: 'a server that has started',
    actual: 'LOADING: it still reads its data',
    remedy: 'Try again soon.',
  },
  {
    pattern: /^MISCONF/,
    expected: 'a server that takes writes',
    actual: 'MISCONF: it cannot save to its disk',
    remedy: 'Look into its log.',
  },
];

/** Whether an error says that the server's memory is full. */
export function isFull(error: unknown): boolean {
  return /^OOM/.test(told(error));
}

/** An error of the server or the network, as one that says what to do. */
export function explain(error: unknown, where: string): UnavailableError {
  if (error instanceof UnavailableError) return error;
  const text = told(error);
  const known = causes.find(({ pattern }) => pattern.test(text));
  const expected = known?.expected ?? 'an answer';
  const tls = where.startsWith('rediss:') ? ' If it has no TLS: redis://.' : '';
  const reach = `Is the server running, and can it be reached from here?${tls}`;
  const remedy = known?.remedy ?? reach;
  return new UnavailableError(where, expected, known?.actual ?? text, remedy, error);
}

/** What an error says. The first line: a command's arguments may stand behind it. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return 'none';
  const { code = '' } = error as NodeJS.ErrnoException;
  const [line] = error.message.split('\n');
  return line.includes(code) ? line : `${code} ${line}`.trim();
}

/** The bytes themselves: ioredis turns other arrays into text. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** A server that throws keys away when it is full would throw away jobs. */
export async function demandSpace(connection: Connection, where: string): Promise<void> {
  const info = await connection.info('memory').catch(() => '');
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
  const most = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0);
  if (policy === 'noeviction' || most === 0) return;
  const remedy = 'Set: CONFIG SET maxmemory-policy noeviction';
  throw new ConfigError(
    where,
    'maxmemory-policy noeviction, so that no job is lost',
    policy,
    remedy,
  );
}
