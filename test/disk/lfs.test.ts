import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readAdapter, readValueHead } from '../../src/adapter/peft.ts';
import { readExamples } from '../../src/data/read.ts';
import { readModelConfig } from '../../src/family/config.ts';
import { openWeights } from '../../src/family/weights.ts';
import { openSafetensors } from '../../src/tensors/safetensors.ts';
import { openTorchFile } from '../../src/tensors/torch-file.ts';
import { readTokenizerFiles } from '../../src/tokenizer/tokenizer-files.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 990345061\n`;
const config = '{"peft_type":"LORA","r":1,"lora_alpha":1,"target_modules":["q"]}';
const index = '{"weight_map":{"x":"a.safetensors"}}';
type Read = (path: string, folder: string) => Promise<unknown>;
const ofFolder = (read: (folder: string) => Promise<unknown>) => (_: string, folder: string) =>
  read(folder);

test.each<[string, Read, Record<string, string>?]>([
  ['config.json', ofFolder(readModelConfig)],
  ['model.safetensors', ofFolder((folder) => openWeights(folder))],
  ['model.safetensors.index.json', ofFolder((folder) => openWeights(folder))],
  ['a.safetensors', ofFolder(openWeights), { 'model.safetensors.index.json': index }],
  ['pytorch_model.bin', ofFolder((folder) => openWeights(folder))],
  ['tokenizer.json', ofFolder(readTokenizerFiles)],
  ['spm.model', ofFolder(readTokenizerFiles)],
  ['spiece.model', ofFolder(readTokenizerFiles)],
  ['vocab.txt', ofFolder(readTokenizerFiles)],
  ['tokenizer_config.json', ofFolder(readTokenizerFiles)],
  ['adapter_config.json', ofFolder(readAdapter)],
  ['adapter_model.safetensors', ofFolder(readAdapter), { 'adapter_config.json': config }],
  ['adapter_model.bin', ofFolder(readAdapter), { 'adapter_config.json': config }],
  ['value_head.safetensors', ofFolder(readValueHead)],
  ['adapter.zip', readAdapter],
  ['any.safetensors', openSafetensors],
  ['any.bin', openTorchFile],
  ['rows.csv', (path) => readExamples(path)],
  ['rows.csv.gz', (path) => readExamples(path)],
  ['rows.jsonl', (path) => readExamples(path)],
  ['rows.json', (path) => readExamples(path)],
  ['train.parquet', ofFolder((folder) => readExamples(folder))],
])('a pointer in place of %s is named, with what to do', async (name, read, beside = {}) => {
  const folder = await newFolder();
  await mkdir(folder, { recursive: true });
  for (const [other, text] of Object.entries(beside)) await writeFile(join(folder, other), text);
  const path = join(folder, name);
  await writeFile(path, pointer);
  const reading = read(path, folder);
  await expect(reading).rejects.toThrow(
    `${path}: expected the file itself, got a Git LFS pointer to 990345061 bytes in its place.`,
  );
  await expect(reading).rejects.toThrow('git lfs pull');
});
