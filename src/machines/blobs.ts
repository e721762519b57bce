/** I/O: bytes that are too large for a message, on Redis or in a folder that all machines see. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { unlessMissing, writeFileAtomic } from '../disk/atomic.ts';
import { unread, writingTo } from '../disk/words.ts';
import { InputError } from '../errors.ts';
import { type Blobs, keysOf } from './protocol.ts';
import { asBuffer, type Connection, explain, isFull } from './redis.ts';

/** Whose bytes they are, and how many there may be. */
export interface BlobOptions {
  readonly prefix: string;
  readonly run: string;
  /** Bytes of one. @default 512 MiB on Redis, which takes no more; without end in a folder */
  readonly largest?: number;
  /** Bytes of all that were put here and not dropped. @default 4 GiB on Redis, without end in a folder */
  readonly total?: number;
  /** Seconds after which what nobody put again or asked for is forgotten. @default a day */
  readonly seconds?: number;
}

const day = 24 * 3600;
const [redisLargest, redisTotal] = [512 * 2 ** 20, 4 * 2 ** 30];
const shareRemedy = 'Let large data travel through a folder that all see: `shared`.';

/** The name by which bytes are asked for that are the same wherever they come from. */
export function nameOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Blobs of a run on Redis. @param place of the server, for messages */
export function redisBlobs(
  connection: Connection,
  place: string,
  { prefix, run, largest = redisLargest, total = redisTotal, seconds = day }: BlobOptions,
): Blobs {
  const key = (name: string) => keysOf(prefix).blob(run, checked(name));
  const outstanding = counted({ largest, total, seconds, remedy: shareRemedy });
  return {
    inOrder: true, // one connection, one server that does as it is told one after the other
    async put(name, bytes) {
      outstanding.add(name, bytes.length);
      try {
        // at once: what is asked first whether it is there is behind what was sent meanwhile
        await connection.set(key(name), asBuffer(bytes), 'EX', seconds);
      } catch (error) {
        outstanding.drop(name);
        throw isFull(error) ? explain(error, place) : error;
      }
    },
    async get(name) {
      const bytes = await connection.getexBuffer(key(name), 'EX', seconds);
      return bytes === null ? undefined : verified(name, bytes, place);
    },
    async drop(names) {
      for (const name of names) outstanding.drop(name);
      if (names.length > 0) await connection.unlink(...names.map(key));
    },
  };
}

/** Blobs of a run in a folder; those of runs that ended long ago are swept away. */
export async function folderBlobs(
  folder: string,
  { prefix, run, largest = Infinity, total = Infinity, seconds = day }: BlobOptions,
): Promise<Blobs> {
  const mine = { path: resolve(folder), instead: 'name another folder by `shared`' };
  const all = folderOf(mine.path, prefix);
  const path = (name: string) => join(all, checked(run), checked(name));
  const outstanding = counted({ largest, total, seconds, remedy: 'Take a smaller model.' });
  await writingTo(mine, () => mkdir(all, { recursive: true }));
  await sweep(all, Date.now() - 1000 * seconds);
  const renew = (file: string) => utimes(file, new Date(), new Date());
  return {
    inOrder: false,
    async put(name, bytes) {
      const file = path(name);
      const isThere = await renew(file).then(() => true, unlessMissing(false));
      if (isThere) return;
      outstanding.add(name, bytes.length);
      await writingTo(mine, () => writeFileAtomic(file, bytes)).catch((error) => {
        outstanding.drop(name);
        throw error;
      });
    },
    async get(name) {
      const file = path(name);
      const bytes = await readFile(file).catch((cause) => {
        if (cause.code === 'ENOENT') return undefined;
        throw unread(file, cause);
      });
      if (!bytes) return undefined;
      await renew(file).catch(() => undefined); // dropped meanwhile, or not ours to touch
      return verified(name, bytes, folder);
    },
    async drop(names) {
      for (const name of names) {
        outstanding.drop(name);
        await rm(path(name), { force: true });
      }
    },
  };
}

/** Takes what a run has left in a folder. */
export async function dropFolderBlobs(
  folder: string,
  { prefix, run }: Pick<BlobOptions, 'prefix' | 'run'>,
): Promise<void> {
  await rm(join(folderOf(folder, prefix), checked(run)), { recursive: true, force: true });
}

/** Where runs of a prefix have theirs. */
function folderOf(shared: string, prefix: string): string {
  return join(shared, ...prefix.split(':').map((part) => encodeURIComponent(part)));
}

/** Names come from messages: none of them leads anywhere else. */
function checked(name: string): string {
  if (/^[\w-][\w.-]{0,99}$/.test(name)) return name;
  throw new InputError('blob', 'a name of letters, digits, - and .', JSON.stringify(name));
}

/** Bytes under their hash are those of the hash. */
function verified(name: string, bytes: Uint8Array, place: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(name)) return bytes;
  const hash = nameOf(bytes);
  if (hash === name) return bytes;
  const told = `sha256 ${hash.slice(0, 12)}…, ${bytes.length} bytes`;
  throw new InputError(`${place}: blob`, `sha256 ${name.slice(0, 12)}…`, told);
}

interface Limits {
  readonly largest: number;
  readonly total: number;
  readonly seconds: number;
  readonly remedy: string;
}

/** What was put and not dropped; what has been forgotten by now is not counted. */
function counted({ largest, total, seconds, remedy }: Limits) {
  const sizes = new Map<string, { readonly bytes: number; readonly until: number }>();
  return {
    add(name: string, bytes: number) {
      if (bytes > largest) {
        const expected = `at most ${largest} bytes in one piece`;
        throw new InputError(`blob ${name}`, expected, `${bytes}`, remedy);
      }
      let all = bytes;
      for (const [other, one] of sizes) {
        if (one.until < performance.now()) sizes.delete(other);
        else all += one.bytes;
      }
      if (all > total) {
        const expected = `at most ${total} bytes under way at one time`;
        throw new InputError(`blob ${name}`, expected, `${all}`, remedy);
      }
      sizes.set(name, { bytes, until: performance.now() + 1000 * seconds });
    },
    drop: (name: string) => void sizes.delete(name),
  };
}

/** Removes files that nobody has touched since then, and folders of runs that have none left. */
async function sweep(all: string, since: number): Promise<void> {
  for (const run of await readdir(all)) {
    const names = await readdir(join(all, run)).catch(unlessMissing<string[]>([]));
    let left = names.length;
    for (const name of names) {
      const file = join(all, run, name);
      const stats = await stat(file).catch(unlessMissing(undefined));
      if (stats && stats.mtimeMs >= since) continue;
      await rm(file, { force: true });
      left--;
    }
    if (left === 0) await rm(join(all, run), { recursive: true, force: true });
  }
}
