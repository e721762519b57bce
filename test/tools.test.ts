/** The programs in tools/: `npm test` builds what they import first. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const makeDemo = fileURLToPath(new URL('../tools/make-demo.js', import.meta.url));
const run = (word: string) =>
  spawnSync(process.execPath, [makeDemo, word], { encoding: 'utf8', timeout: 60_000 });

test('make-demo finds all that it imports, and tells its options', () => {
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: /) });
});

test('make-demo refuses an option that it does not know', () => {
  expect(run('--outptu')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^error: Unknown option '--outptu'/),
  });
});
