import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { dataFiles, type PartOptions } from '../../src/data/files.ts';
import { readExamples } from '../../src/data/read.ts';
import { splitOf } from '../../src/data/split-names.ts';
import { InputError } from '../../src/errors.ts';
import { scratchFolders } from '../hub/folder.ts';

const scratch = scratchFolders();
const csv = 'id,dialogue,summary\na,안녕 😀,s\n';
const expected = [{ id: 'a', dialogue: '안녕 😀', summaries: ['s'] }];

async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await scratch();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}
const empty = (...names: string[]) => folderOf(Object.fromEntries(names.map((name) => [name, ''])));
const named = async (folder: string, options?: PartOptions) =>
  (await dataFiles(folder, options)).map(({ path }) => relative(folder, path).split(sep).join('/'));

test.each([
  ['train.csv', 'train'],
  ['data/train-00000-of-00002-0a1b2c.parquet', 'train'],
  ['data/hiddentest-00000-of-00001.parquet', 'hiddentest'],
  ['DialogSum.train.jsonl', 'train'],
  ['dialogsum.dev.jsonl', 'validation'],
  ['valid.tsv', 'validation'],
  ['my_val_2.json', 'validation'],
  ['default/test/0000.parquet', 'test'],
  ['TEST.CSV', 'test'],
  ['trained.csv', undefined],
  ['contest.csv', undefined],
  ['dialogues.csv', undefined],
])('by its name %s is %s', (path, split) => {
  expect(splitOf(path)).toBe(split);
});

test('of a folder with parts, the training part is read, or the one that is named', async () => {
  // the files of knkarthick/dialogsum
  const folder = await empty(
    'train.csv',
    'validation.csv',
    'test.csv',
    'README.md',
    '.gitattributes',
  );
  expect(await named(folder)).toEqual(['train.csv']);
  expect(await named(folder, { split: 'dev' })).toEqual(['validation.csv']);
  expect(await named(folder, { usualSplit: 'test' })).toEqual(['test.csv']);
  await expect(named(folder, { split: 'hidden' })).rejects.toThrow(
    `${folder}: expected files of the part "hidden", got test, train, validation. Set \`split\``,
  );
});

test('a folder in the layout of the hub gives its shards in order', async () => {
  const shard = (split: string, i: number) => `data/${split}-0000${i}-of-00003.parquet`;
  const folder = await empty(
    shard('train', 2),
    shard('train', 0),
    shard('train', 1),
    shard('test', 0),
    'dataset_infos.json',
  );
  expect(await named(folder)).toEqual([0, 1, 2].map((i) => shard('train', i)));
});

test('without parts, all files are read by name', async () => {
  expect(await named(await empty('b.jsonl', 'a.jsonl.gz', 'c.ndjson.txt'))).toEqual([
    'a.jsonl.gz',
    'b.jsonl',
  ]);
});

test('of files that do not belong together none is read', async () => {
  await expect(named(await empty('a.csv', 'b.parquet'))).rejects.toThrow(
    'expected one format, got csv, parquet. Give the path of a file, not of all of it.',
  );
  await expect(named(await empty('en/train.csv', 'de/train.csv'))).rejects.toThrow(
    'expected one set, got de, en. Give the path of one of the folders, not of all of it.',
  );
  expect(await named(await empty('train/b.csv', 'test/a.csv'))).toEqual(['train/b.csv']);
  await expect(named(await empty('notes.txt'))).rejects.toThrow('expected data files (.csv, .tsv');
  await expect(named(await empty('dev.csv'))).rejects.toThrow(
    'of the part "train", got validation',
  );
});

test('links to files are followed, as in the cache of the hub', async () => {
  const folder = await folderOf({ 'blobs/0a1b': csv });
  await mkdir(join(folder, 'snapshots/1234'), { recursive: true });
  const snapshot = join(folder, 'snapshots/1234');
  await symlink('../../blobs/0a1b', join(snapshot, 'train.csv'));
  await symlink('..', join(snapshot, 'loop'));
  expect((await readExamples(snapshot)).examples).toEqual(expected);
});

