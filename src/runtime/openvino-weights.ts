/** Where OpenVINO may read weights from. I/O. */
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unread } from '../disk/words.ts';
import type { WeightLocation } from './engine.ts';

type Weights = (name: string) => WeightLocation;

/**
 * OpenVINO maps weight files that lie in the folder of the model file, and no others, links
 * resolved: a model is written there for as long as it is read.
 * @returns the weights by the real paths of their files, and whether a model can be put beside them;
 *   where it cannot, they have to be inputs
 */
export async function besideWeights(
  names: Iterable<string>,
  weights: Weights,
): Promise<{ readonly weights: Weights; readonly beside: boolean }> {
  const real = new Map<string, string>();
  for (const name of names) {
    const { file } = weights(name);
    if (!real.has(file)) real.set(file, await realFile(file));
  }
  const folders = new Set([...real.values()].map((file) => dirname(file)));
  const [folder] = folders;
  return {
    weights: (name) => {
      const location = weights(name);
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
