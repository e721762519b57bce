/** I/O: the process that is at work in a run, told apart from another that got its number later. */
import { execFile } from 'node:child_process';
import { readFile, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { unlessMissing } from '../disk/atomic.ts';

/** Milliseconds that a system's clocks may differ by: starts of processes are told in seconds. */
const tolerance = 2000;

/** The process that holds a run; undefined when none does, or when it is not sure which. */
export async function holderOf(folder: string): Promise<number | undefined> {
  const path = join(folder, 'lock');
  const pid = Number(await readFile(path, 'utf8').catch(unlessMissing('')));
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const { mtimeMs } = await stat(path);
  const found = await (process.platform === 'linux' ? ofLinux(pid) : ofOthers(pid)).catch(
    () => undefined,
  );
  if (found === undefined || found.program !== basename(process.execPath)) return undefined;
  // whoever started later did not write the lock
  return found.started <= mtimeMs + tolerance ? pid : undefined;
}

interface Found {
  /** Name of its file. */
  readonly program: string;
  /** Milliseconds since 1970. */
  readonly started: number;
}

async function ofLinux(pid: number): Promise<Found> {
  const [status, system, program] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile('/proc/stat', 'utf8'),
    readlink(`/proc/${pid}/exe`),
  ]);
  // the name, in parentheses, may hold spaces; field 22 is the start in hundredths after the boot
  const ticks = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[19]);
  const boot = Number(/^btime (\d+)$/m.exec(system)?.[1]);
  return { program: basename(program), started: (boot + ticks / 100) * 1000 };
}

async function ofOthers(pid: number): Promise<Found> {
  const asked = ['-p', `${pid}`, '-o', 'lstart=,comm='];
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = await promisify(execFile)('ps', asked, { env });
  const [, start, program] = /^\s*(\w+ +\w+ +\d+ +[\d:]+ +\d+) +(.+)$/m.exec(stdout) ?? [];
  return { program: basename(program), started: Date.parse(start) };
}
