/** I/O: the files of the dashboard's page, as `npm run build` made them. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';

/** Folder of the page in the package. */
const built = dirname(createRequire(import.meta.url).resolve('#dashboard'));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** A file of the page by its path in the address; undefined when there is none. */
export async function pageFile(path: string): Promise<PageFile | undefined> {
  const name = path === '/' ? '/index.html' : path;
  const type = types[extname(name)];
  // no name begins with a dot, so none leads out
  if (type === undefined || !/^(\/\w[\w.-]*)+$/.test(name)) return undefined;
  const bytes = await readFile(join(built, name)).catch(() => undefined);
  return bytes && { bytes: new Uint8Array(bytes), type };
}
