/** The real program, in a process of its own: `npm test` builds it first. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { goldenPath } from '../golden.ts';
import { shallowT5 } from '../shallow.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the program; `onOutput` sees what it wrote so far, and may interrupt it. */
function tactful(
  words: readonly string[],
  onOutput: (out: string, child: ReturnType<typeof spawn>) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
    onOutput(out, child);
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, out, err })),
  );
}

let model: string;
beforeAll(async () => {
  model = await mkdtemp(join(tmpdir(), 'tactful-main-'));
  await shallowT5(model);
});
afterAll(() => rm(model, { recursive: true }));

test('the version is that of the package', async () => {
  expect(await tactful(['--version'])).toEqual({
    code: 0,
    signal: null,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    err: '',
  });
});

test('an error ends with 1, and leaves the standard output alone', async () => {
  const { code, out, err } = await tactful(['inspect', '/no/such', '--json']);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toBe(
    'error: /no/such: expected a model, an adapter, a .safetensors file or a config.json, got no such file or folder. Check the path.\n',
  );
});

test('what a module of the user prints stays out of the results', async () => {
  const prompt = join(model, 'prompt.mjs');
  const body = "console.log('in it'); return dialogue;";
  await writeFile(prompt, `export default ({ dialogue }) => { ${body} };\n`);
  const words = [
    '--dialogue',
    'Hi',
    '--prompt-template',
    prompt,
    '--json',
    '--max-new-tokens',
    '2',
  ];
  const { code, out, err } = await tactful(['generate', '--model', model, ...words]);
  expect({ code, query: JSON.parse(out).query }).toEqual({ code: 0, query: 'Hi' });
  expect(err).toContain('in it\n');
});

test('a reward that never answers is an error that is told', async () => {
  const reward = join(model, 'never.mjs');
  await writeFile(reward, 'export default () => new Promise(() => {});\n');
  const words = ['--samples', '4', '--reward', reward, '--output', join(model, 'run')];
  const { code, err } = await tactful(['detox', '--engine', 'onnxruntime', ...words]);
  expect(code).toBe(1);
  expect(err).toContain('error: expected an answer, got none');
}, 60_000);

test('a command that computes ends by itself, with 0', async () => {
  const words = ['generate', '--model', model, '--prompt', 'Hi', '--max-new-tokens', '4', '--json'];
  const { code, out } = await tactful(words);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ query: 'Hi' });
});

const data = ['--data', goldenPath('data', 'dialogsum.test.jsonl')];
const long = [...data, '--samples', '400', '--threads', '1'];

test('Ctrl-C stops between two batches, with 130 and whole lines', async () => {
  const words = ['generate', '--model', model, ...long, '--max-new-tokens', '50', '--json'];
  const { code, out, err } = await tactful(words, (text, child) => {
    if (text.split('\n').length === 17) child.kill('SIGINT');
  });
  expect(code).toBe(130);
  expect(err).toContain('stopping; press Ctrl-C again to stop at once\n');
  expect(err).not.toContain('error:');
  const lines = out.trimEnd().split('\n');
  expect(lines.length).toBeLessThan(400);
  for (const line of lines) JSON.parse(line);
});

test('Ctrl-C ends a training after its step, and says how to go on', async () => {
  const output = join(model, 'after-step');
  const words = ['detox', '--model', model, '--reward-model', goldenPath('roberta', 'model')];
  const job = [...data, '--group-column', 'topic', '--threads', '1', '--output', output];
  const size = ['--samples', '4', '--steps', '1000', '--batch-size', '4', '--calibrate', '0'];
  const shown = ['--evaluate-every', '1', '--validation-samples', '2']; // prints a line a step
  const { code, out } = await tactful([...words, ...job, ...size, ...shown], (text, child) => {
    if (/\nstep 1\//.test(text) && !child.killed) child.kill('SIGINT');
  });
  expect(code).toBe(130);
  expect(out).toMatch(/\nStopped after step \d+ of 1,000\.\n/);
  expect(out).toContain(`npx tactful resume ${output}`);
  expect(await readdir(join(output, 'adapter'))).toContain('adapter_model.safetensors');
});

test('a second Ctrl-C stops at once, in the middle of a computation, as the signal does', async () => {
  const output = join(model, 'stopped');
  const words = ['detox', '--steps', '1000', '--samples', '4', '--threads', '1'];
  let begun = false;
  const { signal, err } = await tactful([...words, '--output', output], (text, child) => {
    if (begun || !text.includes('before')) return;
    begun = true;
    // a busy system makes one signal of two that are close together
    const again = setInterval(() => child.kill('SIGINT'), 50);
    child.on('exit', () => clearInterval(again));
  });
  expect(signal).toBe('SIGINT');
  expect(err).toContain('press Ctrl-C again to stop at once\n');
  expect(err).not.toContain('terminate');
});

test('a reader that leaves is no error', async () => {
  const words = ['generate', '--model', model, ...long, '--max-new-tokens', '4', '--json'];
  const { code, err } = await tactful([...words, '--quiet'], (_, child) => child.stdout?.destroy());
  expect({ code, err }).toEqual({ code: 0, err: '' });
});
