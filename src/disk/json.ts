/** Reads JSON files and says in one sentence what is wrong with them. I/O. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { InputError, UnavailableError } from '../errors.ts';
import { refusePointer } from './lfs.ts';
import { unread } from './words.ts';

/**
 * A JSON file checked against a schema.
 * @throws {UnavailableError} when the file is not there or cannot be read
 * @throws {InputError} when it is not JSON, or a field is not as the schema says
 */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readIfPresent(path);
  if (bytes === undefined)
    throw new UnavailableError(path, 'a JSON file', 'no file', 'Is it the right folder?');
  return parseJson(bytes, path, schema);
}

/**
 * JSON text checked against a schema.
 * @param where the file's name, for messages
 * @throws {InputError} when it is not JSON, or a field is not as the schema says
 */
export function parseJson<T>(bytes: Uint8Array, where: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new InputError(where, 'JSON', (cause as Error).message, 'Fetch the file again.', cause);
  }
  return checkJson(value, where, schema);
}

/**
 * A parsed value checked against a schema.
 * @throws {InputError} naming the first field that is not as the schema says
 */
export function checkJson<T>(value: unknown, where: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const found = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown>)?.[key],
    value,
  );
  const actual = JSON.stringify(found)?.slice(0, 80) ?? 'nothing';
  const expected = message
    .replace(/^Invalid (input|option): expected /, '')
    .replace(/, received .*$/, '');
  throw new InputError([where, ...path.map(String)].join(': '), expected, actual);
}

/**
 * A file's bytes, or undefined when there is no such file. Other failures are UnavailableError.
 * @throws {InputError} for a pointer of Git LFS
 */
export async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFile(path);
    refusePointer(bytes, path);
    return bytes;
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unread(path, cause);
  }
}
