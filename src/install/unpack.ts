/** Takes OpenVINO's libraries out of its wheel, which is a zip. I/O. */
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { InputError } from '../errors.ts';

/** Where a wheel has them. */
const folder = 'openvino/libs/';

/** What tactful does not use: other devices, other model formats, a cache of the GPU's kernels. */
const unused =
  /intel_(gpu|npu)_plugin|(gguf|ir|jax|paddle|pytorch|tensorflow|tensorflow_lite)_frontend|^cache\.json$/;

/** A wheel's libraries take some 170 MB. */
const largest = 2 ** 30;

/** Bytes written so far, and in all. */
export interface UnpackProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * Unpacks the libraries into a folder that is there, flat, and flushes them.
 * @throws {InputError} when the file is no zip, holds no library, or wants to write elsewhere
 */
export async function* unpackLibraries(
  wheel: string,
  target: string,
): AsyncGenerator<UnpackProgress, void> {
  const zip = await openPromise(wheel, { autoClose: false }).catch((cause) => {
    throw refused(wheel, 'a zip file', (cause as Error).message, cause);
  });
  try {
    const entries = await librariesOf(zip, wheel);
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    if (total > largest) throw refused(wheel, `at most ${largest} bytes`, `${total}`);
    let done = 0;
    for (const entry of entries) {
      for await (const bytes of write(zip, entry, join(target, basename(entry.fileName)), wheel)) {
        done += bytes;
        yield { done, total };
      }
    }
  } finally {
    zip.close();
  }
}

async function librariesOf(zip: ZipFile, wheel: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName, externalFileAttributes } = entry;
      const type = (externalFileAttributes >>> 16) & 0o170000;
      if (type === 0o120000) throw new Error(`a link: ${fileName}`);
      const name = fileName.slice(folder.length);
      const isLibrary = fileName.startsWith(folder) && name !== '' && !name.includes('/');
      if (isLibrary && !unused.test(name)) entries.push(entry);
    }
  } catch (cause) {
    throw refused(wheel, 'plain files with names below it', (cause as Error).message, cause);
  }
  if (!entries.some(({ fileName }) => /openvino_c\b/.test(fileName))) {
    throw refused(wheel, `${folder} with openvino_c`, `${entries.length} libraries without it`);
  }
  return entries;
}

/** Gives the sizes of the pieces that it writes. */
async function* write(
  zip: ZipFile,
  entry: Entry,
  path: string,
  wheel: string,
): AsyncGenerator<number, void> {
  const file = await open(path, 'wx', 0o644);
  try {
    const stream = await zip.openReadStreamPromise(entry);
    const pieces: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
    for (;;) {
      const piece = await pieces.next().catch((cause: unknown) => {
        throw refused(wheel, `${entry.fileName} whole`, (cause as Error).message, cause);
      });
      if (piece.done) break;
      await file.write(piece.value);
      yield piece.value.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

function refused(wheel: string, expected: string, got: string, cause?: unknown): InputError {
  return new InputError(basename(wheel), expected, got, 'Nothing was unpacked.', cause);
}
