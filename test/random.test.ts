import fc from 'fast-check';
import { expect, test } from 'vitest';
import { philox, type RandomKey, randomStream, uniform } from '../src/random.ts';

const draw = (count: number, next: () => number) => Array.from({ length: count }, next);
const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0'));

/** Known answers of Random123 (kat_vectors, philox4x32 with 10 rounds), https://github.com/DEShawResearch/random123 */
test.each([
  {
    name: 'zeros',
    counter: [0, 0, 0, 0],
    key: [0, 0],
    expected: '6627e8d5 e169c58d bc57ac4c 9b00dbd8',
  },
  {
    name: 'ones',
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    expected: '408f276d 41c83b0e a20bc7c6 6d5451fd',
  },
  {
    name: 'the digits of pi',
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    expected: 'd16cfe09 94fdcceb 5001e420 24126ea1',
  },
])('Philox 4x32-10 gives the published answer for $name', ({ counter, key, expected }) => {
  const [a, b, c, d] = counter;
  expect(hex(philox([a, b, c, d], key[0], key[1])).join(' ')).toBe(expected);
});

test('Philox takes words as signed numbers too', () => {
  expect(philox([-1, -1, -1, -1], -1, -1)).toEqual(
    philox([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], 0xffffffff, 0xffffffff),
  );
});

test('every part of a key, its type and its borders matter, and so does the seed', () => {
  const keys: RandomKey[] = [
    [],
    ['a'],
    ['b'],
    ['a', 'b'],
    ['ab'],
    ['b', 'a'],
    ['a', ''],
    ['', 'a'],
    ['a', 1],
    ['a1'],
    ['a', '1'],
    [1],
    [-1],
    [2 ** 32 - 1],
    [2 ** 32 + 1],
    [0],
    [0, 0],
  ];
  const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1];
  const firsts = seeds.flatMap((seed) => keys.map((key) => uniform(seed, key)));
  expect(new Set(firsts).size).toBe(firsts.length);
});

test('the same seed and key give the same numbers on every machine', () => {
  const stream = randomStream(1, ['sample', 2]);
  const frozen = draw(3, stream.next);
  expect(frozen).toEqual([uniform(1, ['sample', 2]), ...frozen.slice(1)]);
  expect(frozen).toMatchInlineSnapshot(`
    [
      0.6043446030758278,
      0.8377253217200126,
      0.7504132157862878,
    ]
  `);
});

const key = fc.array(fc.oneof(fc.string({ maxLength: 4 }), fc.nat()), { maxLength: 3 });

test('a stream that starts at a position goes on as one that came there', () => {
  const property = fc.property(fc.integer(), key, fc.nat({ max: 20 }), (seed, parts, position) => {
    const whole = randomStream(seed, parts);
    draw(position, whole.next);
    expect(whole.position).toBe(position);
    const resumed = randomStream(seed, parts, position);
    expect(draw(5, resumed.next)).toEqual(draw(5, whole.next));
    expect(resumed.position).toBe(position + 5);
  });
  fc.assert(property);
});

test('every way to draw moves the position, so that it can be resumed', () => {
  const stream = randomStream(3, ['moves']);
  stream.integer(10);
  stream.pick(['a', 'b']);
  expect(stream.position).toBe(2);
  stream.normal();
  expect(stream.position).toBe(4);
  stream.shuffle([1, 2, 3]);
  expect(stream.position).toBe(6);
  const { position } = stream;
  expect(randomStream(3, ['moves'], position).normal()).toBe(stream.normal());
});

test('positions beyond 2^32 are places of their own', () => {
  const [near, far] = [0, 2 ** 32].map((position) => randomStream(3, ['far'], position).next());
  expect(near).not.toBe(far);
});

test('numbers lie in [0, 1), and integers below their limit', () => {
  const property = fc.property(
    fc.integer(),
    key,
    fc.integer({ min: 1, max: 1e6 }),
    (seed, parts, limit) => {
      const stream = randomStream(seed, parts);
      const [number, integer] = [stream.next(), stream.integer(limit)];
      expect(number >= 0 && number < 1).toBe(true);
      expect(Number.isInteger(integer) && integer >= 0 && integer < limit).toBe(true);
    },
  );
  fc.assert(property);
});

test('a shuffle holds the same items, and leaves the list as it was', () => {
  const property = fc.property(fc.integer(), fc.array(fc.integer()), (seed, items) => {
    const before = [...items];
    const shuffled = randomStream(seed, ['shuffle']).shuffle(items);
    expect(items).toEqual(before);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(before.toSorted((a, b) => a - b));
  });
  fc.assert(property);
});

/** Pearson's statistic against equal counts. */
function chiSquare(counts: number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function histogram(bins: number, places: number[]): number[] {
  const counts = Array<number>(bins).fill(0);
  for (const place of places) counts[place]++;
  return counts;
}

// 99 degrees of freedom: between 61.1 and 148.2 except once in a thousand at either end
test('numbers of one stream fill [0, 1) evenly', () => {
  const { next } = randomStream(5, ['uniform']);
  const statistic = chiSquare(
    histogram(
      100,
      draw(100_000, () => Math.floor(next() * 100)),
    ),
  );
  expect(statistic).toBeGreaterThan(61.1);
  expect(statistic).toBeLessThan(148.2);
});

test('first numbers of neighbouring keys fill [0, 1) evenly', () => {
  let token = 0;
  const place = () => Math.floor(uniform(5, ['sample', 1, 0, token++]) * 100);
  const statistic = chiSquare(histogram(100, draw(100_000, place)));
  expect(statistic).toBeGreaterThan(61.1);
  expect(statistic).toBeLessThan(148.2);
});

// 23 degrees of freedom: 49.7 is passed once in a thousand
test('every order of four items is as frequent as any other', () => {
  const stream = randomStream(5, ['orders']);
  const orders = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = stream.shuffle([0, 1, 2, 3]).join();
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect(orders.size).toBe(24);
  expect(chiSquare([...orders.values()])).toBeLessThan(49.7);
});

test('normal numbers have the moments 0, 1, 0, 3', () => {
  const { normal } = randomStream(5, ['normal']);
  const count = 100_000;
  const numbers = draw(count, normal);
  const moment = (power: number) => numbers.reduce((sum, x) => sum + x ** power, 0) / count;
  // four standard errors of each moment: sqrt(1, 2, 15, 96 / count)
  const four = 4 / Math.sqrt(count);
  expect(Math.abs(moment(1))).toBeLessThan(four);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(four * Math.sqrt(2));
  expect(Math.abs(moment(3))).toBeLessThan(four * Math.sqrt(15));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(four * Math.sqrt(96));
});
