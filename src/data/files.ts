/** I/O: finds the data files of a path, and opens them. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { readingOf } from '../disk/words.ts';
import { ConfigError, InputError } from '../errors.ts';
import { splitName, splitOf } from './split-names.ts';

/** Formats of data files, by their extension. */
export const formats = ['csv', 'tsv', 'json', 'jsonl', 'ndjson', 'parquet'] as const;
export type Format = (typeof formats)[number];

/** One file with rows. */
export interface DataFile {
  readonly path: string;
  readonly format: Format;
  /** Compressed with gzip. */
  readonly gzip: boolean;
}

/** Which files of a folder. */
export interface PartOptions {
  /** The part of the data: `train`, `test` … */
  readonly split?: string | undefined;
  /** The part where none is given and there are some. @default 'train' */
  readonly usualSplit?: string | undefined;
  /** The setting that names the part, for messages. @default 'split' */
  readonly setting?: 'split' | 'testSplit' | undefined;
}

/** Folders in folders at most. */
const deepest = 4;

/**
 * The data files of a path: the file itself, or those of a folder by name. Where names tell parts of
 * the data (`train.csv`, `data/test-00000-of-00001.parquet`), those of one part.
 * @throws {InputError} when there is no such file, none of a known format, or no telling which
 */
export async function dataFiles(path: string, options: PartOptions = {}): Promise<DataFile[]> {
  const stats = await stat(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  if (stats.isDirectory()) return ofFolder(path, options);
  if (options.split !== undefined) {
    const remedy = 'Leave it out, or name the folder.';
    const where = `\`${options.setting ?? 'split'}\``;
    throw new ConfigError(where, `none with the file ${path}`, options.split, remedy);
  }
  const file = dataFile(path);
  if (file) return [file];
  const known = formats.map((format) => `.${format}`).join(', ');
  const got = /\.[^./\\]*$/.exec(path)?.[0] ?? 'no extension';
  const remedy = 'Convert the file, or give it the extension of what it holds.';
  throw new InputError(path, `a file name in ${known} or, of text, .gz`, got, remedy);
}

async function ofFolder(
  folder: string,
  { split, usualSplit = 'train', setting = 'split' }: PartOptions,
): Promise<DataFile[]> {
  const paths = await pathsIn(folder, '', deepest);
  if (paths.length === 0) {
    await refuseArrow(folder);
    const known = formats.map((format) => `.${format}`).join(', ');
    throw new InputError(folder, `data files (${known})`, 'none', 'Is it the right folder?');
  }
  const splits = [...new Set(paths.map(splitOf))].filter((name) => name !== undefined);
  const wanted = splitName(split ?? usualSplit);
  const parted = split !== undefined || splits.length > 0;
  const chosen = parted ? paths.filter((name) => splitOf(name) === wanted) : paths;
  if (chosen.length === 0) {
    const got = splits.length > 0 ? `${splits.sort().join(', ')}` : 'files of no part';
    const remedy = `Set \`${setting}\` to one of these. A file of the folder may be named by itself.`;
    throw new InputError(folder, `files of the part "${wanted}"`, got, remedy);
  }
  const files = chosen.map((name) => dataFile(join(folder, name))!);
  expectOne(folder, 'one format', [...new Set(files.map(({ format }) => format))], 'a file');
  expectOne(folder, 'one set', [...new Set(chosen.map(setOf))], 'one of the folders');
  return files;
}

/** What `save_to_disk` of Hugging Face's datasets writes: one data set, or a folder for each part. */
async function refuseArrow(folder: string): Promise<void> {
  const names = await readdir(folder);
  const parts = names.includes('dataset_dict.json');
  if (!parts && !names.some((name) => name.endsWith('.arrow'))) return;
  const part = parts ? '["train"]' : '';
  const remedy = `Write Parquet, in Python: datasets.load_from_disk(${JSON.stringify(folder)})${part}.to_parquet("train.parquet").`;
  throw new InputError(folder, 'data files (.parquet, .jsonl, .csv …)', 'Arrow files', remedy);
}

function expectOne(folder: string, expected: string, found: readonly string[], name: string): void {
  if (found.length < 2) return;
  const got = [...found].sort().join(', ');
  throw new InputError(folder, expected, got, `Give the path of ${name}, not of all of it.`);
}

/** The folder of a file, without folders that say the part (`train/`) or nothing (`data/`). */
function setOf(path: string): string {
  const folders = path.split('/').slice(0, -1);
  const own = folders.filter((name) => name !== 'data' && splitOf(name) === undefined);
  return own.join('/') || '.';
}

/** Paths of data files below a folder, with slashes, sorted. Links are followed to files only. */
async function pathsIn(root: string, below: string, depth: number): Promise<string[]> {
  const folder = join(root, below);
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => {
    throw unreadable(folder, cause);
  });
  const found: string[] = [];
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (/^[._]/.test(entry.name)) continue;
    if (entry.isDirectory()) {
      if (depth > 1) found.push(...(await pathsIn(root, path, depth - 1)));
    } else if (dataFile(path) && !isDescription(entry.name)) found.push(path);
  }
  return found.sort();
}

/** JSON files that describe a data set and hold no rows. */
function isDescription(name: string): boolean {
  return /^(dataset_infos?|dataset_dict|state|metadata|config)\.json$/.test(name);
}

function dataFile(path: string): DataFile | undefined {
  const [, extension, gz] = /\.([a-z]+)(\.gz)?$/i.exec(path) ?? [];
  const format = formats.find((name) => name === extension?.toLowerCase());
  const gzip = gz !== undefined;
  return format === undefined || (gzip && format === 'parquet')
    ? undefined
    : { path, format, gzip };
}

/**
 * The bytes of a text file, unpacked if need be, in pieces.
 * @throws {InputError} when it cannot be read, or is no whole gzip file
 */
export async function* bytesOf({ path, gzip }: DataFile): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { highWaterMark: 2 ** 18 });
  const stream = gzip
    ? pipeline(source, createGunzip({ chunkSize: 2 ** 18 }), () => undefined)
    : source;
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const code = `${(cause as NodeJS.ErrnoException).code}`;
    if (!/^Z_/.test(code)) throw unreadable(path, cause);
    const early = code === 'Z_BUF_ERROR';
    const remedy = early ? 'Was it cut off?' : 'Unpack it, or name it by what it is.';
    throw new InputError(
      path,
      'a whole gzip file',
      early ? 'an early end' : 'other bytes',
      remedy,
      cause,
    );
  } finally {
    source.destroy();
  }
}

/** What the system says when it cannot read, in our words. */
export function unreadable(path: string, cause: unknown): InputError {
  const { got, remedy } = readingOf(cause);
  return new InputError(path, 'a readable file', got, remedy, cause);
}
