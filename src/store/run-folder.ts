/**
 * I/O: the run folder, one run's record on disk and the truth about it: `config.yaml`,
 * `events.jsonl`, `comparison.jsonl`, `comparison.csv`, `report.md`. Formats: docs/formats.md.
 */
import {
  access,
  constants,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ConfigError, InputError, UnavailableError } from '../errors.ts';
import type { ComparisonRow, RunEvent } from '../events.ts';
import { csv } from './csv.ts';
import { checkRunId, isKept, type RunStore } from './store.ts';

export interface RunFolder {
  readonly directory: string;
  /** What `config.yaml` holds; after a resume that is the first start's. */
  readonly config: Readonly<Record<string, unknown>>;
  /** On disk when the promise resolves. Progress events are not kept. */
  append(event: RunEvent): Promise<void>;
  read(): Promise<RunEvent[]>;
  /** Writes `comparison.jsonl` and `comparison.csv`. */
  writeComparison(rows: readonly ComparisonRow[]): Promise<void>;
  /** Writes `report.md`. */
  writeReport(markdown: string): Promise<void>;
  close(): Promise<void>;
}

export interface RunFolderOptions {
  /** All settings of the run, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Go on with the run that the folder holds. @default false */
  readonly resume?: boolean;
}

/** Columns of `comparison.csv`, in order. */
export const comparisonColumns = [
  'query',
  'response_before',
  'response_after',
  'reward_before',
  'reward_after',
  'reward_diff',
] as const satisfies readonly (keyof ComparisonRow)[];

/**
 * Opens a new, an empty or (to resume) a used folder for one run.
 * @throws {ConfigError} when the folder holds something already, or holds no run to resume
 */
export async function openRunFolder(
  directory: string,
  { config, resume = false }: RunFolderOptions,
): Promise<RunFolder> {
  const configPath = join(directory, 'config.yaml');
  const found = await filesOf(directory);
  if (resume) await expectRun(directory, found);
  else expectEmpty(directory, found);
  await makeFolder(directory);
  if (!resume) await writeWhole(configPath, stringify(config, { lineWidth: 0 }));
  const log = await openLog(join(directory, 'events.jsonl'));
  return {
    directory,
    config: resume ? parse(await readFile(configPath, 'utf8')) : config,
    append: log.append,
    read: () => readEvents(join(directory, 'events.jsonl')),
    async writeComparison(rows) {
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      await writeWhole(join(directory, 'comparison.jsonl'), lines);
      await writeWhole(join(directory, 'comparison.csv'), csv(comparisonColumns, rows));
    },
    writeReport: (markdown) => writeWhole(join(directory, 'report.md'), markdown),
    close: log.close,
  };
}

/** The runs below one folder: `<directory>/<runId>/events.jsonl`. */
export function folderStore(directory: string): RunStore {
  const path = (runId: string) => join(directory, checkRunId(runId), 'events.jsonl');
  const enqueue = queue();
  return {
    append: async (runId, event) => {
      const log = path(runId);
      if (isKept(event)) await enqueue(() => appendOnce(log, event));
    },
    read: async (runId) => readEvents(path(runId)),
    async list() {
      const names = (await filesOf(directory)).filter((name) => !name.startsWith('.'));
      const logs = await Promise.all(names.map((name) => filesOf(join(directory, name))));
      return names.filter((_, i) => logs[i].includes('events.jsonl')).sort();
    },
  };
}

/**
 * Events of an `events.jsonl`; none when there is no such file. A last line that is no JSON was cut
 * off by a crash and is left out.
 * @throws {InputError} when a line before the last one is no JSON
 */
export async function readEvents(path: string): Promise<RunEvent[]> {
  const content = await readFile(path).catch(unlessMissing(Buffer.alloc(0)));
  return parseLog(path, content).events;
}

async function appendOnce(path: string, event: RunEvent): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const log = await openLog(path);
  await log.append(event).finally(log.close);
}

interface Log {
  /** Writes of one process never mix: each waits for the one before. */
  append(event: RunEvent): Promise<void>;
  close(): Promise<void>;
}

/** Opens a log to append to, after cutting off what a crash left half written. */
async function openLog(path: string): Promise<Log> {
  const content = await readFile(path).catch(unlessMissing(Buffer.alloc(0)));
  const { end, terminated } = parseLog(path, content);
  const file = await open(path, 'a');
  if (end < content.length) await file.truncate(end);
  if (!terminated) await file.appendFile('\n');
  const enqueue = queue();
  return {
    append: (event) =>
      enqueue(async () => {
        if (!isKept(event)) return;
        await file.appendFile(`${JSON.stringify(event)}\n`);
        await file.datasync();
      }),
    close: () => enqueue(() => file.close()),
  };
}

/** One thing after the other; what fails rejects its own caller and holds nobody up. */
function queue(): (work: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (work) => {
    last = last.catch(() => {}).then(work);
    return last;
  };
}

/** Events, where the intact part ends (bytes), and whether a line feed ends it. */
function parseLog(path: string, content: Buffer) {
  const events: RunEvent[] = [];
  let start = 0;
  let terminated = true;
  while (start < content.length) {
    const feed = content.indexOf(0x0a, start);
    const next = feed < 0 ? content.length : feed + 1;
    const line = content.toString('utf8', start, next).trim();
    try {
      if (line !== '') events.push(JSON.parse(line));
    } catch (cause) {
      if (next === content.length) break;
      const where = `${path} line ${content.toString('utf8', 0, start).split('\n').length}`;
      const remedy = 'Mend or remove the line.';
      throw new InputError(where, 'an event as JSON', `"${line.slice(0, 40)}"`, remedy, cause);
    }
    start = next;
    terminated = feed >= 0;
  }
  return { events, end: start, terminated };
}

/** Readers see the old file or the new one, never half: temporary file, fsync, rename. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await withFile(await open(temporary, 'w'), async (file) => {
      await file.writeFile(text);
      await file.sync();
    });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
  // The rename itself is durable once the folder is; Windows cannot open a folder.
  if (process.platform !== 'win32')
    await withFile(await open(dirname(path)), (file) => file.sync());
}

async function withFile(
  file: FileHandle,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  await work(file).finally(() => file.close());
}

/** @throws {UnavailableError} when a file is in the way, or the place is not ours to write to */
async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const isFile = code === 'EEXIST' || code === 'ENOTDIR';
    const got = isFile ? 'a file in its place' : `${code}`;
    const where = `run folder ${directory}`;
    throw new UnavailableError(where, 'a folder to write to', got, 'Name another folder.', cause);
  }
}

/** Names in a folder; none when there is no folder. */
function filesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch(unlessMissing([], ['ENOENT', 'ENOTDIR']));
}

function unlessMissing<T>(fallback: T, codes = ['ENOENT']): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (codes.includes(error.code ?? '')) return fallback;
    throw error;
  };
}

function expectEmpty(directory: string, found: readonly string[]): void {
  if (found.length === 0) return;
  const holdsRun = found.includes('events.jsonl') || found.includes('config.yaml');
  throw new ConfigError(
    `run folder ${directory}`,
    'a new or empty folder',
    holdsRun ? 'one that already holds a run' : `one that holds ${found[0]}`,
    'Name another folder.',
  );
}

async function expectRun(directory: string, found: readonly string[]): Promise<void> {
  if (found.includes('config.yaml')) return;
  const actual = found.length === 0 ? 'an empty or missing folder' : 'no config.yaml';
  const remedy = 'Start the run without resuming.';
  throw new ConfigError(`run folder ${directory}`, 'a run to resume', actual, remedy);
}
