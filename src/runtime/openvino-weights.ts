/** Where OpenVINO may read weights from. I/O. */
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unread } from '../disk/words.ts';
import type { WeightLocation } from './weight-source.ts';

type Locate = (name: string) => WeightLocation;

/**
 * OpenVINO maps weight files that lie in the folder of the model file, and no others, links
 * resolved: a model is written there for as long as it is read.
 * @returns the weights by the real paths of their files, and whether a model can be put beside them;
 *   where it cannot, they have to be inputs
 */
export async function besideWeights(
  places: ReadonlyMap<string, WeightLocation>,
): Promise<{ readonly locate: Locate; readonly beside: boolean }> {
  const real = new Map<string, string>();
  for (const { file } of places.values()) {
    if (!real.has(file)) real.set(file, await realFile(file));
  }
  const folders = new Set([...real.values()].map((file) => dirname(file)));
  const [folder] = folders;
  return {
    locate: (name) => {
      const location = places.get(name)!;
      return { ...location, file: real.get(location.file) ?? location.file };
    },
    beside: folders.size === 0 || (folders.size === 1 && (await isWritable(folder))),
  };
}

async function realFile(file: string): Promise<string> {
  return realpath(file).catch((cause) => {
    throw unread(`weights ${file}`, cause);
  });
}

async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}
