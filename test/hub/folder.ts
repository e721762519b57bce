import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** Makes empty folders for the tests of one file; all are removed after them. */
export function scratchFolders(): () => Promise<string> {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'tactful-test-'));
  });
  afterAll(() => rm(root, { recursive: true }));
  return () => mkdtemp(join(root, 'folder-'));
}
