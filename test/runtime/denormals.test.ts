import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { arch } from 'node:process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** What the process says of six engines, and of its own numbers. */
async function told(library: 'ours' | 'theirs'): Promise<string[]> {
  const script = join(import.meta.dirname, 'denormals.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script, library]);
  return stdout.trim().split('\n');
}

/** Processors of other kinds have no such mode in the library. */
const flushes = arch === 'x64' ? '1' : '0';

test('every engine of a process has 0 in place of denormal numbers, in each of its threads', async () => {
  expect(await told('ours')).toEqual([...Array(6).fill(flushes), '5e-324 is 5e-324']);
});

test('where somebody else has used the library first, no thread flushes denormal numbers', async () => {
  expect(await told('theirs')).toEqual([...Array(6).fill('0'), '5e-324 is 5e-324']);
});
