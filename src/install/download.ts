/** Fetches a wheel: by plain HTTPS, or by pip where that fails. I/O. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError, UnavailableError } from '../errors.ts';
import { type DownloadStep, download, type Source } from '../hub/download.ts';
import { type ProxySettings, proxySettings } from '../hub/proxy.ts';
import { busy, plain, send, Unreached, usualPauses } from '../hub/request.ts';
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
  /** Milliseconds before each further try of a download that breaks off. @default usualPauses */
  readonly pauses?: readonly number[] | undefined;
  /** For the variables of proxies. @default process.env */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal: AbortSignal;
}

const remedyOfNoNetwork =
  'Without a network: TACTFUL_OPENVINO=<folder of an unpacked openvino wheel>.';
const remedyOfWrongHash = 'Nothing was unpacked. Run it again, or use another `index`.';

/** Milliseconds without a byte after which the connection counts as lost. */
const timeout = 30_000;

/**
 * Fetches the wheel into a folder, its sha256 checked.
 * @returns its path
 */
export async function* downloadWheel(
  folder: string,
  options: DownloadOptions,
): AsyncGenerator<DownloadStep, string> {
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
  options: DownloadOptions,
): AsyncGenerator<DownloadStep, string> {
  const { version, platform, index, signal, pauses = usualPauses } = options;
  const proxies = proxySettings(options.env);
  const page = `${index.replace(/\/+$/, '')}/openvino/`;
  const accept = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5';
  const answer = await request(page, { accept }, proxies, signal);
  const wheel = chooseWheel(readIndex(await answer.text(), page), { version, platform });
  const value = expectedHash(wheel);
  const file = join(folder, wheel.name);
  const source: Source = {
    url: wheel.url,
    size: undefined,
    digest: { algorithm: 'sha256', value },
    ask: (headers, signal) => request(wheel.url, headers, proxies, signal),
    remedy: remedyOfWrongHash,
  };
  yield* download(file, source, { pauses, timeout, signal });
  return file;
}

/** An answer with status 200, or 206 to a part of a file. */
async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  proxies: ProxySettings,
  signal: AbortSignal,
): Promise<Response> {
  const answer = await send(url, { headers, proxies, signal, remedy: remedyOfNoNetwork });
  if (answer.ok || answer.status === 416) return answer;
  await answer.body?.cancel();
  const got = `${answer.status} ${answer.statusText}`.trim();
  throw busy(answer, url) ?? new Unreached(plain(url), 'status 200', got);
}

async function checkHash(file: string, expected: string | undefined): Promise<void> {
  if (expected === undefined) return; // pip has checked what its index says
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const actual = hash.digest('hex');
  if (actual !== expected) throw wrongHash(file, expected, actual);
}

function wrongHash(where: string, expected: string, actual: string): InputError {
  return new InputError(where, `sha256 ${expected}`, actual, remedyOfWrongHash);
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
