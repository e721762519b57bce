/** Golden files: numbers recorded from the reference implementations. See test/golden/README.md. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '../src/tensor.ts';
import { openSafetensors, readTensor } from '../src/tensors/safetensors.ts';

const own = fileURLToPath(new URL('./golden', import.meta.url));
const folder = resolve(process.env.TACTFUL_GOLDEN ?? own);
/** Small files in formats of others: they belong to no recorded set, and are always those of `test/golden`. */
const fixtures = ['byt5', 'families', 'spiece', 'statistics', 'torch', 'why', 'wordpiece'];

/** Path of a golden file or folder; the folder is `TACTFUL_GOLDEN`, or `test/golden`. */
export function goldenPath(...parts: string[]): string {
  return join(fixtures.includes(parts[0].split('/')[0]) ? own : folder, ...parts);
}

/** Content of a golden JSON file. */
export async function goldenJson<T>(...parts: string[]): Promise<T> {
  return JSON.parse(await readFile(goldenPath(...parts), 'utf8')) as T;
}

/** All tensors of a golden safetensors file, each in its own element type. */
export async function goldenTensors(...parts: string[]): Promise<Map<string, Tensor>> {
  const file = await openSafetensors(goldenPath(...parts));
  const names = [...file.tensors.keys()];
  const tensors = await Promise.all(names.map((name) => readTensor(file, name)));
  return new Map(names.map((name, i) => [name, tensors[i]]));
}
