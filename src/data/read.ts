/** I/O: reads example files. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { InputError } from '../errors.ts';
import {
  type Example,
  parseCsvExamples,
  parseJsonlExamples,
  type ReadOptions,
} from './examples.ts';

const parsers = new Map([
  ['.csv', parseCsvExamples],
  ['.jsonl', parseJsonlExamples],
]);

/**
 * The examples of a `.csv` or `.jsonl` file in UTF-8, in the order of the file.
 * @throws {InputError} when there is no such file, it is not UTF-8, or a row is bad (names the line)
 */
export async function readExamples(path: string, options: ReadOptions = {}): Promise<Example[]> {
  const parser = parsers.get(extname(path).toLowerCase());
  if (parser === undefined) {
    const got = extname(path) || 'no extension';
    const remedy = 'Convert the file, or give it the extension of what it holds.';
    throw new InputError(path, `a file name in ${[...parsers.keys()].join(' or ')}`, got, remedy);
  }
  return parser(decode(await readBytes(path), path), path, options);
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
