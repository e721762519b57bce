import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  cacheFolder,
  dataFolder,
  findOpenVino,
  libraryIn,
} from '../../src/runtime/openvino-files.ts';
import { temporaryFolder } from '../model/tiny.ts';

const name = 'libopenvino_c.so.2641';

async function put(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '');
  return path;
}

test.each(['', 'libs', 'openvino/libs'])(
  'the library is found in a folder, or in "%s" of it',
  async (inside) => {
    const folder = await temporaryFolder();
    expect(await libraryIn(folder)).toBeUndefined();
    const library = await put(join(folder, inside, name));
    expect(await libraryIn(folder)).toBe(library);
    expect(await libraryIn(library)).toBe(library);
  },
);

test.each(['openvino_c.dll', 'libopenvino_c.2641.dylib', 'libopenvino_c.so', name])(
  '%s is a name of it, and names like it are not',
  async (own) => {
    const folder = await temporaryFolder();
    for (const other of ['libopenvino.so.2641', 'openvino_c.txt', 'libopenvino_cx.so']) {
      await put(join(folder, other));
    }
    expect(await libraryIn(folder)).toBeUndefined();
    expect(await libraryIn(await put(join(folder, own)))).toBe(join(folder, own));
  },
);

test('of a file and a link to it the file is taken', async () => {
  const folder = await temporaryFolder();
  const library = await put(join(folder, name));
  await symlink(name, join(folder, 'libopenvino_c.so'));
  expect(await libraryIn(folder)).toBe(library);
});

test('TACTFUL_OPENVINO comes first; then the newest in the data folder', async () => {
  const XDG_DATA_HOME = await temporaryFolder();
  expect(await findOpenVino({ XDG_DATA_HOME })).toEqual({ missing: 'not found' });
  await put(join(XDG_DATA_HOME, 'tactful', 'openvino-2026.4.1', name));
  const newest = await put(join(XDG_DATA_HOME, 'tactful', 'openvino-2026.10.0', name));
  await mkdir(join(XDG_DATA_HOME, 'tactful', 'openvino-2027.1.0')); // holds nothing
  expect(await findOpenVino({ XDG_DATA_HOME })).toEqual({ library: newest });

  const folder = await temporaryFolder();
  const env = { XDG_DATA_HOME, TACTFUL_OPENVINO: folder };
  const missing = `no libopenvino_c in TACTFUL_OPENVINO=${folder}`;
  expect(await findOpenVino(env)).toEqual({ missing });
  const own = await put(join(folder, name));
  expect(await findOpenVino(env)).toEqual({ library: own });
});

test.runIf(process.platform !== 'win32')(
  'the folders are where XDG says, or below the home',
  () => {
    expect(dataFolder({ XDG_DATA_HOME: '/data' })).toBe('/data/tactful');
    expect(cacheFolder({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/tactful');
    expect(dataFolder({})).toMatch(/\/\.local\/share\/tactful$/);
    expect(cacheFolder({ XDG_CACHE_HOME: '' })).toMatch(/\/\.cache\/tactful$/);
  },
);
