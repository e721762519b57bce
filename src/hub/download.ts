/** Fetches one big file: streamed, hashed on the way, taken up again where it broke off. I/O. */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { InputError } from '../errors.ts';
import {
  busy,
  lost,
  type Patience,
  pauseAfter,
  plain,
  Unreached,
  type Watch,
  watch,
} from './request.ts';

/** What a file has to be: the sha256 of its bytes, or the name that git has for them. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git';
  /** Hexadecimal digits. */
  readonly value: string;
}

export interface Source {
  /** Its address, for messages. */
  readonly url: string;
  /** Bytes; where it is undefined the server's own word is taken. Git's digest needs it. */
  readonly size: number | undefined;
  readonly digest: Digest;
  /**
   * Asks for the file with these headers besides its own; the answer's status is 2xx, 408, 416, 429
   * or 5xx.
   * @throws what the caller should see for other answers
   */
  ask(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>;
  /** What to do when the bytes are others than they should be; a sentence. */
  readonly remedy: string;
}

/** Bytes so far. */
export interface DownloadStep {
  readonly done: number;
  /** 0 when it is not known. */
  readonly total: number;
}

/** A file as it grows. */
interface Growing {
  readonly path: string;
  readonly source: Source;
  file: FileHandle;
  hash: Hash;
  done: number;
  total: number | undefined;
  /** Answers that its bytes came in; what an earlier try left counts as one. */
  parts: number;
  /** How often what there was had to be thrown away. */
  restarts: number;
  /** The strong ETag of the last answer. */
  etag: string | undefined;
}

/**
 * Writes a file, which is whole, right and flushed at the end; what it holds already is the start of
 * it, left by an earlier try. Whoever breaks off leaves what there is for the next try.
 * Bytes go to their own places and a file is never cut short, so that two processes that write the
 * same one do not harm each other.
 * @throws {Unreached} when the server cannot be reached, or breaks off, once too often
 * @throws {InputError} when the bytes are not what they should be; the file is then gone
 */
export async function* download(
  path: string,
  source: Source,
  patience: Patience,
): AsyncGenerator<DownloadStep, void> {
  const growing = await resume(path, source, patience.signal);
  try {
    if (growing.done > 0) yield { done: growing.done, total: growing.total ?? 0 };
    for (let tries = 1, furthest = growing.done; ; ) {
      try {
        if (growing.done !== source.size) yield* fetchRest(growing, patience);
        const actual = growing.hash.digest('hex');
        if (actual === source.digest.value) break;
        // the parts may be of different files
        if (growing.parts < 2 || growing.restarts > 0) throw wrongBytes(source, actual);
        await restart(growing);
      } catch (error) {
        if (growing.done > furthest) tries = 1;
        furthest = Math.max(furthest, growing.done);
        await pauseAfter(error, tries++, patience, true);
      }
    }
    await growing.file.sync();
  } catch (error) {
    if (error instanceof InputError) await unlink(path).catch(() => undefined);
    throw error;
  } finally {
    await growing.file.close();
  }
}

/** One request, and its bytes. */
async function* fetchRest(
  growing: Growing,
  patience: Patience,
): AsyncGenerator<DownloadStep, void> {
  const looking = watch(patience);
  let chunks: AsyncIterator<Uint8Array> | undefined;
  try {
    looking.arm();
    const answer = await ask(growing, looking);
    chunks = answer.body?.[Symbol.asyncIterator]();
    const begin = answer.status === 206 ? rangeStart(answer) : 0;
    if (begin !== growing.done) await restart(growing);
    const length = lengthOf(answer);
    const { done } = growing;
    const total = length === undefined ? growing.source.size : done + length;
    const fits = begin === done && total === (growing.source.size ?? total);
    if (!fits) throw strange(growing, `${length ?? 'other'} bytes from ${begin}`);
    const etag = answer.headers.get('etag');
    growing.etag = etag?.startsWith('"') ? etag : undefined;
    growing.total = total;
    growing.parts++;
    for (;;) {
      looking.arm();
      const next = await chunks?.next().catch((cause: unknown) => {
        throw brokenOff(growing, looking.signal, cause);
      });
      looking.disarm();
      if (!next || next.done) break;
      await write(growing, next.value);
      yield { done: growing.done, total: growing.total ?? 0 };
    }
    if (growing.done < (growing.total ?? 0)) throw brokenOff(growing, looking.signal);
  } finally {
    looking.disarm();
    await chunks?.return?.().catch(() => undefined);
  }
}

/** An answer with what is still missing, or with everything. */
async function ask(growing: Growing, { signal }: Watch): Promise<Response> {
  const { source, done, etag } = growing;
  // what a server packs on the way has other bytes and another length
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (done > 0) headers.range = `bytes=${done}-`;
  if (done > 0 && etag !== undefined) headers['if-range'] = etag;
  const answer = await source.ask(headers, signal);
  const later = busy(answer, source.url);
  if (!later && answer.status !== 416) return answer;
  await answer.body?.cancel();
  if (later) throw later;
  await restart(growing);
  throw strange(growing, 'status 416');
}

async function write(growing: Growing, bytes: Uint8Array): Promise<void> {
  const { source, total, done, file } = growing;
  if (total !== undefined && done + bytes.length > total) {
    throw new InputError(plain(source.url), `${total} bytes`, 'more', source.remedy);
  }
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, undefined, done + at)).bytesWritten;
  }
  growing.hash.update(bytes);
  growing.done += bytes.length;
}

