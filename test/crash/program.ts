/** The program as a process that can be killed, and what a killed one may leave behind. */
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { fingerprintFile } from '../../src/hub/fingerprint.ts';
import { openSafetensors } from '../../src/hub/safetensors.ts';
import { readEvents } from '../../src/store/event-log.ts';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** When to kill: milliseconds after its start, or after so many changes of its files. */
export type Moment = { readonly after: number } | { readonly changes: number };

/** How it ended, and how much there was of what a moment is measured in. */
export interface Ended {
  readonly killed: boolean;
  readonly milliseconds: number;
  /** Changes of files in its folder. */
  readonly changes: number;
}

/**
 * Runs the program, which writes to a folder, until its end or until it is killed.
 * @throws when it ends by itself with an error
 */
export async function program(
  words: readonly string[],
  folder: string,
  moment?: Moment,
): Promise<Ended> {
  await mkdir(folder, { recursive: true });
  const start = performance.now();
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (some) => (text += some));
  const kill = () => child.kill('SIGKILL');
  let changes = 0;
  const watcher = watch(folder, { recursive: true }, () => {
    changes++;
    if (moment && 'changes' in moment && changes >= moment.changes) kill();
  });
  const timer = moment && 'after' in moment ? setTimeout(kill, moment.after) : undefined;
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...how) => resolve(how)),
  );
  clearTimeout(timer);
  watcher.close();
  const killed = signal === 'SIGKILL';
  if (!killed && code !== 0) throw new Error(`tactful ${words[0]} ended with ${code}:\n${text}`);
  return { killed, milliseconds: performance.now() - start, changes };
}

/**
 * Looks at all that is under its own name in a run's folder: it must be whole, whenever the run was
 * killed. Only the last line of `events.jsonl` may be torn.
 * @throws when a file is not what its name says, or a checkpoint is not what its record says
 */
export async function checkWhole(run: string): Promise<void> {
  for (const path of await filesOf(run)) {
    const name = path.slice(run.length + 1);
    if (name === 'events.jsonl') await readEvents(path);
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
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith('.')).map((name) => join(folder, name));
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

/** Removes a run, so that it can begin again. */
export async function discard(run: string): Promise<void> {
  await rm(run, { recursive: true, force: true });
}
