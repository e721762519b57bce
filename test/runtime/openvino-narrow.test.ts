import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inBfloat16, narrowWeights } from '../../src/runtime/openvino-narrow.ts';
import { toBfloat16 } from '../../src/tensors/half.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-narrow-'));
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('LOCALAPPDATA', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('numbers are rounded to nearest, ties to even, as tensors/half.ts does', () => {
  const words = Uint32Array.from({ length: 4096 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
  const special = [0, -0, 1, -1, 1e-45, -1e-45, 1e-38, 3.4e38, -3.4e38, Infinity, -Infinity];
  const ties = Uint32Array.of(0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x00008000);
  const all = [...new Float32Array(words.buffer), ...new Float32Array(ties.buffer), ...special];
  const numbers = Float32Array.from(all.filter((x) => !Number.isNaN(x)));
  expect(inBfloat16(numbers)).toEqual(toBfloat16(numbers));
  const [nan] = inBfloat16(Float32Array.of(Number.NaN));
  expect(nan & 0x7fff).toBeGreaterThan(0x7f80);
});

test('each weight is in the file once, and the file goes with the backend', async () => {
  const narrow = narrowWeights();
  const weight = (name: string, ...values: number[]) => ({
    name,
    shape: [values.length],
    place: { source: 1, values: Float32Array.from(values) },
  });
  const a = await narrow.bytesOf(weight('a', 1, 2, 3));
  const b = await narrow.bytesOf(weight('b', 4));
  expect(await narrow.bytesOf(weight('a', 1, 2, 3))).toBe(a);
  expect([a, b]).toMatchObject([
    { offset: 0, length: 6 },
    { offset: 64, length: 2 },
  ]);
  const [name] = await readdir(join(folder, 'tactful'));
  const file = join(folder, 'tactful', name);
  const bytes = await readFile(file);
  expect([...new Uint16Array(bytes.buffer, bytes.byteOffset, 3)]).toEqual([0x3f80, 0x4000, 0x4040]);
  expect(bytes.readUInt16LE(64)).toBe(0x4080);
  narrow.close();
  expect(existsSync(file)).toBe(false);
});
