import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numpyRandom } from '../../../src/rl/trl/numpy.ts';
import { goldenJson } from '../../golden.ts';

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

test('a choice among one number draws nothing', () => {
  const random = numpyRandom(3);
  expect(random.choice(7, 8)).toBe(7);
  expect(random.permutation(1)).toEqual([0]);
  expect(random.position).toBe(0);
});

test('a choice lies in [low, high), and every number of it comes', () => {
  const random = numpyRandom(11);
  const drawn = Array.from({ length: 200 }, () => random.choice(-1, 4));
  expect(new Set(drawn)).toEqual(new Set([-1, 0, 1, 2, 3]));
});

test('a stream that starts at a position goes on as one that came there', () => {
  const seed = fc.nat({ max: 1e6 });
  const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 });
  const property = fc.property(seed, lengths, (number, before) => {
    const whole = numpyRandom(number);
    for (const n of before) whole.permutation(n);
    // rejected words count as well, so that n numbers may take more
    const least = before.reduce((words, n) => words + n - 1, 0);
    expect(whole.position).toBeGreaterThanOrEqual(least);
    const resumed = numpyRandom(number, whole.position);
    expect(resumed.position).toBe(whole.position);
    expect(resumed.permutation(9)).toEqual(whole.permutation(9));
    expect(resumed.choice(0, 1000)).toBe(whole.choice(0, 1000));
    expect(resumed.position).toBe(whole.position);
  });
  fc.assert(property);
});
