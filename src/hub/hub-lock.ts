/** One process at a time does a piece of work that leaves a file. I/O. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../disk/alive.ts';

/** A holder shows that it lives this often, and is taken for dead after so long; milliseconds. */
const beat = 5_000;
const longestSilence = 60_000;
/** Milliseconds between two looks at a lock that another one holds. */
const look = 200;

export interface LockOptions {
  readonly signal: AbortSignal;
  /** Told again and again while another process holds the lock. */
  readonly waiting: (holder: string) => Promise<void>;
}

/**
 * Does some work while the lock file at `path` is ours; what a killed process held is free. Two may
 * work at once in the end (a machine that slept, a shared disk whose clocks differ): the work has to
 * bear that.
 */
export async function withLock<T>(
  path: string,
  { signal, waiting }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await take(path))) {
    signal.throwIfAborted();
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (isFree(holder)) await breakLock(path, holder);
    else {
      await waiting(`process ${holder.pid} on ${holder.host}`);
      await sleep(look, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
  const beating = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // the work goes on without it
  }, beat).unref();
  try {
    return await work();
  } finally {
    clearInterval(beating);
    await unlink(path).catch(() => undefined);
  }
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When it last showed that it lives, in milliseconds. */
  readonly seen: number;
  readonly inode: number;
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid} ${hostname()}\n`).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined when the lock has just gone. */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const { mtimeMs: seen, ino: inode } = await stat(path);
    const [pid, host = ''] = (await readFile(path, 'utf8')).trim().split(' ');
    return { pid: Number(pid), host, seen, inode };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isFree({ pid, host, seen }: Holder): boolean {
  const silence = Date.now() - seen;
  if (silence > longestSilence) return true;
  // just made: its holder has not written its name yet
  return host === hostname() && pid > 0 && !isAlive(pid);
}

/** Puts a dead one's lock out of the way; one that another process has taken meanwhile comes back. */
async function breakLock(path: string, { inode }: Holder): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return; // another process was faster
  }
  if ((await stat(aside)).ino !== inode) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}
