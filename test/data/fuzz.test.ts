/** Damaged files of every format end in rows or in an error of ours, whatever the damage. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readExamples } from '../../src/data/read.ts';
import { TactfulError } from '../../src/errors.ts';
import { scratchFolders } from '../hub/folder.ts';

const folder = scratchFolders();
const numRuns = Math.ceil(Number(process.env.FUZZ_RUNS ?? 1000) / 10);

const rows = Array.from({ length: 12 }, (_, i) => ({
  id: i,
  dialogue: `#Person1#: "No", ${i}?\r\n#Person2#: 안녕 😀`,
  summary: i % 4 === 0 ? `a, b "${i}"` : 'plain',
}));
const cell = (value: unknown) => `"${String(value).replaceAll('"', '""')}"`;
const table = (delimiter: string) =>
  [Object.keys(rows[0]), ...rows.map((row) => Object.values(row).map(cell))]
    .map((cells) => `${cells.join(delimiter)}\n`)
    .join('');
const lines = rows.map((row) => JSON.stringify(row)).join('\n');
const parquet = (name: string) =>
  readFile(fileURLToPath(new URL(`./parquet/${name}.parquet`, import.meta.url)));

const seeds: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['rows.csv', Buffer.from(table(','))],
  ['rows.tsv', Buffer.from(table('\t'))],
  ['rows.jsonl', Buffer.from(lines)],
  ['rows.json', Buffer.from(JSON.stringify({ data: rows }, null, 1))],
  ['lines.json', Buffer.from(lines)],
  ['wide.csv', Buffer.from(`\uFEFF${table(',')}`, 'utf16le')],
  ['rows.csv.gz', gzipSync(table(','))],
  ['snappy.parquet', await parquet('snappy')],
  ['zstd.parquet', await parquet('zstd')],
  ['v2.parquet', await parquet('v2')],
  ['turns.parquet', await parquet('turns')],
  ['turns-v2.parquet', await parquet('turns-v2')],
];

/** Bytes that mean something in one of the formats. */
const telling = fc.oneof(
  fc.constantFrom(...Buffer.from('"{}[],:\\\t\r\n\0'), 0x7f, 0x80, 0xff),
  fc.integer({ min: 0, max: 255 }),
);
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const damage = fc.record({
  writes: fc.array(fc.tuple(place, fc.array(telling, { minLength: 1, maxLength: 6 })), {
    maxLength: 4,
  }),
  keep: fc.option(fc.tuple(place, place)),
  again: fc.option(fc.tuple(place, place)),
});

function damaged(seed: Uint8Array, { writes, keep, again }: Damage): Uint8Array {
  const at = (share: number) => Math.floor(share * seed.length);
  const slice = ([a, b]: readonly [number, number]) =>
    seed.subarray(at(Math.min(a, b)), at(Math.max(a, b)));
  const bytes = Buffer.concat([
    keep ? seed.subarray(0, at(keep[0])) : seed,
    again ? slice(again) : seed.subarray(0, 0),
  ]);
  for (const [share, values] of writes) {
    bytes.set(
      values.slice(0, bytes.length - Math.min(at(share), bytes.length)),
      Math.min(at(share), bytes.length),
    );
  }
  return bytes;
}
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

test.each(seeds)(
  '%s, damaged in any way, gives rows or an error of ours',
  async (name, seed) => {
    const path = join(await folder(), name);
    const property = fc.asyncProperty(damage, fc.boolean(), async (how, strict) => {
      await writeFile(path, damaged(seed, how));
      try {
        const { examples, rows } = await readExamples(path, { strict });
        expect(examples.length).toBe(rows);
        for (const { id, dialogue, summaries } of examples) {
          expect([id, dialogue, ...summaries].every((text) => text.trim() !== '')).toBe(true);
        }
      } catch (error) {
        if (!(error instanceof TactfulError)) throw error;
      }
    });
    const before = process.memoryUsage.rss();
    await fc.assert(property, { numRuns });
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 29);
  },
  600_000,
);

test('a gzip bomb is read in pieces', async () => {
  const path = join(await folder(), 'bomb.csv.gz');
  // 512 MB of one cell without end
  const member = gzipSync(Buffer.alloc(2 ** 20, 'x'));
  const head = gzipSync('id,dialogue,summary\n');
  await writeFile(path, Buffer.concat([head, ...Array<Buffer>(512).fill(member)]));
  const before = process.memoryUsage.rss();
  await expect(readExamples(path)).rejects.toThrow('expected a row of 16 million characters');
  expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 28);
});
