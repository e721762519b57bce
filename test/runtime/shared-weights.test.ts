/** Frozen weights: mapped where they lie in a file as they are computed with, else copied. */
import { open, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SharedWeight } from '../../src/runtime/backend.ts';
import { mappedFiles } from '../../src/runtime/mapped-files.ts';
import { loadKoffi } from '../../src/runtime/native.ts';
import { sharedWeights } from '../../src/runtime/shared-weights.ts';
import type { WeightLocation } from '../../src/runtime/weight-source.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const isMapped = process.platform === 'linux' || process.platform === 'darwin';

async function floats(numbers: readonly number[]): Promise<string> {
  const file = join(await newFolder(), 'weights.bin');
  await writeFile(file, Buffer.from(Float32Array.from(numbers).buffer));
  return file;
}

function weightIn(file: string, place: Partial<WeightLocation> = {}): SharedWeight {
  const whole = { file, offset: 4, length: 16, dtype: 'float32', ...place } as const;
  return { name: 'w', shape: [2, 2], place: whole };
}

/** Which page of memory an array begins in. */
const pageOf = (array: unknown) => BigInt(loadKoffi().address(array)) >> 12n;

async function valuesOf(weights: ReturnType<typeof sharedWeights>, weight: SharedWeight) {
  return (await weights.acquire([weight])).get('w')!.data;
}

test.skipIf(!isMapped)(
  'two that read a file have the same bytes of it, and a copy none',
  async () => {
    const file = await floats([9, 1, 2, 3, 4]);
    const weights = sharedWeights();
    const first = await valuesOf(weights, weightIn(file));
    const other = await valuesOf(weights, weightIn(file, { offset: 0 }));
    expect([...first]).toEqual([1, 2, 3, 4]);
    expect([...other]).toEqual([9, 1, 2, 3]);
    expect(pageOf(other)).toBe(pageOf(first));
    const wider = await valuesOf(weights, { ...weightIn(file), within: [2, 3] });
    expect([...wider]).toEqual([1, 2, 0, 3, 4, 0]);
    expect(pageOf(wider)).not.toBe(pageOf(first));
  },
);

test('what lies otherwise than it is computed with is copied', async () => {
  const weights = sharedWeights();
  const file = await floats([9, 1, 2, 3, 4]);
  const columns = weightIn(file, { strides: [1, 2] });
  expect([...(await valuesOf(weights, columns))]).toEqual([1, 3, 2, 4]);
  const within = join(await newFolder(), 'weights.bin');
  await writeFile(
    within,
    Buffer.concat([Buffer.of(7), Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)]),
  );
  expect([...(await valuesOf(weights, weightIn(within, { offset: 1 })))]).toEqual([1, 2, 3, 4]);
  const half = join(await newFolder(), 'weights.bin');
  await writeFile(half, Buffer.from(Uint16Array.of(0x3f80, 0x4000, 0x4040, 0x4080).buffer));
  const narrow = weightIn(half, { offset: 0, length: 8, dtype: 'bfloat16' });
  expect([...(await valuesOf(weights, narrow))]).toEqual([1, 2, 3, 4]);
});

test('weights come back after they were given back, and after their pages were', async () => {
  const weights = sharedWeights();
  const weight = weightIn(await floats([9, 1, 2, 3, 4]));
  const first = await valuesOf(weights, weight);
  weights.rest();
  expect([...first]).toEqual([1, 2, 3, 4]);
  weights.release([weight]);
  expect([...(await valuesOf(weights, weight))]).toEqual([1, 2, 3, 4]);
});

test('another file that has come to the same path is read; one that was put in its place leaves the first', async () => {
  const files = mappedFiles();
  const file = await floats([1, 2, 3, 4]);
  const place = { file, offset: 0, length: 16, dtype: 'float32' } as const;
  const before = files.floats(place);
  await rename(await floats([5, 6, 7, 8]), file);
  const after = files.floats(place);
  if (isMapped) expect([...before!.array, ...after!.array]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  for (const one of [before, after]) one?.free();
});

test('a file that ends before a weight does is told', async () => {
  const file = await floats([1, 2, 3, 4]);
  await truncate(file, 12);
  const place = { file, offset: 0, length: 16, dtype: 'float32' } as const;
  expect(() => mappedFiles().floats(place)).toThrow(/expected 16 bytes, got 12/);
});

test('a weight is found behind many gigabytes, and one that is too large to look at is left', async () => {
  const gigabyte = 2 ** 30;
  const file = await floats([1]);
  const handle = await open(file, 'r+');
  await handle.truncate(9 * gigabyte);
  await handle.write(Buffer.from(Float32Array.of(5).buffer), 0, 4, 8 * gigabyte);
  await handle.close();
  const files = mappedFiles();
  const found = files.floats({ file, offset: 8 * gigabyte, length: 8, dtype: 'float32' });
  if (isMapped) expect([...found!.array]).toEqual([5, 0]);
  found?.free();
  const large = { file, offset: 0, length: 5 * gigabyte, dtype: 'float32' } as const;
  expect(files.floats(large)).toBe(undefined);
});
