/** The commands as people use them: workers, a run on them, who looks at them, and what its folder keeps. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobEvent } from '../../src/events.ts';
import { readEvents } from '../../src/store/event-log.ts';
import { type RedisServer, redisServer } from './redis-server.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const password = 'pass-word-of-the-test';
const env = { ...process.env, NO_COLOR: '1', TACTFUL_OPENVINO: '', TACTFUL_REDIS_PASSWORD: '' };

let server: RedisServer;
let folder: string;
let redis: string;
beforeAll(async () => {
  server = await redisServer('--requirepass', password);
  redis = `redis://:${password}@127.0.0.1:${server.port}`;
  folder = await mkdtemp(join(tmpdir(), 'tactful-commands-'));
});
afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await server.close();
  await rm(folder, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly end: Promise<number | null>;
  text(): string;
}

const started: Started[] = [];

/** A process of the program, and what it says. */
function start(words: readonly string[], more: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (some) => {
      text += some;
    });
  }
  const end = once(child, 'close').then(([code]) => code as number | null);
  const one = { child, end, text: () => text };
  started.push(one);
  return one;
}

const says = (one: { text(): string }, pattern: RegExp) =>
  expect.poll(one.text, { interval: 50 }).toMatch(pattern);

async function run(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...words], {
    cwd: folder,
    env,
  });
  return stdout;
}

const short = ['--steps', '4', '--samples', '4', '--batch-size', '8', '--calibrate', '8'];
const without = ['--guards', 'off', '--checkpoint-every', '1'];

test('a run waits for its first worker, says how one is started, and ends as one without workers', async () => {
  const detox = start(['detox', ...short, ...without, '--workers', redis, '--output', 'many']);
  const where = `redis://127.0.0.1:${server.port}`;
  await says(
    detox,
    new RegExp(`waiting for workers: .*Start one: tactful worker --redis ${where}\n`),
  );
  const worker = start(['worker', '--redis', where, '--threads', '1', '--name', 'one'], {
    TACTFUL_REDIS_PASSWORD: password,
  });
  await says(worker, /serves many of /);
  const seen = JSON.parse(await run('workers', '--redis', redis, '--json'));
  expect(seen).toMatchObject({ redis: where, prefix: 'tactful', workers: [{ name: 'one' }] });
  expect(seen.runs).toMatchObject([{ name: 'many' }]);
  expect(await run('workers', '--redis', redis)).toMatch(/^worker +state.*\none .* many /);
  expect(await detox.end).toBe(0);
  expect(detox.text()).toMatch(/train 4\/4 .*· 1 worker/);

  worker.child.kill('SIGINT');
  expect(await worker.end).toBe(0);
  expect(worker.text()).toMatch(/has left many .*ended after \d+ jobs\n/s);
  expect(JSON.parse(await run('workers', '--redis', redis, '--json'))).toMatchObject({
    ...{ workers: [], runs: [] },
  });

  await run('detox', ...short, ...without, '--threads', '1', '--output', 'alone');
  for (const name of ['adapter_model.safetensors', 'value_head.safetensors']) {
    const [many, alone] = await Promise.all(
      ['many', 'alone'].map((one) => readFile(join(folder, one, 'adapter', name))),
    );
    expect(many.equals(alone)).toBe(true);
  }

  const log = await readEvents<JobEvent>(join(folder, 'many', 'events.jsonl'));
  const told = log.flatMap((event) => (event.type === 'machines' ? [event] : []));
  expect(told.flatMap(({ says = [] }) => says).join('\n')).toContain('one');
  expect(told.some(({ workers }) => workers[0]?.name === 'one')).toBe(true);
  expect(log.at(-1)?.type).toBe('finished');
  await expectNoPassword('many', detox.text(), worker.text());
});

