/** Fetches a wheel: by plain HTTPS, or by pip where that fails. I/O. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError, UnavailableError } from '../errors.ts';
import { chooseWheel, expectedHash, pinOf, readIndex } from './wheels.ts';

/** What to fetch, and from where. */
export interface DownloadOptions {
  readonly version: string;
  /** `linux-x64` */
  readonly platform: string;
  /** A simple index (PEP 503), for instance `https://pypi.org/simple`. */
  readonly index: string;
  /** Python whose pip is asked where the index does not answer; none when undefined. */
  readonly python: string | undefined;
  readonly signal: AbortSignal;
}

/** Bytes so far. */
export interface DownloadProgress {
  readonly done: number;
  /** 0 when it is not known. */
  readonly total: number;
}

/** Something on the way to a server failed: pip may know a way, as a mirror or a proxy. */
class Unreached extends UnavailableError {
  /** Where it ended, and how. */
  readonly summary: string;
  constructor(url: string, expected: string, got: string, remedy = '', cause?: unknown) {
    super(url, expected, got, remedy, cause);
    this.summary = `${url}: ${got}`;
  }
}

/**
 * Fetches the wheel into a folder, its sha256 checked.
 * @returns its path
 */
export async function* downloadWheel(
  folder: string,
  options: DownloadOptions,
): AsyncGenerator<DownloadProgress, string> {
  try {
    return yield* byHttp(folder, options);
  } catch (error) {
    if (!(error instanceof Unreached) || options.python === undefined) throw error;
    const file = await byPip(folder, options, options.python, error);
    await checkHash(file, pinOf(basename(file)));
    return file;
  }
}

async function* byHttp(
  folder: string,
  { version, platform, index, signal }: DownloadOptions,
): AsyncGenerator<DownloadProgress, string> {
  const page = `${index.replace(/\/+$/, '')}/openvino/`;
  const accept = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';
  const answer = await request(page, { signal, headers: { accept } });
  const wheel = chooseWheel(readIndex(await answer.text(), page), { version, platform });
  const expected = expectedHash(wheel);
  const file = join(folder, wheel.name);
  const actual = yield* save(await request(wheel.url, { signal }), wheel.url, file);
  if (actual !== expected) throw wrongHash(wheel.url, expected, actual);
  return file;
}

/** An answer with status 200. Credentials in an address go into a header. */
async function request(
  address: string,
  { signal, headers = {} }: { signal: AbortSignal; headers?: Record<string, string> },
): Promise<Response> {
  const url = new URL(address);
  const { username, password } = url;
  if (username) {
    const pair = [username, password].map(decodeURIComponent).join(':');
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    [url.username, url.password] = ['', ''];
  }
  const answer = await fetch(url, { signal, headers }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw unreached(url.href, cause);
  });
  if (answer.ok) return answer;
  await answer.body?.cancel();
  throw new Unreached(url.href, 'status 200', `${answer.status} ${answer.statusText}`.trim());
}

function unreached(url: string, cause: unknown): Unreached {
  const { message, cause: inner } = cause as Error;
  const reason = (inner as NodeJS.ErrnoException)?.code ?? (inner as Error)?.message ?? message;
  const remedy = 'Without a network: TACTFUL_OPENVINO=<folder of an unpacked openvino wheel>.';
  return new Unreached(url, 'an answer', `${reason}`, remedy, cause);
}

/** Writes an answer's body to a file; gives its sha256. */
async function* save(
  answer: Response,
  url: string,
  path: string,
): AsyncGenerator<DownloadProgress, string> {
  const total = Number(answer.headers.get('content-length') ?? 0);
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  let done = 0;
  try {
    const chunks = answer.body?.[Symbol.asyncIterator]();
    for (;;) {
      const next = await chunks?.next().catch((cause: unknown) => {
        throw brokenOff(url, done, total, cause);
      });
      if (!next || next.done) break;
      await file.write(next.value);
      hash.update(next.value);
      done += next.value.length;
      yield { done, total };
    }
  } finally {
    await file.close();
  }
  if (done < total) throw brokenOff(url, done, total);
  return hash.digest('hex');
}

function brokenOff(url: string, done: number, total: number, cause?: unknown): Error {
  if ((cause as Error)?.name === 'AbortError') return cause as Error;
  return new UnavailableError(url, `${total || 'more'} bytes`, `${done}`, 'Run it again.', cause);
}

async function checkHash(file: string, expected: string | undefined): Promise<void> {
  if (expected === undefined) return; // pip has checked what its index says
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const actual = hash.digest('hex');
  if (actual !== expected) throw wrongHash(file, expected, actual);
}

function wrongHash(where: string, expected: string, actual: string): InputError {
  const remedy = 'Nothing was unpacked. Run it again, or use another --index.';
  return new InputError(where, `sha256 ${expected}`, actual, remedy);
}

/** pip's own settings say where it looks. */
async function byPip(
  folder: string,
  { version, signal }: DownloadOptions,
  python: string,
  before: Unreached,
): Promise<string> {
  const what = ['--no-deps', '--only-binary=:all:', '--python-version=3.12', '--dest', folder];
  const words = ['-m', 'pip', 'download', ...what, `openvino==${version}`];
  const failed = (reason: string) => {
    const got = `${before.summary}, and of pip: ${reason}`;
    return new UnavailableError('setup openvino', 'a wheel', got, '', before);
  };
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(python, words, { signal, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.name === 'AbortError' ? error : before),
    );
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(failed(lastError(text)))));
  });
  const name = (await readdir(folder)).find((one) => one.endsWith('.whl'));
  if (name === undefined) throw failed(lastError(output) || 'no wheel');
  return join(folder, name);
}

function lastError(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.filter((line) => /^ERROR/.test(line)).pop() ?? lines.pop() ?? '').slice(0, 300);
}
