/** Places that have no room or may not be written: what is said, what is left, and how it goes on. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { zip as zipped } from '../install/zip.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const demo = fileURLToPath(new URL('../../demo', import.meta.url));
const engine = ['--engine', 'onnxruntime', '--threads', '1'];
const isRoot = process.getuid?.() === 0;

let directory: string;
let detox: string[];
const at = (...names: string[]) => join(directory, ...names);

/** What a shell does before it becomes tactful. */
function tactful(words: readonly string[], before = '', user?: number) {
  const script = `${before ? `${before}; ` : ''}exec "$@"`;
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', script, 'bash', process.execPath, main, ...words],
    { encoding: 'utf8', ...(user !== undefined && { uid: user }) },
  );
  return { code: status, out: stdout, err: stderr.trimEnd().split('\n').at(-1) };
}

/** Whether a line of a shell does what it says. */
function shell(line: string): boolean {
  return spawnSync('bash', ['-c', line]).status === 0;
}

/** Whether disks can be mounted here: small ones are full in earnest. */
const canMount = shell(
  'p=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs $p && umount $p && rmdir $p',
);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-disk-'));
  await chmod(directory, 0o755);
  const settings = await tinySettings(directory);
  const flags = {
    ...settings,
    batchSize: 4,
    miniBatchSize: 2,
    samples: 3,
    rows: 3,
    checkpointEvery: 1,
  };
  detox = Object.entries(flags).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
});
afterAll(() => rm(directory, { recursive: true }));

const sft = [
  '--model',
  join(demo, 'model'),
  '--data',
  join(demo, 'dialogues.csv'),
  '--max-rows',
  '40',
];
const training = [
  ...sft,
  '--batch-size',
  '16',
  '--epochs',
  '2',
  '--checkpoint-every',
  '2',
  ...engine,
];

