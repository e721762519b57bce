/** What the system says of a file or a folder, in our words. Pure. */
import { TactfulError, UnavailableError } from '../errors.ts';

/** By the system's code. */
const words: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EADDRINUSE: 'one that is in use',
  EBUSY: 'one that is in use',
  EDQUOT: 'a quota that is used up',
  EEXIST: 'a file where a folder has to be',
  EFBIG: 'a file larger than is allowed here (ulimit -f)',
  EIO: 'an error of the disk itself',
  EISDIR: 'a folder',
  ELOOP: 'links that lead in a circle',
  EMFILE: 'too many open files (ulimit -n)',
  ENAMETOOLONG: 'a name that is too long',
  ENFILE: 'too many open files on this machine',
  ENOENT: 'no such file or folder',
  ENOSPC: 'a full disk',
  ENOTDIR: 'a file where a folder has to be',
  EPERM: 'no permission',
  EROFS: 'a read-only disk',
  ETXTBSY: 'one that is in use',
  EXDEV: 'another disk',
};
const isFull = (code: string) => code === 'ENOSPC' || code === 'EDQUOT';

/** An error of the system about a file. */
type DiskError = Error & {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string | undefined;
  /** Of a copy. */
  readonly dest?: string | undefined;
};

/** Whether an error is the system's, and about files: not one of ours, nor of a network. */
function isDiskError(error: unknown): error is DiskError {
  if (!(error instanceof Error) || error instanceof TactfulError) return false;
  const { code, syscall } = error as Partial<DiskError>;
  const isOfFile =
    typeof syscall === 'string' && !/^(accept|bind|connect|listen|spawn)/.test(syscall);
  return isOfFile && code !== undefined && Object.hasOwn(words, code);
}

/** What the system's code says, `a full disk`; of one that is not known, the code. */
export function wordsOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (typeof code !== 'string') return error instanceof Error ? error.message : String(error);
  return Object.hasOwn(words, code) ? words[code] : code;
}

/** What else can be done about a place that `output` names. */
export const outputInstead = 'name another folder by `output`';

/** Where something is written. */
export interface Place {
  /** File or folder as the user knows it. */
  readonly path: string;
  /** What else can be done, as a clause: `name another folder`. */
  readonly instead: string;
  /** Bytes that have to go there. */
  readonly bytes?: number | undefined;
}

/**
 * An error met while writing.
 * @returns an UnavailableError with path and remedy, for what the system says of files; others as they are
 */
export function unwritable(error: unknown, { path, instead, bytes }: Place): unknown {
  if (!isDiskError(error)) return error;
  const { code, syscall } = error;
  const place = placeOf(error) ?? path;
  if (isOfReading(syscall, place, path)) return unreadable(error, place);
  if (isFull(code)) return noRoom(place, { instead, bytes, got: wordsOf(error), cause: error });
  const isLimit = code === 'EMFILE' || code === 'ENFILE' || code === 'EFBIG';
  const remedy = isLimit ? 'Raise that limit.' : sentence(instead);
  return new UnavailableError(place, 'a place that can be written', wordsOf(error), remedy, error);
}

/** A disk without room for what has to go there. */
export function noRoom(path: string, { instead, bytes, got, cause }: NoRoom): UnavailableError {
  const expected = bytes === undefined ? 'room on the disk' : `room for ${sizeText(bytes)}`;
  return new UnavailableError(path, expected, got, `Make room, or ${instead}.`, cause);
}

interface NoRoom extends Omit<Place, 'path'> {
  readonly got: string;
  readonly cause?: unknown;
}

/** What is wrong with a file that cannot be read, and what to do. */
export function readingOf(error: unknown): { readonly got: string; readonly remedy: string } {
  const { code = '' } = (error ?? {}) as { readonly code?: string };
  const got = code === 'ENOENT' ? 'no such file' : wordsOf(error);
  return { got, remedy: readingRemedies[code] ?? 'Check the path.' };
}

const readingRemedies: Readonly<Record<string, string>> = {
  EACCES: 'Let this user read it.',
  EPERM: 'Let this user read it.',
  EISDIR: 'Name a file.',
  EIO: 'Take another copy of it.',
  EMFILE: 'Raise that limit.',
  ENFILE: 'Close some.',
};

/** The error of a file that cannot be read. */
export function unread(
  path: string,
  cause: unknown,
  expected = 'a readable file',
): UnavailableError {
  const { got: found, remedy } = readingOf(cause);
  const got = /folder/.test(expected) ? wordsOf(cause) : found;
  return new UnavailableError(path, expected, got, remedy, cause);
}

/**
 * An error met while reading.
 * @returns an UnavailableError, for what the system says of files; others as they are
 */
export function unreadable(error: unknown, path: string): unknown {
  return isDiskError(error) ? unread(path, error) : error;
}

/** Does work that writes to a place; what the system says of it is told as `unwritable` does. */
export async function writingTo<T>(place: Place, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unwritable(error, place);
  }
}

/** The same methods; what the system says to those that write is told as `unwritable` does. */
export function guarded<Methods extends object>(methods: Methods, place: Place): Methods {
  const writes = /^(append|close|drop|finish|write)/;
  const entries = Object.entries(methods).map(([name, method]) => [
    name,
    typeof method === 'function' && writes.test(name)
      ? (...args: unknown[]) => writingTo(place, async () => method(...args))
      : method,
  ]);
  return Object.fromEntries(entries);
}

/** Whether an error is that of a place that cannot be written. */
export function isOfDisk(error: unknown): boolean {
  return error instanceof UnavailableError && isDiskError(error.cause);
}

/** Any other error of the system about files, as an UnavailableError. */
export function ofDisk(error: unknown): unknown {
  if (!isDiskError(error)) return error;
  const place = placeOf(error) ?? 'a file';
  const expected = `a file or folder to work with (${error.syscall})`;
  const remedy = isFull(error.code) ? 'Make room.' : 'Check the path.';
  return new UnavailableError(place, expected, wordsOf(error), remedy, error);
}

/** Whether it is about a file that was only read, while something was written. */
function isOfReading(syscall: string, found: string, place: string): boolean {
  const isElsewhere = !found.includes(place.replace(/^(\.\.?[/\\])+/, ''));
  return syscall === 'read' || syscall === 'scandir' || (syscall === 'open' && isElsewhere);
}

/** What it is about, by the name that it will have in place of that under which it is written. */
function placeOf({ dest, path = dest }: DiskError): string | undefined {
  return (dest ?? path)?.replaceAll(
    /\.([^/\\]+)\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(tmp|old)/g,
    '$1',
  );
}

function sentence(clause: string): string {
  return clause === '' ? '' : `${clause[0].toUpperCase()}${clause.slice(1)}.`;
}

/** `12.5 MB`, `1.2 GB` */
export function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
