/** The programs in tools/: `npm test` builds what they import of src/ first. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const makeDemo = fileURLToPath(new URL('../../tools/make-demo.js', import.meta.url));
const run = (word: string) =>
  spawnSync(process.execPath, [makeDemo, word], { encoding: 'utf8', timeout: 60_000 });

beforeAll(() => {
  const compiler = ['node_modules/typescript/bin/tsc', '-p', 'tools/tsconfig.json'];
  const { status, stdout } = spawnSync(process.execPath, compiler, { cwd: root, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

test('make-demo finds all that it imports, and tells its options', () => {
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: /) });
});

test('make-demo refuses an option that it does not know', () => {
  expect(run('--outptu')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^error: Unknown option '--outptu'/),
  });
});
