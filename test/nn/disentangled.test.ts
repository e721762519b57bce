import { expect, test } from 'vitest';
import { distanceRow, logBucket } from '../../src/nn/disentangled.ts';
import { goldenJson } from '../golden.ts';

interface Table {
  readonly count: number;
  readonly reach: number;
  /** Of the distances 0, 1, 2 … */
  readonly buckets: number[];
}

// Expected values: make_log_bucket_position of transformers 5.24.0 (test/golden/README.md).
const { buckets: tables } = await goldenJson<{ buckets: Table[] }>(
  'families',
  'deberta',
  'expected.json',
);

test.each(tables)('$count buckets up to a distance of $reach are those of PyTorch', (table) => {
  const { count, reach, buckets } = table;
  expect(buckets.map((_, distance) => logBucket(distance, count, reach))).toEqual(buckets);
  expect(buckets.map((_, distance) => 0 - logBucket(-distance, count, reach))).toEqual(buckets);
});

test('a distance beyond the table has its last row, one in the other direction the first', () => {
  const far = [600, -600];
  expect(far.map((distance) => distanceRow(distance, { buckets: 256, reach: 512 }))).toEqual([
    511, 0,
  ]);
  expect(far.map((distance) => distanceRow(distance, { reach: 6 }))).toEqual([11, 0]);
  const near = [-7, -6, -1, 0, 1, 5, 6];
  const rows = near.map((distance) => distanceRow(distance, { reach: 6 }));
  expect(rows).toEqual([0, 0, 5, 6, 7, 11, 11]);
});
