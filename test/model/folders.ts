/** Copies of the golden models, to be changed. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '../../src/tensor.ts';
import { openSafetensors, readTensor, writeSafetensors } from '../../src/tensors/safetensors.ts';
import { goldenPath } from '../golden.ts';
import { temporaryFolder } from './tiny.ts';

/** A copy of the golden model of a family, float32. */
export async function copyOf(family: 't5' | 'roberta'): Promise<string> {
  const folder = await temporaryFolder();
  await cp(goldenPath(family, 'model'), folder, { recursive: true });
  return folder;
}

/** The tensors of its weight file. */
export async function readAll(folder: string): Promise<Map<string, Tensor>> {
  const file = await openSafetensors(join(folder, 'model.safetensors'));
  const tensors = new Map<string, Tensor>();
  for (const name of file.tensors.keys()) tensors.set(name, await readTensor(file, name));
  return tensors;
}

/** Other tensors in their place. */
export function storeAs(folder: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  return writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}
