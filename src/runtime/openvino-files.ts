/** Where OpenVINO's C library lies. I/O. */
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** tactful's folder for what lasts: `$XDG_DATA_HOME/tactful`. */
export function dataFolder(env: Environment = process.env): string {
  return join(env.XDG_DATA_HOME || local(env) || join(homedir(), '.local', 'share'), 'tactful');
}

/** tactful's folder for what can be made again: `$XDG_CACHE_HOME/tactful`. */
export function cacheFolder(env: Environment = process.env): string {
  return join(env.XDG_CACHE_HOME || local(env) || join(homedir(), '.cache'), 'tactful');
}

function local(env: Environment): string | undefined {
  return process.platform === 'win32' ? env.LOCALAPPDATA : undefined;
}

/** The library's path, or where it was looked for. */
export type Found = { readonly library: string } | { readonly missing: string };

/**
 * Looks where `TACTFUL_OPENVINO` points to: a folder with the library, or one with a wheel unpacked
 * or installed. When it is not set: the newest that `tactful setup openvino` put into the data folder.
 */
export async function findOpenVino(env: Environment = process.env): Promise<Found> {
  const told = env.TACTFUL_OPENVINO;
  if (told) {
    const library = await libraryIn(told);
    return library ? { library } : { missing: `no libopenvino_c in TACTFUL_OPENVINO=${told}` };
  }
  const data = dataFolder(env);
  const names = (await readdir(data).catch(() => [])).filter((name) => /^openvino-\d/.test(name));
  const newestFirst = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true });
  for (const name of names.sort(newestFirst)) {
    const library = await libraryIn(join(data, name));
    if (library) return { library };
  }
  return { missing: 'not found' };
}

const libraryName = /^(lib)?openvino_c(\.\d+)*\.(so(\.\d+)*|dylib|dll)$/;

/** Path of the library in a folder, or in the folders of a wheel; also when the path is the file's own. */
export async function libraryIn(path: string): Promise<string | undefined> {
  const known = await stat(path).catch(() => undefined);
  if (known?.isFile()) return libraryName.test(basename(path)) ? path : libraryIn(dirname(path));
  for (const folder of [path, join(path, 'libs'), join(path, 'openvino', 'libs')]) {
    const names = await readdir(folder).catch((): string[] => []);
    // libopenvino_c.so -> libopenvino_c.so.2641: the longest is the file itself
    const [name] = names.filter((one) => libraryName.test(one)).sort((a, b) => b.length - a.length);
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}