describe('files may not be larger than is allowed', () => {
  const limit = 'ulimit -f 8'; // 8 KiB: configs and logs go through
  const got =
    'expected a place that can be written, got a file larger than is allowed here (ulimit -f). Raise that limit.';

  test('detox says which, and goes on afterwards as if it had never been stopped', async () => {
    const [whole, run] = [at('whole'), at('run')];
    const { code, err } = tactful(['detox', ...detox, ...engine, '--output', run], limit);
    expect({ code, err }).toEqual({
      code: 1,
      err: `error: ${run}/checkpoints/step-000000: ${got} Then go on: npx tactful resume ${run}`,
    });
    expect(await readdir(run)).not.toContain('lock');
    expect(
      (await readdir(join(run, 'checkpoints'))).filter((name) => name.endsWith('.tmp')),
    ).toEqual([]);
    expect(tactful(['resume', run]).code).toBe(0);
    expect(tactful(['detox', ...detox, ...engine, '--output', whole]).code).toBe(0);
    const bytes = (folder: string) =>
      readFile(join(folder, 'adapter', 'adapter_model.safetensors'));
    expect(await bytes(run)).toEqual(await bytes(whole));
  });

  test('sft says which, and goes on afterwards', async () => {
    const output = at('sft');
    const { code, err } = tactful(['sft', ...training, '--output', output], limit);
    expect({ code, err }).toEqual({
      code: 1,
      err: `error: ${output}/checkpoints/step-000002: ${got} Then go on: npx tactful resume ${output}`,
    });
    expect(tactful(['resume', output]).code).toBe(0);
    expect(await readdir(output)).toContain('adapter_model.safetensors');
  });

  test.each([
    ['merge', ['--model', join(demo, 'model'), '--adapter', join(demo, 'adapter')]],
    ['export', ['--model', join(demo, 'model')]],
    ['sft', [...sft, '--full', '--epochs', '1', ...engine]],
  ])('%s leaves nothing that is half written', async (command, words) => {
    const folder = at(`half-${command}`);
    await mkdir(folder);
    const output = join(folder, 'out');
    const { code, err } = tactful([command, ...words, '--output', output], limit);
    expect({ code, err }).toEqual({ code: 1, err: `error: ${output}: ${got}` });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe.runIf(canMount)('a disk that is full', () => {
  const mounted = (name: string) => at(name);
  async function disk(name: string, size: string): Promise<string> {
    await mkdir(mounted(name));
    expect(shell(`mount -t tmpfs -o size=${size} tmpfs ${mounted(name)}`)).toBe(true);
    return mounted(name);
  }
  const unmount = (place: string) => shell(`umount ${place}`);

  test('is told with what is needed, and a run goes on when there is room again', async () => {
    const place = await disk('small', '512k');
    try {
      await writeFile(join(place, 'other'), new Uint8Array(440_000));
      const run = join(place, 'run');
      const { code, err } = tactful(['detox', ...detox, ...engine, '--output', run]);
      expect(code).toBe(1);
      expect(err).toMatch(
        new RegExp(
          `^error: ${run}/checkpoints/step-00000\\d: expected room for \\d\\.\\d MB, got a full disk\\. Make room, or name another folder by --output\\. Then go on: npx tactful resume ${run}$`,
        ),
      );
      shell(`mount -o remount,size=64m ${place}`);
      expect(tactful(['resume', run]).code).toBe(0);
    } finally {
      unmount(place);
    }
  });

  test('is seen before anything is written, where it is known what is needed', async () => {
    const place = await disk('tight', '1m');
    try {
      const words = ['--model', join(demo, 'model'), '--output', join(place, 'out')];
      for (const line of [
        ['merge', '--adapter', join(demo, 'adapter'), ...words],
        ['export', ...words],
      ]) {
        const { code, err } = tactful(line);
        expect(code).toBe(1);
        expect(err).toMatch(
          /: expected room for \d\.\d MB, got 1\.0 MB free\. Make room, or name another folder by --output\.$/,
        );
        expect(await readdir(place)).toEqual([]);
      }
    } finally {
      unmount(place);
    }
  });

  test('is told of temporary files, with the variable that names another place', async () => {
    const place = await disk('temporary', '64k');
    try {
      await writeFile(join(place, 'other'), new Uint8Array(65_536));
      const zip = at('adapter.zip');
      const names = ['adapter_config.json', 'adapter_model.safetensors'];
      const entries = names.map(async (name) => ({
        name,
        data: await readFile(join(demo, 'adapter', name)),
      }));
      await writeFile(zip, zipped(await Promise.all(entries)));
      const { code, err } = tactful(['inspect', '--adapter', zip], `export TMPDIR=${place}`);
      expect({ code, err }).toEqual({
        code: 1,
        err: `error: ${place}: expected room on the disk, got a full disk. Make room, or choose another folder for temporary files by TMPDIR.`,
      });
    } finally {
      unmount(place);
    }
  });

  test('read-only is told as such', async () => {
    const place = await disk('fixed', '1m');
    try {
      shell(`mount -o remount,ro ${place}`);
      const cases = [
        ['init', join(place, 'x.yaml')],
        ['detox', ...detox, ...engine, '--output', join(place, 'run')],
        ['sft', ...training, '--output', join(place, 'sft')],
        [
          'merge',
          '--model',
          join(demo, 'model'),
          '--adapter',
          join(demo, 'adapter'),
          '--output',
          join(place, 'm'),
        ],
      ];
      for (const line of cases) {
        const { code, err } = tactful(line);
        expect(code, line[0]).toBe(1);
        expect(err, line[0]).toMatch(
          /^error: \S+fixed\S*: expected a place that can be written, got a read-only disk\. Name another (file|folder by --output)\.$/,
        );
      }
    } finally {
      unmount(place);
    }
  });
});

test('a folder of somebody else is told as such', async () => {
  const folder = at('theirs');
  await mkdir(folder);
  await chmod(folder, 0o555);
  const nobody = isRoot ? 65_534 : undefined;
  const cases = [
    ['init', join(folder, 'x.yaml')],
    ['detox', ...detox, ...engine, '--output', join(folder, 'run')],
    ['sft', ...training, '--output', join(folder, 'sft')],
    ['export', '--model', join(demo, 'model'), '--output', join(folder, 'onnx')],
  ];
  for (const line of cases) {
    const { code, err } = tactful(line, '', nobody);
    expect(code, line[0]).toBe(1);
    expect(err, line[0]).toMatch(
      /^error: \S+theirs\S*: expected a place that can be written, got no permission\. Name another (file|folder by --output)\.$/,
    );
  }
});

test('what is printed to a full disk is told', () => {
  const { code, err } = tactful(['init', '-'], 'exec >/dev/full');
  expect({ code, err }).toEqual({
    code: 1,
    err: 'error: standard output: expected a place that can be written, got a full disk. Send it elsewhere, or make room.',
  });
});
