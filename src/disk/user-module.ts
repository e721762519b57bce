/** I/O: loads what users write themselves, TypeScript or JavaScript. */
import { stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { fingerprintFile } from './fingerprint.ts';
import { unread } from './words.ts';

/** The name of a module: `reward.ts`, `prompt.mjs`. */
export const moduleName = /\.[cm]?[jt]s$/;

/** A function out of a module. */
export interface LoadedFunction {
  readonly call: (...given: never[]) => unknown;
  /** Paths of all files of the user's that it is made of, the module itself first; packages apart. */
  readonly files: readonly string[];
}

/**
 * The function that a module exports as its default. What it imports may be TypeScript as well; types
 * are taken off and not checked. It is loaded once, and again when one of its files has changed.
 * @param example how such a module is written, for messages
 * @throws {UnavailableError} when there is no such file
 * @throws {InputError} when it cannot be loaded, or its default export is no function
 */
export async function loadFunction(path: string, example: string): Promise<LoadedFunction> {
  const known = loaded.get(resolve(path));
  if (known && (await printsOf(known.files)) === known.prints) return known;
  const found = await loadAnew(path, example);
  loaded.set(resolve(path), { ...found, prints: await printsOf(found.files) });
  return found;
}

/** What was loaded, and SHA-256 of its files then. */
const loaded = new Map<string, LoadedFunction & { readonly prints: string }>();

/** A file that is gone has none. */
async function printsOf(files: readonly string[]): Promise<string> {
  const prints = files.map((file) => fingerprintFile(file).catch(() => 'none'));
  return (await Promise.all(prints)).join();
}

interface Exports {
  readonly default?: unknown;
}

async function loadAnew(path: string, example: string): Promise<LoadedFunction> {
  await stat(path).catch((cause) => {
    throw unread(path, cause, 'a module, which is a file');
  });
  const { createJiti } = await import('jiti'); // Node before 22.18 reads no TypeScript
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    tryNative: false,
    interopDefault: false,
  });
  const known = new Set(Object.keys(jiti.cache));
  try {
    const { default: found }: Exports = Object(await jiti.import(resolve(path)));
    // of CommonJS, as tsc writes it, `exports.default` is a default within the default
    const call = typeof found === 'function' ? found : ((found as Exports)?.default ?? found);
    if (typeof call !== 'function') throw noFunction(path, call, example);
    return { call: call as LoadedFunction['call'], files: loadedSince(known, jiti.cache) };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const remedy = 'Mend it, or what it imports.';
    throw new InputError(path, 'a module that can be loaded', reasonOf(cause), remedy, cause);
  } finally {
    for (const file of loadedSince(known, jiti.cache)) delete jiti.cache[file];
  }
}

/** The files of a module by what they are for: `reward`, and what it imports as `reward words.ts`. */
export function moduleSources(role: string, [own, ...others]: readonly string[]) {
  const names = others.map((file) => relative(dirname(own), file).replaceAll(/[\\/]/g, '.'));
  return Object.fromEntries([
    [role, own],
    ...others.map((file, i) => [`${role} ${names[i]}`, file] as const),
  ]) as Record<string, string>;
}

function loadedSince(known: ReadonlySet<string>, cache: object): string[] {
  return Object.keys(cache).filter(
    (file) => !known.has(file) && !/[\\/]node_modules[\\/]/.test(file),
  );
}

function noFunction(path: string, found: unknown, example: string): InputError {
  const actual = found === undefined ? 'no default export' : `one of type ${typeof found}`;
  return new InputError(path, 'a function as the default export', actual, `Write \`${example}\`.`);
}

/** The first line of what was thrown, in one line with its place. */
function reasonOf(cause: unknown): string {
  const [first, next = ''] = `${cause}`.split('\n');
  const place = /:\d+:\d+$/.test(next) ? ` (${next.trim()})` : '';
  return `${first.replace(/^Error: /, '').trim()}${place}`.replace(/\.$/, '');
}
