/** The tarball, as a user installs it: what it runs, how it is bundled, what can be removed. I/O: the npm registry. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const minutes = 10 * 60_000;

/** What an npm script around the tests tells of itself would make another npm install into this project. */
const outer = Object.entries(process.env).filter(
  ([name]) => !/^npm_config_local_prefix$|^npm_package/.test(name),
);
const env = { ...Object.fromEntries(outer), ONNXRUNTIME_NODE_INSTALL: 'skip' };

const run = (cwd: string, command: string, ...words: string[]) =>
  execute(command, words, { cwd, env, maxBuffer: 2 ** 26 });

let packed: string;
let tarball: string;
beforeAll(async () => {
  packed = await mkdtemp(join(tmpdir(), 'tactful-packed-'));
  await run(root, 'npm', 'pack', '--ignore-scripts', '--pack-destination', packed);
  tarball = join(packed, (await readdir(packed))[0]);
}, minutes);
afterAll(() => rm(packed, { recursive: true }));

/** A project that has installed the tarball. */
async function installed(...words: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-installed-'));
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  await run(folder, 'npm', 'install', ...quiet, tarball, ...words);
  return folder;
}

const tactful = (folder: string, ...words: string[]) =>
  run(
    folder,
    process.execPath,
    join(folder, 'node_modules', 'tactful', 'dist', 'cli', 'main.js'),
    ...words,
  );

/** One step of the demo. */
async function expectDemo(folder: string): Promise<void> {
  const short = [
    '--steps',
    '1',
    '--samples',
    '4',
    '--max-rows',
    '60',
    '--batch-size',
    '4',
    '--mini-batch-size',
    '4',
  ];
  const { stdout } = await tactful(
    folder,
    'detox',
    '--engine',
    'onnxruntime',
    ...short,
    '--max-new-tokens',
    '6',
    '--output',
    'run',
    '--json',
  );
  expect(stdout).toContain('"');
  expect(existsSync(join(folder, 'run', 'adapter', 'adapter_model.safetensors'))).toBe(true);
}

const program = `import { RlConfig, presets, startEngine } from 'tactful';
const engine = await startEngine({ engine: 'onnxruntime', threads: 1 });
console.log(engine.description, RlConfig.parse({ steps: 3 }).steps, presets.demo.model.length > 0);
await engine.close();
`;
const answer = /^onnxruntime \S+ cpu, 1 thread 3 true\n$/;

describe('installed without scripts', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await installed('--ignore-scripts', 'esbuild@0.28.2');
    await writeFile(join(folder, 'app.ts'), program);
  }, minutes);
  afterAll(() => rm(folder, { recursive: true }));

  test('it shows its help and runs the demo', async () => {
    expect((await tactful(folder, '--help')).stdout).toContain('detox');
    await expectDemo(folder);
  });

  test('a program that uses it is bundled by esbuild as the guide says', async () => {
    const guide = await readFile(join(root, 'docs', 'guide.md'), 'utf8');
    const [, words] = /`npx esbuild ([^`]+)`/.exec(guide)!;
    await run(folder, join(folder, 'node_modules', '.bin', 'esbuild'), ...words.split(' '));
    expect((await run(folder, process.execPath, 'app.mjs')).stdout).toMatch(answer);
  });

  test('and by Vite', async () => {
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
    await run(
      folder,
      process.execPath,
      vite,
      'build',
      '--ssr',
      'app.ts',
      '--outDir',
      'built',
      '--logLevel',
      'error',
    );
    const [name] = await readdir(join(folder, 'built'));
    expect((await run(folder, process.execPath, join('built', name))).stdout).toMatch(answer);
  });

  test('the line that removes other platforms leaves what this one needs', async () => {
    const page = await readFile(join(root, 'docs', 'dependencies.md'), 'utf8');
    const [, code] = /^node -e "(.*)"$/m.exec(page)!;
    await run(folder, process.execPath, '-e', code);
    const binaries = join(folder, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6');
    expect(await readdir(binaries)).toEqual([process.platform]);
    expect(await readdir(join(binaries, process.platform))).toEqual([process.arch]);
    expect((await run(folder, process.execPath, 'app.mjs')).stdout).toMatch(answer);
  });
});

test(
  'installed with scripts it runs the demo',
  async () => {
    const folder = await installed();
    await expectDemo(folder);
    await rm(folder, { recursive: true });
  },
  minutes,
);
