/** I/O: runs that are started, stopped and taken up from the page, in processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFile, mkdir, open, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RunSummary, StartRequest } from '../api.ts';
import { exists } from '../disk/atomic.ts';
import { folderName } from '../disk/folder-name.ts';
import { logName } from '../disk/result-folder.ts';
import { isHeld } from '../store/lock.ts';
import { keptFolder, keptName } from './access.ts';
import { holderOf } from './holder.ts';
import { Refusal } from './refusal.ts';

/** How tactful's command line is called. */
export interface Program {
  readonly command: string;
  /** Before its own words. */
  readonly words: readonly string[];
}

export interface Launcher {
  /** @returns the run's id, when it has its folder and its settings are right */
  start(request: StartRequest): Promise<string>;
  /** Asks the run to stop after its step; a run that was asked is not asked again. */
  stop(id: string, folder: string): Promise<void>;
  /** @param hasEnded whether its end was told: its process is about to go */
  resume(id: string, folder: string, hasEnded: boolean): Promise<void>;
  /** Runs that were started and have no log: they fetch models, or broke off before they began. */
  beginning(): Promise<RunSummary[]>;
  /** What ended the last process that was started here for a run, in its words; undefined when all was well. */
  problem(id: string): Promise<string | undefined>;
}

/** Milliseconds between two looks at a process that begins. */
const pause = 50;
/** Looks at one that has its folder and tells nothing yet. */
const patience = 100;

/**
 * @param runs the folder of runs
 * @param program by which runs are started; without one none are
 */
export function newLauncher(runs: string, program: Program | undefined): Launcher {
  const started = new Map<string, { readonly job: string; readonly time: string }>();
  const asked = new Set<string>();

  const logOf = (id: string) => join(runs, keptName, `${encodeURIComponent(id)}.log`);

  /** Until the process has taken the folder. @throws {Refusal} in its words when it ends before */
  async function launch(id: string, args: readonly string[]): Promise<void> {
    if (!program) throw new Refusal(409, 'runs: expected a server that starts some, got another.');
    await keptFolder(runs);
    const log = logOf(id);
    const output = await open(log, 'w', 0o600);
    const all = [...program.words, ...args, '--quiet'];
    const stdio = ['ignore', 'ignore', output.fd] as const;
    const child = spawn(program.command, all, { detached: true, stdio: [...stdio] });
    await output.close();
    child.unref();
    const end = endOf(child, log).catch(() => {}); // the folder of runs may be gone by then
    if ((await Promise.race([end, taken(id, child)])) === 'taken') return;
    await end;
    const problem = await problemIn(log);
    await rm(log, { force: true }); // it is told now
    if (problem !== undefined) throw new Refusal(422, problem);
  }

  /** Most of what can be wrong is told before the first event, or downloads take their time. */
  async function taken(id: string, child: ChildProcess): Promise<'taken' | 'ended'> {
    const lock = join(runs, id, 'lock');
    for (let held = 0; child.exitCode === null && child.signalCode === null; ) {
      const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
      if (holder === child.pid) held++;
      const begins = held > 0 && (await exists(join(runs, id, logName)));
      if (begins || held === patience) return 'taken';
      await setTimeout(pause);
    }
    return 'ended';
  }

  return {
    async start({ job, settings }) {
      const { output, ...own } = settings;
      if (output !== undefined)
        throw new Refusal(422, 'output: expected none, got one.', 'Leave it out.');
      const id = await newFolder(runs);
      const folder = join(runs, id);
      const file = join(await keptFolder(runs), `${id}.yaml`);
      started.set(id, { job, time: new Date().toISOString() });
      try {
        await writeFile(file, JSON.stringify(own, null, 1), { mode: 0o600 });
        await launch(id, [job, '--config', file, '--output', folder]);
        return id;
      } catch (error) {
        started.delete(id);
        await rmdir(folder).catch(() => {}); // it may hold something after all
        if (!(error instanceof Refusal)) throw error;
        throw new Refusal(error.status, withoutFile(error.message, file));
      } finally {
        await rm(file, { force: true });
      }
    },
    async stop(id, folder) {
      const pid = await holderOf(folder);
      if (pid === undefined || process.platform === 'win32') {
        const got = pid === undefined ? 'none' : 'one that only its own terminal can stop';
        throw new Refusal(409, `run ${id}: expected one that is running here, got ${got}.`);
      }
      const key = `${pid} ${folder}`;
      // a second signal would end it at once
      if (!asked.has(key)) process.kill(pid, 'SIGINT');
      asked.add(key);
    },
    async resume(id, folder, hasEnded) {
      for (let looks = 0; hasEnded && looks < patience && (await isHeld(folder)); looks++)
        await setTimeout(pause);
      if (await isHeld(folder))
        throw new Refusal(409, `run ${id}: expected one that has stopped, got one at work.`);
      await launch(id, ['resume', folder]);
    },
    async beginning() {
      const all = await Promise.all(
        [...started].map(async ([id, { job, time }]): Promise<RunSummary[]> => {
          const folder = join(runs, id);
          if (await exists(join(folder, logName))) return [];
          const state = (await isHeld(folder)) ? 'running' : 'broken';
          const problem = await problemIn(logOf(id));
          if (state === 'broken' && problem === undefined) return [];
          return [
            { id, job, time, state, step: 0, steps: 0, ...(problem !== undefined && { problem }) },
          ];
        }),
      );
      return all.flat();
    },
    problem: (id) => problemIn(logOf(id)),
  };
}

/** Waits for the end of a process; what it said stays where it ended badly. */
async function endOf(child: ChildProcess, log: string): Promise<void> {
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('error', () => resolve([null, null]));
    child.once('exit', (...how) => resolve(how));
  });
  // 3 is another verdict than required
  const isWell = code === 0 || code === 3 || code === 130 || signal === 'SIGINT';
  if (isWell) return rm(log, { force: true });
  if ((await problemIn(log)) !== undefined) return;
  const how = signal ? `by ${signal}` : code === null ? 'before it began' : `with ${code}`;
  await appendFile(log, `\nerror: its process ended ${how}.\n`);
}

/** The error in what a process said. */
async function problemIn(log: string): Promise<string | undefined> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return /(?:^|\n)error: ([\s\S]+)$/.exec(text.trimEnd())?.[1];
}

/** Makes a run's folder. @returns its name */
async function newFolder(runs: string): Promise<string> {
  const name = folderName();
  for (let n = 1; ; n++) {
    const id = n === 1 ? name : `${name}-${n}`;
    const isNew = await mkdir(join(runs, id)).then(
      () => true,
      (error) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (isNew) return id;
  }
}

/** `FILE:3 steps: expected …` about `steps`, and what is about the whole file about the settings. */
function withoutFile(message: string, file: string): string {
  const name = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const place = new RegExp(`${name}(:\\d+)?( (?=\\S))?`, 'g');
  return message.replace(place, (_, __, space) => (space ? '' : 'settings'));
}
