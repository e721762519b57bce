import { mkdir, writeFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { availableMemory, freeMemory, peakMemory } from '../../src/runtime/machine.ts';
import { scratchFolders } from '../hub/folder.ts';

const scratch = scratchFolders();
const meminfo = 'MemTotal:  8000000 kB\nMemFree:  1000000 kB\nMemAvailable:  4000000 kB\n';
const all = 4_096_000_000;

/** What a machine with these files has free. */
async function freeOn(files: Readonly<Record<string, string>>, system: NodeJS.Platform = 'linux') {
  const root = await scratch();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return freeMemory({ root, system });
}

describe('free memory', () => {
  test('on Linux is what the kernel could free', async () => {
    expect(await freeOn({ 'proc/meminfo': meminfo })).toBe(all);
  });

  test('is what is left of the limit of a control group, where that is less', async () => {
    const group = {
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '0::/jobs/this\n',
      'sys/fs/cgroup/jobs/this/memory.max': '3000000000\n',
      'sys/fs/cgroup/jobs/this/memory.stat': 'anon 500000000\nfile 900000000\n',
    };
    expect(await freeOn(group)).toBe(2_500_000_000);
    const looser = { ...group, 'sys/fs/cgroup/jobs/this/memory.max': '6000000000\n' };
    expect(await freeOn(looser)).toBe(all);
    const without = { ...group, 'sys/fs/cgroup/jobs/this/memory.max': 'max\n' };
    expect(await freeOn(without)).toBe(all);
    const parent = { ...without, 'sys/fs/cgroup/jobs/memory.max': '1000000000\n' };
    expect(await freeOn(parent)).toBe(1_000_000_000);
  });

  test('is what is left of a container, whose path is seen outside alone', async () => {
    const two = {
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '0::/docker/1f2e\n',
      'sys/fs/cgroup/memory.max': '2000000000\n',
    };
    expect(await freeOn(two)).toBe(2_000_000_000);
    const one = {
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '8:pids:/docker/1f2e\n4:cpu,memory:/docker/1f2e\n0::/\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '2000000000\n',
      'sys/fs/cgroup/memory/memory.stat': 'rss 1\ntotal_rss 300000000\n',
    };
    expect(await freeOn(one)).toBe(1_700_000_000);
    const used = { ...one, 'sys/fs/cgroup/memory/memory.stat': 'total_rss 2100000000\n' };
    expect(await freeOn(used)).toBe(0);
  });

  test('is what the system says where there is no such table', async () => {
    const free = await freeOn({}, 'win32');
    expect(Math.abs(free - freemem()) / totalmem()).toBeLessThan(0.25); // others take and give
    expect(await freeOn({}, 'darwin')).toBe(totalmem());
  });
});

test('a process can have what it has and what is free', async () => {
  const available = await availableMemory();
  expect(available).toBeGreaterThan(process.memoryUsage.rss());
  expect(available).toBeLessThan(2 * totalmem());
});

test('the peak is no less than what the process has now', () => {
  expect(peakMemory()).toBeGreaterThan(0.9 * process.memoryUsage.rss());
});
