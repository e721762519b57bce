import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numpyRandom } from '../../src/rl/numpy.ts';
import { goldenJson } from '../golden.ts';

test('after seed 0, permutation(10) is what numpy says', () => {
  expect(numpyRandom(0).permutation(10)).toEqual([2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
});

test("draws the lengths that TRL's LengthSampler draws", async () => {
  const controllers = await goldenJson<Record<string, number[]>>('ppo', 'controllers.json');
  const name = Object.keys(controllers).find((key) => key.startsWith('length_sampler_set_seed'))!;
  const [seed, low, high] = name.match(/\d+/g)!.map(Number);
  const random = numpyRandom(seed);
  const lengths = controllers[name];
  expect(lengths.map(() => random.choice(low, high))).toEqual(lengths);
});

test('a permutation has every number once, and one stream goes on', () => {
  const property = fc.property(fc.nat({ max: 1e6 }), fc.nat({ max: 40 }), (seed, n) => {
    const random = numpyRandom(seed);
    const first = random.permutation(n);
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    if (n > 10) expect(random.permutation(n)).not.toEqual(first);
    expect(numpyRandom(seed).permutation(n)).toEqual(first);
  });
  fc.assert(property);
});
