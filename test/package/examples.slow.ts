/** The examples of README and guide compile, as strictly as there is, against what a user installs. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Blocks of TypeScript. One that goes on from the block before, without an import, is put in place of its loop. */
async function examples(page: string): Promise<string[]> {
  const text = await readFile(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  return blocks.map((code, i) =>
    code.includes("from 'tactful'") ? code : goingOn(blocks[i - 1], code),
  );
}

function goingOn(before: string, code: string): string {
  const start = before.slice(0, before.indexOf('\nfor await'));
  return start
    .replace("} from 'tactful'", "  openCheckpoints,\n} from 'tactful'")
    .replace('const { policy }', 'const { policy, lora }')
    .concat('\n', code);
}

test('the examples of README and guide compile', async () => {
  const pages = await Promise.all(['README.md', 'docs/guide.md'].map(examples));
  const blocks = pages.flat();
  expect(blocks.length).toBeGreaterThan(6);
  // inside the project, so that `tactful` is found by its own name
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache', 'examples-'));
  try {
    const files = blocks.map((_, i) => join(folder, `example-${i}.ts`));
    await Promise.all(files.map((file, i) => writeFile(file, blocks[i])));
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noImplicitReturns'];
    const flags = [
      ...strict,
      '--noEmit',
      '--skipLibCheck',
      '--target',
      'es2023',
      '--types',
      'node',
    ];
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await run(
      process.execPath,
      [tsc, ...flags, '--module', 'nodenext', '--ignoreConfig', ...files],
      { cwd: root },
    ).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  } finally {
    await rm(folder, { recursive: true });
  }
});
