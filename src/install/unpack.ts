/** Takes OpenVINO's libraries out of its wheel, which is a zip. I/O. */
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openZip, type ZipArchive, type ZipEntry } from '../disk/zip.ts';
import { InputError } from '../errors.ts';

/** Where a wheel has them. */
const folder = 'openvino/libs/';

/** What tactful does not use: other devices, other model formats, a cache of the GPU's kernels. */
const unused =
  /intel_(gpu|npu)_plugin|(gguf|jax|onnx|paddle|pytorch|tensorflow|tensorflow_lite)_frontend|^cache\.json$/;

/** A wheel's libraries take some 170 MB. */
const largest = 2 ** 30;

/** Bytes written so far, and in all. */
export interface UnpackProgress {
  readonly done: number;
  readonly total: number;
}

const remedy = 'Nothing was unpacked.';

/**
 * Unpacks the libraries into a folder that is there, flat, and flushes them.
 * @throws {InputError} when the file is no zip, holds no library, or wants to write elsewhere
 */
export async function* unpackLibraries(
  wheel: string,
  target: string,
): AsyncGenerator<UnpackProgress, void> {
  const zip = await openZip(wheel, { where: basename(wheel), remedy });
  try {
    const entries = librariesOf(zip, wheel);
    const total = entries.reduce((sum, { size }) => sum + size, 0);
    if (total > largest) throw refused(wheel, `at most ${largest} bytes`, `${total}`);
    let done = 0;
    for (const entry of entries) {
      for await (const bytes of write(zip, entry, join(target, basename(entry.name)))) {
        done += bytes;
        yield { done, total };
      }
    }
  } finally {
    zip.close();
  }
}

function librariesOf(zip: ZipArchive, wheel: string): ZipEntry[] {
  const entries = [...zip.entries.values()].filter((entry) => {
    const name = entry.name.slice(folder.length);
    const isLibrary = entry.name.startsWith(folder) && !name.includes('/');
    return isLibrary && !unused.test(name);
  });
  if (!entries.some(({ name }) => /openvino_c\b/.test(name))) {
    throw refused(wheel, `${folder} with openvino_c`, `${entries.length} libraries without it`);
  }
  return entries;
}

/** Gives the sizes of the pieces that it writes. */
async function* write(
  zip: ZipArchive,
  entry: ZipEntry,
  path: string,
): AsyncGenerator<number, void> {
  const file = await open(path, 'wx', 0o644);
  try {
    for await (const piece of zip.read(entry)) {
      await file.write(piece);
      yield piece.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

function refused(wheel: string, expected: string, got: string): InputError {
  return new InputError(basename(wheel), expected, got, remedy);
}
