/** I/O: files of weights as the system maps them, each once for all that read it. */
import { type BigIntStats, closeSync, fstatSync, openSync } from 'node:fs';
import { unread } from '../disk/words.ts';
import { InputError } from '../errors.ts';
import { type MappedFile, mapFile, mostViewed } from './native.ts';
import type { WeightLocation } from './weight-source.ts';

/** Floats that lie in a file. */
export interface MappedFloats {
  readonly array: Float32Array;
  /** Gives the file back, when nobody else reads it: then the array must not be read any more. */
  free(): void;
}

/** Files whose pages come when they are read. */
export interface MappedFiles {
  /** What cannot be mapped is undefined. */
  floats(place: WeightLocation): MappedFloats | undefined;
  /** Gives all pages back to the system, which reads them again when somebody does. */
  release(): void;
}

/** No files yet. */
export function mappedFiles(): MappedFiles {
  const files = new Map<string, { readonly mapped: MappedFile; users: number }>();
  return {
    floats: ({ file, offset, length }) =>
      withWeights(file, offset + length, (handle, { dev, ino, size, mtimeNs }) => {
        if (length > mostViewed) return undefined;
        const key = `${dev} ${ino} ${size} ${mtimeNs}`; // another file may have come to the same path
        const mapped = files.get(key)?.mapped ?? mapFile(handle, Number(size));
        if (!mapped) return undefined;
        const entry = files.get(key) ?? { mapped, users: 0 };
        files.set(key, entry);
        entry.users++;
        return {
          array: new Float32Array(mapped.view(offset, length)),
          free() {
            if (--entry.users > 0) return;
            files.delete(key);
            mapped.free();
          },
        };
      }),
    release() {
      for (const { mapped } of files.values()) mapped.release();
    },
  };
}

/**
 * A file that has so many bytes: one that is shorter would end the process, when it is read where it is mapped.
 * @throws {UnavailableError} when it cannot be opened
 * @throws {InputError} when it is shorter
 */
export function withWeights<T>(
  file: string,
  bytes: number,
  use: (handle: number, stats: BigIntStats) => T,
): T {
  const handle = opened(file);
  try {
    const stats = fstatSync(handle, { bigint: true });
    if (stats.size < bytes) {
      throw new InputError(file, `${bytes} bytes`, `${stats.size}`, 'Fetch it again.');
    }
    return use(handle, stats);
  } finally {
    closeSync(handle);
  }
}

function opened(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    throw unread(`weights ${file}`, cause);
  }
}