test('a run that is stopped goes on with the address that it kept, and the password of the environment', async () => {
  const words = ['--redis', redis, '--threads', '1'];
  const worker = start(['worker', ...words]);
  await says(worker, /models +demo/);
  const first = start([
    'detox',
    ...short,
    ...without,
    '--workers',
    redis,
    '--steps',
    '12',
    '--output',
    'stopped',
  ]);
  const log = () => readFile(join(folder, 'stopped', 'events.jsonl'), 'utf8').catch(() => '');
  await expect.poll(log, { interval: 20 }).toContain('"type":"step"');
  first.child.kill('SIGINT');
  expect(await first.end).toBe(130);
  const kept = await readFile(join(folder, 'stopped', 'config.yaml'), 'utf8');
  expect(kept).toContain(`workers: redis://127.0.0.1:${server.port}\n`);
  expect(kept).not.toMatch(/engine|precision/);

  const shut = start(['resume', 'stopped']);
  expect(await shut.end).toBe(1);
  expect(shut.text()).toMatch(/NOAUTH.*TACTFUL_REDIS_PASSWORD/);

  const again = start(['resume', 'stopped'], { TACTFUL_REDIS_PASSWORD: password });
  expect(await again.end).toBe(0);
  await run('detox', ...short, ...without, '--steps', '12', '--threads', '1', '--output', 'whole');
  const [one, other] = await Promise.all(
    ['stopped', 'whole'].map((name) =>
      readFile(join(folder, name, 'adapter', 'adapter_model.safetensors')),
    ),
  );
  expect(one.equals(other)).toBe(true);
  worker.child.kill('SIGTERM');
  expect(await worker.end).toBe(0);
  await expectNoPassword('stopped', first.text(), shut.text(), again.text(), worker.text());
});

test('a run whose only worker is killed waits for another, and says so', async () => {
  const words = ['worker', '--redis', redis, '--threads', '1', '--name'];
  const first = start([...words, 'first']);
  const detox = start([
    'detox',
    ...short,
    ...without,
    '--steps',
    '12',
    '--workers',
    redis,
    '--output',
    'lost',
  ]);
  const log = () => readFile(join(folder, 'lost', 'events.jsonl'), 'utf8').catch(() => '');
  await expect.poll(log, { interval: 20 }).toContain('"type":"step"');
  first.child.kill('SIGKILL');
  await says(detox, /worker first on .* left\n/);
  await says(detox, /waiting for workers: none at .* serves the run\. Start one: /);
  expect(detox.child.exitCode).toBe(null);
  const second = start([...words, 'second']);
  expect(await detox.end).toBe(0);
  expect(detox.text()).toMatch(/worker second on .* joined\n/);
  const [one, other] = await Promise.all(
    ['lost', 'whole'].map((name) =>
      readFile(join(folder, name, 'adapter', 'adapter_model.safetensors')),
    ),
  );
  expect(one.equals(other)).toBe(true);
  second.child.kill('SIGINT');
  expect(await second.end).toBe(0);
});

test.each([
  ['--threads', '2'],
  ['--engine', 'onnxruntime'],
  ['--precision', 'f32'],
])('beside workers %s is theirs', async (...words) => {
  const wrong = start(['detox', '--workers', redis, ...words]);
  expect(await wrong.end).toBe(1);
  expect(wrong.text()).toContain(`error: ${words[0]}: expected a setting with an effect`);
  expect(wrong.text()).toContain(
    '--workers compute, and each says so for itself, as in tactful worker',
  );
});

/** Neither what was said nor what was kept. */
async function expectNoPassword(output: string, ...texts: string[]): Promise<void> {
  for (const text of texts) expect(text).not.toContain(password);
  const files = await readdir(join(folder, output), { recursive: true, withFileTypes: true });
  for (const file of files.filter((one) => one.isFile())) {
    const text = await readFile(join(file.parentPath, file.name), 'latin1');
    expect([file.name, text.includes(password)]).toEqual([file.name, false]);
  }
}
