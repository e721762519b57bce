/** I/O: what memory the machine has left, and what this process has taken. */
import { readFile } from 'node:fs/promises';
import { freemem, platform, totalmem } from 'node:os';
import { join } from 'node:path';

/** Where a kernel tells its numbers, for tests. */
interface MachineOptions {
  /** @default '/' */
  readonly root?: string;
  /** @default the one that this runs on */
  readonly system?: NodeJS.Platform;
}

/** Bytes that this process can have in all: those that it has, and those that are free. */
export async function availableMemory(): Promise<number> {
  return process.memoryUsage.rss() + (await freeMemory());
}

/**
 * Bytes that can be taken before others must give way. On Linux what the kernel can free, or what
 * is left of the limit of a control group (a container), whichever is less. On macOS all that there
 * is: it counts memory that it only borrows as taken.
 */
export async function freeMemory({
  root = '/',
  system = platform(),
}: MachineOptions = {}): Promise<number> {
  if (system === 'darwin') return totalmem();
  const table = await read(join(root, 'proc/meminfo'));
  const available = /^MemAvailable:\s+(\d+) kB$/m.exec(table)?.[1];
  const free = available === undefined ? freemem() : 1024 * Number(available);
  return Math.min(free, ...(await groupRooms(root)));
}

/** Most bytes that this process had in memory at one time. */
export function peakMemory(): number {
  return 1024 * process.resourceUsage().maxRSS;
}

/** What is left of the limits of this process's control group and of those that it belongs to. */
async function groupRooms(root: string): Promise<number[]> {
  const groups = await read(join(root, 'proc/self/cgroup'));
  const rooms: number[] = [];
  for (const [, controllers, path] of groups.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    const first = controllers === '';
    if (!first && !controllers.split(',').includes('memory')) continue;
    const files = first ? unified : legacy;
    for (const parent of withParents(path)) {
      const at = (name: string) => read(join(root, files.mount, parent, name));
      const limit = Number.parseInt(await at(files.limit), 10); // `max` is no number
      const used = new RegExp(`^${files.used} (\\d+)$`, 'm').exec(await at('memory.stat'))?.[1];
      if (!Number.isNaN(limit)) rooms.push(Math.max(0, limit - Number(used ?? 0)));
    }
  }
  return rooms;
}

/** Control groups of version 2; what files have in memory can be freed and is not counted. */
const unified = { mount: 'sys/fs/cgroup', limit: 'memory.max', used: 'anon' };
/** Those of version 1. */
const legacy = { mount: 'sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', used: 'total_rss' };

/** `/a/b` -> `/a/b`, `/a`, `/`; inside a container the path may be one that is seen outside alone. */
function withParents(path: string): string[] {
  const parts = path.split('/').filter(Boolean);
  return [...parts.map((_, i) => `/${parts.slice(0, parts.length - i).join('/')}`), '/'];
}

/** Empty where there is no such file. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