test('a file that is missing, of another kind or not UTF-8 is an input error', async () => {
  const folder = await folderOf({
    'korean.csv': Uint8Array.from([0x69, 0x64, 0xb0, 0xa1]),
    'x.xlsx': '',
    'x.parquet.gz': '',
  });
  const [missing, other, korean, packed] = ['none.csv', 'x.xlsx', 'korean.csv', 'x.parquet.gz'].map(
    (name) => join(folder, name),
  );
  await expect(readExamples(missing)).rejects.toThrow(
    `${missing}: expected a readable file, got no such file. Check the path.`,
  );
  await expect(readExamples(other)).rejects.toThrow(
    'expected a file name in .csv, .tsv, .json, .jsonl, .ndjson, .parquet or, of text, .gz, got .xlsx.',
  );
  await expect(readExamples(packed)).rejects.toThrow('or, of text, .gz, got .gz.');
  await expect(readExamples(korean)).rejects.toThrow('expected UTF-8 text, got the byte 0xb0');
  await expect(readExamples(korean)).rejects.toThrow(InputError);
  await expect(readExamples(korean, { split: 'train' })).rejects.toThrow(
    '`split`: expected none with',
  );
});

test('every text format is read alike, packed or not, in UTF-8 or UTF-16', async () => {
  const row = { id: 'a', dialogue: '안녕 😀', summary: 's' };
  const texts = {
    csv,
    tsv: csv.replaceAll(',', '\t'),
    json: JSON.stringify({ data: [row] }),
    jsonl: JSON.stringify(row),
    ndjson: JSON.stringify(row),
  };
  for (const [name, text] of Object.entries(texts)) {
    const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le');
    const folder = await folderOf({
      [`a/x.${name}`]: text,
      [`b/x.${name}`]: `\uFEFF${text}`,
      [`c/x.${name}`]: utf16,
      [`d/x.${name}`]: Buffer.from(utf16).swap16(),
      [`e/x.${name}.gz`]: gzipSync(text),
      // as `cat a.gz b.gz` makes them
      [`f/x.${name}.gz`]: Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))]),
    });
    for (const part of 'abcdef') {
      expect((await readExamples(join(folder, part))).examples).toEqual(expected);
    }
  }
});

test('a gzip file that is cut off, damaged or none is an input error', async () => {
  const whole = gzipSync(csv.repeat(1000));
  const damaged = Buffer.from(whole).fill(0, whole.length - 8, whole.length - 4);
  const folder = await folderOf({
    'cut.csv.gz': whole.subarray(0, 90),
    'bad.csv.gz': damaged,
    'none.csv.gz': csv,
  });
  const read = (name: string) => readExamples(join(folder, name));
  await expect(read('cut.csv.gz')).rejects.toThrow(
    'expected a whole gzip file, got an early end. Was it cut',
  );
  await expect(read('bad.csv.gz')).rejects.toThrow('expected a whole gzip file, got other bytes.');
  await expect(read('none.csv.gz')).rejects.toThrow('expected a whole gzip file, got other bytes.');
});

test("what save_to_disk of Hugging Face's datasets writes is refused with the line that makes Parquet of it", async () => {
  const one = await empty('data-00000-of-00001.arrow', 'dataset_info.json', 'state.json');
  await expect(named(one)).rejects.toThrow(
    `${one}: expected data files (.parquet, .jsonl, .csv …), got Arrow files. Write Parquet, in Python: datasets.load_from_disk("${one}").to_parquet("train.parquet").`,
  );
  const parts = await empty('dataset_dict.json', 'train/data-00000-of-00001.arrow');
  await expect(named(parts)).rejects.toThrow('")["train"].to_parquet("train.parquet").');
});
