import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { float32 } from '../../src/tensor.ts';
import { checkFinite, checkFiniteTensors } from '../../src/tensors/finite.ts';
import type { FloatsLocation } from '../../src/tensors/safetensors.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();

/** A file of some elements, and where they lie in it: behind four bytes of something else. */
async function stored(
  dtype: FloatsLocation['dtype'],
  elements: ArrayBufferView,
  shape: readonly number[],
): Promise<FloatsLocation> {
  const file = join(await newFolder(), 'weights');
  const bytes = new Uint8Array(elements.buffer as ArrayBuffer);
  await writeFile(file, new Uint8Array([1, 2, 3, 4, ...bytes, 0xff, 0xff, 0xff, 0xff]));
  return { file, dtype, shape, offset: 4, length: bytes.length };
}

describe('numbers that are none', () => {
  test.each<[string, FloatsLocation['dtype'], ArrayBufferView, string | undefined]>([
    ['the largest', 'float32', Float32Array.of(3.4028234e38, -3.4028234e38, 1e-45, 0), undefined],
    ['NaN', 'float32', Float32Array.of(1, Number.NaN, 2), 'NaN (1 of 3)'],
    ['infinity', 'float32', Float32Array.of(1, 2, -Infinity), 'infinity (1 of 3)'],
    ['the largest', 'float16', Uint16Array.of(0x7bff, 0xfbff, 1, 0), undefined],
    ['NaN in an odd place', 'float16', Uint16Array.of(1, 2, 0x7e00), 'NaN (1 of 3)'],
    ['infinity in an even place', 'float16', Uint16Array.of(1, 0xfc00, 3), 'infinity (1 of 3)'],
    ['the largest', 'bfloat16', Uint16Array.of(0x7f7f, 0xff7f, 1), undefined],
    ['NaN', 'bfloat16', Uint16Array.of(0x7fc0), 'NaN (1 of 1)'],
    ['infinities', 'bfloat16', Uint16Array.of(0xff80, 0x7f80, 0, 0), 'infinity (2 of 4)'],
    ['a large one', 'float64', Float64Array.of(1e38, -1e-300), undefined],
    ['one too large for float32', 'float64', Float64Array.of(1, 1e39), 'infinity (1 of 2)'],
    ['none at all', 'float32', new Float32Array(), undefined],
  ])('%s in %s', async (_, dtype, elements, found) => {
    const shape = [elements.byteLength / (elements as Float32Array).BYTES_PER_ELEMENT];
    const location = await stored(dtype, elements, shape);
    const checking = checkFinite([['layer.weight', location]]);
    if (found === undefined) await expect(checking).resolves.toBeUndefined();
    else {
      const message = `weights: layer.weight: expected finite numbers, got ${found}.`;
      await expect(checking).rejects.toThrow(message);
    }
  });

  test('are found in every piece of a large file', async () => {
    const numbers = new Float32Array(5 * 2 ** 20); // 20 MB
    numbers[numbers.length - 1] = Number.NaN;
    const file = join(await newFolder(), 'weights');
    await writeFile(file, new Uint8Array(numbers.buffer));
    const place = { file, dtype: 'float32', shape: [numbers.length], offset: 0 } as const;
    await expect(checkFinite([['x', { ...place, length: 4 * numbers.length }]])).rejects.toThrow(
      'x: expected finite numbers, got NaN',
    );
    const but = { ...place, length: 4 * (numbers.length - 1), shape: [numbers.length - 1] };
    await expect(checkFinite([['x', but]])).resolves.toBeUndefined();
  });

  test('are no matter between the elements of a view', async () => {
    const location = await stored('float32', Float32Array.of(1, Number.NaN, 2), [2]);
    const view = { ...location, strides: [2], length: 8 };
    await expect(checkFinite([['x', view]])).resolves.toBeUndefined();
  });

  test('are found in memory', () => {
    const tensors = new Map([['a', float32([1, 2])]]);
    expect(() => checkFiniteTensors(tensors, 'file')).not.toThrow();
    tensors.set('b', float32(new Float32Array([1, Infinity, 2]).subarray(1)));
    expect(() => checkFiniteTensors(tensors, 'file')).toThrow(
      'file: b: expected finite numbers, got infinity (1 of 2).',
    );
  });
});
