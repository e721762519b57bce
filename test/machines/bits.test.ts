import { afterAll, expect, test } from 'vitest';
import { bitsOf } from '../../src/machines/bits.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Feeds } from '../../src/runtime/feeds.ts';
import { openEngine } from '../engine.ts';

const engine = await openEngine('onnxruntime', { threads: 1 });
const other = await openEngine('onnxruntime', { threads: 2 });
afterAll(() => Promise.all([engine.close(), other.close()]));

test('two engines of one library on one CPU agree, whatever their threads', async () => {
  const bits = await bitsOf(engine, '1.0.0');
  expect(bits).toMatch(/^[0-9a-f]{64}$/);
  expect(await bitsOf(other, '1.0.0')).toBe(bits);
});

test('what may give other results does not', async () => {
  const changed = (change: Partial<Engine>) => bitsOf({ ...engine, ...change }, '1.0.0');
  const all = [
    await bitsOf(engine, '1.0.0'),
    await bitsOf(engine, '1.0.1'),
    await changed({ library: 'onnxruntime 9' }),
    await changed({ precision: 'bf16' }),
    await changed({ compile: offByOneBit }),
  ];
  expect(new Set(all).size).toBe(all.length);
});

/** The last bit of one number is another. */
const offByOneBit: Engine['compile'] = async (graph, options) => {
  const session = await engine.compile(graph, options);
  return {
    ...session,
    async run(feeds: Feeds) {
      const results = await session.run(feeds);
      const [first] = Object.values(results);
      new Uint32Array((first.data as Float32Array).buffer)[0] ^= 1;
      return results;
    },
  };
};
