/**
 * I/O: the run folder, one run's record on disk and the truth about it: `config.yaml`,
 * `events.jsonl`, `comparison.jsonl`, `comparison.csv`, `report.md`. Formats: docs/formats.md.
 */
import { access, constants, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { isTemporary, unlessMissing, writeWhole } from '../disk/whole-file.ts';
import { guarded, outputInstead, unreadable, unwritable, writingTo } from '../disk/words.ts';
import { ConfigError, InputError, UnavailableError } from '../errors.ts';
import type { ComparisonRow, RunEvent } from '../events.ts';
import { csv } from './csv.ts';
import { openLog, queue, readEvents } from './event-log.ts';
import { lockFolder } from './lock.ts';
import { checkRunId, isKept, type RunStore } from './store.ts';

export interface RunFolder {
  readonly directory: string;
  /** What `config.yaml` holds. */
  readonly config: Settings;
  /** On disk when the promise resolves. Progress events are not kept. */
  append(event: RunEvent): Promise<void>;
  read(): Promise<RunEvent[]>;
  /** Writes `comparison.jsonl` and `comparison.csv`. */
  writeComparison(rows: readonly ComparisonRow[]): Promise<void>;
  /** Writes `report.md`. */
  writeReport(markdown: string): Promise<void>;
  close(): Promise<void>;
}

type Settings = Readonly<Record<string, unknown>>;

/** Begin a run with all its settings, defaults filled in, or go on with the one that is there. */
export type RunFolderOptions = { readonly config: Settings } | { readonly resume: true };

const whole = { recursive: true, force: true };

/** Columns of `comparison.csv`, in order. */
export const comparisonColumns = [
  'query',
  'response_before',
  'response_after',
  'reward_before',
  'reward_after',
  'reward_diff',
  'toxicity_before',
  'toxicity_after',
  'rouge1_before',
  'rouge1_after',
  'id',
  'group',
  'references',
] as const satisfies readonly (keyof ComparisonRow)[];

/**
 * Opens a new, an empty or (to resume) a used folder for one run, and removes what a killed writer
 * left in it.
 * @throws {ConfigError} when the folder holds something already, or holds no run to resume
 * @throws {UnavailableError} when another process has it open
 * @throws {InputError} when the `config.yaml` of a run to resume holds no settings
 */
export async function openRunFolder(
  directory: string,
  options: RunFolderOptions,
): Promise<RunFolder> {
  const names = await filesOf(directory);
  const found = names.filter((name) => !isTemporary(name) && name !== 'lock');
  if ('config' in options) expectEmpty(directory, found);
  else expectRun(directory, found);
  await makeFolder(directory);
  const place = { path: directory, instead: outputInstead };
  const unlock = await writingTo(place, () => lockFolder(directory));
  const opened = writingTo(place, () => openFiles(directory, options));
  const { config, log } = await opened.catch(async (error) => {
    await unlock();
    throw error;
  });
  const folder: RunFolder = {
    directory,
    config,
    append: log.append,
    read: () => readEvents(join(directory, 'events.jsonl')),
    async writeComparison(rows) {
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      await writeWhole(join(directory, 'comparison.jsonl'), lines);
      await writeWhole(join(directory, 'comparison.csv'), csv(comparisonColumns, rows));
    },
    writeReport: (markdown) => writeWhole(join(directory, 'report.md'), markdown),
    close: () => log.close().finally(unlock),
  };
  return guarded(folder, place);
}

async function openFiles(directory: string, options: RunFolderOptions) {
  const names = await filesOf(directory);
  for (const name of names.filter(isTemporary)) await rm(join(directory, name), whole);
  const path = join(directory, 'config.yaml');
  if ('config' in options) await writeWhole(path, stringify(options.config, { lineWidth: 0 }));
  const config = 'config' in options ? options.config : await readSettings(path);
  return { config, log: await openLog(join(directory, 'events.jsonl')) };
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

async function appendOnce(path: string, event: RunEvent): Promise<void> {
  const log = await openLog(path);
  await log.append(event).finally(log.close);
}

/** @throws {UnavailableError} when a file is in the way, or the place is not ours to write to */
async function makeFolder(directory: string): Promise<void> {
  try {
    await access(await nearest(directory), constants.W_OK); // mkdir finds other words for it
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const isFile = code === 'EEXIST' || code === 'ENOTDIR';
    if (!isFile) throw unwritable(cause, { path: directory, instead: outputInstead });
    const [where, got] = [`run folder ${directory}`, 'a file in its place'];
    const remedy = 'Name another folder by `output`.';
    throw new UnavailableError(where, 'a folder to write to', got, remedy, cause);
  }
}

/** The folder itself, or where it is to be made. */
async function nearest(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT',
  );
  return isThere || dirname(path) === path ? path : nearest(dirname(path));
}

/** Names in a folder; none when there is no folder. */
function filesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch(unlessMissing([], ['ENOENT', 'ENOTDIR']));
}

function expectEmpty(directory: string, found: readonly string[]): void {
  if (found.length === 0) return;
  const holdsRun = found.includes('events.jsonl') || found.includes('config.yaml');
  throw new ConfigError(
    `run folder ${directory}`,
    'a new or empty folder',
    holdsRun ? 'one that already holds a run' : `one that holds ${found[0]}`,
    holdsRun
      ? `Name another folder by \`output\`, or go on: npx tactful resume ${directory}`
      : 'Name another folder by `output`.',
  );
}

function expectRun(directory: string, found: readonly string[]): void {
  if (found.includes('config.yaml')) return;
  const actual = found.length === 0 ? 'an empty or missing folder' : 'no config.yaml';
  const remedy = 'Check the path, or start a new run.';
  throw new ConfigError(`run folder ${directory}`, 'a run to resume', actual, remedy);
}

/**
 * The settings in a YAML file.
 * @throws {InputError} when it holds none
 */
export async function readSettings(path: string): Promise<Settings> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw unreadable(error, path);
  });
  try {
    const settings: unknown = parse(text);
    if (typeof settings === 'object' && settings !== null) return settings as Settings;
  } catch (cause) {
    const [message] = (cause as Error).message.split(/:?\n/);
    throw new InputError(path, 'YAML', 'something else', `${message}.`, cause);
  }
  throw new InputError(path, 'settings as YAML, `name: value` a line', 'no mapping');
}