/** What an earlier try left, hashed; an empty file where there is none. */
async function resume(path: string, source: Source, signal: AbortSignal): Promise<Growing> {
  const file = await open(path, 'r+').catch(() => open(path, 'wx+'));
  const { size: total } = source;
  const hash = freshHash(source);
  const growing: Growing = {
    path,
    source,
    file,
    hash,
    done: 0,
    total,
    parts: 0,
    restarts: 0,
    etag: undefined,
  };
  try {
    const { size } = await file.stat();
    if (size > (total ?? Number.POSITIVE_INFINITY)) await restart(growing);
    else if (size > 0) {
      growing.parts = 1;
      for await (const chunk of file.createReadStream({ start: 0, autoClose: false })) {
        signal.throwIfAborted();
        hash.update(chunk);
        growing.done += chunk.length;
      }
    }
    return growing;
  } catch (error) {
    await growing.file.close().catch(() => undefined);
    throw error;
  }
}

function freshHash({ size, digest }: Source): Hash {
  if (digest.algorithm === 'sha256') return createHash('sha256');
  return createHash('sha1').update(`blob ${size}\0`);
}

/** An empty file in place of the old one, which another process may be writing. */
async function restart(growing: Growing): Promise<void> {
  const { path, source, file } = growing;
  await unlink(path).catch(() => undefined);
  await file.close();
  growing.file = await open(path, 'wx+');
  growing.hash = freshHash(source);
  [growing.done, growing.parts, growing.etag] = [0, 0, undefined];
  growing.restarts++;
}

function rangeStart(answer: Response): number | undefined {
  const [, start] = /^bytes (\d+)-/.exec(answer.headers.get('content-range') ?? '') ?? [];
  return start === undefined ? undefined : Number(start);
}

function lengthOf({ headers }: Response): number | undefined {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? undefined : Number(length);
}

function brokenOff(
  { source, done, total }: Growing,
  signal: AbortSignal,
  cause?: unknown,
): unknown {
  const expected = `${total ?? 'more'} bytes`;
  const remedy = 'Run it again.';
  if (cause !== undefined) {
    return lost(source.url, signal, cause, expected, { remedy, got: `${done}` });
  }
  return new Unreached(plain(source.url), expected, `${done}`, { remedy, transient: true });
}

/** An answer to another question; it may do better when asked for the whole file. */
function strange({ source, restarts }: Growing, got: string): Unreached {
  const expected = `the rest of ${source.size ?? 'the'} bytes`;
  return new Unreached(plain(source.url), expected, got, { transient: restarts < 3 });
}

function wrongBytes({ url, digest, remedy }: Source, actual: string): InputError {
  const name = digest.algorithm === 'git' ? "git's sha1" : 'sha256';
  return new InputError(plain(url), `${name} ${digest.value}`, actual, remedy);
}
