import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { readTokenizerFiles } from '../../src/tokenizer/tokenizer-files.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const golden = ['families', 'deberta', 'tokenizer'];

interface Run {
  readonly config: object;
  readonly added: object | null;
  readonly ids: number[][];
  readonly pair: [ids: number[], segments: number[]];
}

async function folderWith({ config, added }: Pick<Run, 'config' | 'added'>): Promise<string> {
  const folder = await newFolder();
  await copyFile(goldenPath(...golden, 'spm.model'), join(folder, 'spm.model'));
  const files = { 'tokenizer_config.json': config, ...(added && { 'added_tokens.json': added }) };
  for (const [name, json] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(json));
  }
  return folder;
}

// Expected values: transformers 4.47.0 (test/golden/README.md).
describe('a spm.model', async () => {
  const { texts, runs } = await goldenJson<{ texts: string[]; runs: Record<string, Run> }>(
    ...golden,
    'expected.json',
  );

  test.each(Object.entries(runs))('(%s) gives the ids of transformers', async (_, run) => {
    const tokenizer = await loadTokenizer(await folderWith(run));
    expect(await tokenizer.encodeBatch(texts)).toEqual(run.ids);
    const [ids, segments] = run.pair;
    expect(await tokenizer.encodePairs([['why? [MASK]', 'rain.']])).toEqual([{ ids, segments }]);
    expect(tokenizer.padId).toBe(0);
  });

  test('and what is listed beside it give the same tokenizer in another folder', async () => {
    const { files } = await loadTokenizer(await folderWith(runs.added));
    const folder = await newFolder();
    for (const [name, content] of files) await writeFile(join(folder, name), content);
    expect(await (await loadTokenizer(folder)).encodeBatch(texts)).toEqual(runs.added.ids);
  });

  test('written as tokenizer.json gives the same ids', async () => {
    const { json } = await readTokenizerFiles(await folderWith(runs.lower));
    const folder = await newFolder();
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
    expect(await (await loadTokenizer(folder)).encodeBatch(texts)).toEqual(runs.lower.ids);
  });

  test('without [CLS] is that of another family', async () => {
    const folder = await folderWith(runs.plain);
    const bytes = await readFile(join(folder, 'spm.model'), 'latin1');
    await writeFile(join(folder, 'spm.model'), bytes.replace('[CLS]', '[CLT]'), 'latin1');
    await expect(loadTokenizer(folder)).rejects.toThrow(
      'expected the pieces [CLS] and [SEP], got none. Is it a DeBERTa tokenizer?',
    );
  });
});
