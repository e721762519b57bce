/** The program as a process that can be killed, and what a killed one may leave behind. */
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { fingerprintFile } from '../../src/disk/fingerprint.ts';
import { readEvents } from '../../src/store/event-log.ts';
import { readQueries, readRollouts } from '../../src/store/rollouts.ts';
import { openSafetensors } from '../../src/tensors/safetensors.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const counter = fileURLToPath(new URL('./kill-at.js', import.meta.url));

/** When to kill: milliseconds after its start, or in its n-th operation on files. */
export type Moment = { readonly after: number } | { readonly operation: number };

/** How it ended, and how much there was of what a moment is measured in. */
export interface Ended {
  readonly killed: boolean;
  readonly milliseconds: number;
  /** On files, those that change something. Only of a program that was not killed. */
  readonly operations: number;
}

/**
 * Runs the program until its end or until it is killed.
 * @param countTo a file to write the operations to
 * @throws when it ends by itself with an error
 */
export async function program(
  words: readonly string[],
  countTo: string,
  moment?: Moment,
): Promise<Ended> {
  const start = performance.now();
  const kill = moment && 'operation' in moment ? { TACTFUL_KILL_AT: `${moment.operation}` } : {};
  const child = spawn(process.execPath, ['--import', counter, main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TACTFUL_COUNT_TO: countTo, ...kill },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (some) => {
      text += some;
    });
  }
  const after = moment && 'after' in moment ? moment.after : undefined;
  const timer = after !== undefined && setTimeout(() => child.kill('SIGKILL'), after);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...how) => resolve(how)),
  );
  if (timer) clearTimeout(timer);
  const milliseconds = performance.now() - start;
  if (signal === 'SIGKILL') return { killed: true, milliseconds, operations: 0 };
  if (code !== 0) throw new Error(`tactful ${words[0]} ended with ${code}:\n${text}`);
  return { killed: false, milliseconds, operations: Number(await readFile(countTo, 'utf8')) };
}

/**
 * Looks at all that is under its own name in a run's folder: it must be whole, whenever the run was
 * killed. Only the last line of `events.jsonl` and of
 * `rollouts/queries.jsonl` may be torn.
 * @throws when a file is not what its name says, or a checkpoint is not what its record says
 */
export async function checkWhole(run: string): Promise<void> {
  for (const path of await filesOf(run)) {
    const name = path.slice(run.length + 1);
    if (name === 'events.jsonl') await readEvents(path);
    else if (name === 'rollouts/queries.jsonl') await readQueries(run);
    else if (name.endsWith('.jsonl.gz')) await readRollouts(run, Number(/\d+/.exec(name)));
    else if (name.endsWith('.jsonl')) (await linesOf(path)).map((line) => JSON.parse(line));
    else if (name.endsWith('.json')) JSON.parse(await readFile(path, 'utf8'));
    else if (name.endsWith('.yaml')) parse(await readFile(path, 'utf8'));
    else if (name.endsWith('.safetensors')) await openSafetensors(path);
    if (name.endsWith('state.json') && name.startsWith('checkpoints')) await checkRecord(path);
  }
  for (const folder of await foldersOf(join(run, 'checkpoints'))) {
    await readFile(join(folder, 'state.json'));
  }
}

/** Files under their own names, not those of a temporary file or folder. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const own = entries.filter(({ name }) => !name.startsWith('.'));
  const found = own.map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesOf(path) : [path];
  });
  return (await Promise.all(found)).flat();
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const own = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return own.map(({ name }) => join(folder, name));
}

async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  if (!text.endsWith('\n')) throw new Error(`${path} ends in the middle of a line`);
  return text.slice(0, -1).split('\n');
}

async function checkRecord(path: string): Promise<void> {
  const { files } = JSON.parse(await readFile(path, 'utf8')) as { files: Record<string, string> };
  for (const [name, expected] of Object.entries(files)) {
    const actual = await fingerprintFile(join(dirname(path), name));
    if (actual !== expected) throw new Error(`${path}: ${name} is another file`);
  }
}
