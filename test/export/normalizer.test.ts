import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { normalizerForBrowsers } from '../../src/export/normalizer.ts';
import { exportToFolder } from '../../src/export/onnx-folder.ts';
import { normalisedBy } from '../../src/tokenizer/charsmap.ts';
import { bytesOfBase64 } from '../../src/tokenizer/tokenizer-parts.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { shallowT5 } from '../shallow.ts';

const scratch = scratchFolders();

/** A table (see charsmap.ts) of characters of one byte or two. */
function tableOf(pairs: readonly (readonly [from: string, to: string])[]): string {
  const units = new Uint32Array(16_384);
  const root = 256;
  units[0] = root << 10;
  let texts = '';
  for (const [i, [from, to]] of pairs.entries()) {
    let base = root;
    const bytes = Buffer.from(from);
    for (const [depth, byte] of bytes.entries()) {
      const place = base ^ byte;
      const isLast = depth === bytes.length - 1;
      base = isLast ? 8192 + i : 512 + 256 * (byte - 0xc0); // a leaf, or a block for each first byte
      units[place] = byte | (isLast ? 0x100 : 0) | ((place ^ base) << 10);
    }
    units[base] = 0x80000000 | Buffer.byteLength(texts);
    texts += `${to}\0`;
  }
  const bytes = Buffer.alloc(4 + units.byteLength);
  bytes.writeUInt32LE(units.byteLength);
  for (const [i, unit] of units.entries()) bytes.writeUInt32LE(unit, 4 + 4 * i);
  return Buffer.concat([bytes, Buffer.from(texts)]).toString('base64');
}

const folding = Array.from({ length: 0x530 - 0x41 }, (_, i) => String.fromCharCode(0x41 + i))
  .map((letter) => [letter, letter.toLowerCase()] as const)
  .filter(([letter, small]) => letter !== small && /\p{L}/u.test(letter));
const precompiled = (table: string) => ({ type: 'Precompiled', precompiled_charsmap: table });

test('a table gives what it holds of a text', async () => {
  const lookUp = normalisedBy(bytesOfBase64(tableOf([...folding, ['&', 'and']]))!);
  expect(['A', '\u00c9', '&', 'a', 'AB', '\uff21'].map(lookUp)).toEqual([
    'a',
    '\u00e9',
    'and',
    undefined,
    undefined,
    undefined,
  ]);
  const file = await readFile(goldenPath('tokenizers', 't5', 'tokenizer.json'), 'utf8');
  const usual = normalisedBy(bytesOfBase64(/"precompiled_charsmap": *"([^"]+)"/.exec(file)![1])!);
  expect(['\uff21', '\ufb01', '\u2026', 'A'].map(usual)).toEqual(['A', 'fi', '...', undefined]);
});

test('the usual table needs nothing, nor does a tokenizer without one', async () => {
  const file = await readFile(goldenPath('tokenizers', 't5', 'tokenizer.json'), 'utf8');
  expect(normalizerForBrowsers(JSON.parse(file).normalizer)).toEqual({ notes: [] });
  for (const none of [null, undefined, { type: 'NFC' }]) {
    expect(normalizerForBrowsers(none)).toEqual({ notes: [] });
  }
});

test('a table that transformers.js cannot follow is told, and folding is made up for', () => {
  const table = precompiled(tableOf([...folding, ['&', 'and']]));
  const strip = { type: 'Strip', strip_left: true, strip_right: true };
  const { written, notes } = normalizerForBrowsers({
    type: 'Sequence',
    normalizers: [table, strip],
  });
  const normalizers = [table, { type: 'Lowercase' }, strip];
  expect(written).toEqual({ type: 'Sequence', normalizers });
  expect(notes[0].says).toContain('& to "and"');

  const signs = normalizerForBrowsers(precompiled(tableOf([['&', 'and']])));
  expect(signs.written).toBeUndefined();
  expect(signs.notes[0].says).toContain('& to "and"');
});

test('an exported tokenizer lowers what its table folds; all else of the file stays', async () => {
  const model = await shallowT5(join(await scratch(), 't5'));
  const path = join(model, 'tokenizer.json');
  const text = await readFile(path, 'utf8');
  const own = JSON.parse(text);
  const normalizer = precompiled(tableOf(folding));
  await writeFile(path, JSON.stringify({ ...own, normalizer }));
  const output = join(await scratch(), 'onnx');
  const { notes } = await exportToFolder({ model, output, version: '0', dtypes: ['fp32'] });
  const written = JSON.parse(await readFile(join(output, 'tokenizer.json'), 'utf8'));
  const normalizers = [normalizer, { type: 'Lowercase' }];
  expect(written).toEqual({ ...own, normalizer: { type: 'Sequence', normalizers } });
  expect(notes.some(({ says }) => says.includes('table of normalised characters'))).toBe(true);
});
