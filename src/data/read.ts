/** I/O: reads example files and files of labelled texts. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { InputError } from '../errors.ts';
import {
  type Example,
  parseCsvExamples,
  parseJsonlExamples,
  type ReadOptions,
} from './examples.ts';
import {
  type LabelledOptions,
  type LabelledText,
  parseCsvLabelled,
  parseJsonlLabelled,
} from './labelled.ts';

/** Makes rows of a file's text. */
type Parser<Options, Item> = (text: string, file: string, options: Options) => Item[];

/**
 * The examples of a `.csv` or `.jsonl` file in UTF-8, in the order of the file.
 * @throws {InputError} when there is no such file, it is not UTF-8, or a row is bad (names the line)
 */
export function readExamples(path: string, options: ReadOptions = {}): Promise<Example[]> {
  return read(path, { '.csv': parseCsvExamples, '.jsonl': parseJsonlExamples }, options);
}

/**
 * The labelled texts of a `.csv` or `.jsonl` file in UTF-8, in the order of the file.
 * @throws {InputError} when there is no such file, it is not UTF-8, or a row is bad (names the line)
 */
export function readLabelled(path: string, options: LabelledOptions = {}): Promise<LabelledText[]> {
  return read(path, { '.csv': parseCsvLabelled, '.jsonl': parseJsonlLabelled }, options);
}

async function read<Options, Item>(
  path: string,
  parsers: Readonly<Record<string, Parser<Options, Item>>>,
  options: Options,
): Promise<Item[]> {
  const extension = extname(path).toLowerCase();
  if (!Object.hasOwn(parsers, extension)) {
    const got = extname(path) || 'no extension';
    const remedy = 'Convert the file, or give it the extension of what it holds.';
    const expected = `a file name in ${Object.keys(parsers).join(' or ')}`;
    throw new InputError(path, expected, got, remedy);
  }
  return parsers[extension](decode(await readBytes(path), path), path, options);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    const got = code === 'ENOENT' ? 'no such file' : code;
    throw new InputError(path, 'a readable file', got, 'Check the path.', cause);
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const remedy = 'Save it again as UTF-8 (in Excel: "CSV UTF-8").';
    throw new InputError(path, 'UTF-8 text', 'other bytes', remedy, cause);
  }
}
