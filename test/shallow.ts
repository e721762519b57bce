/**
 * The golden models cut to one layer, for tests to which their numbers do not matter: half of each
 * graph to build, compile and run.
 */
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readAdapter, writeAdapter } from '../src/adapter/peft.ts';
import { goldenPath } from './golden.ts';

/** Puts a T5 of one layer and one decoder layer into a folder, with its tokenizer. */
export async function shallowT5(folder: string): Promise<string> {
  await cp(goldenPath('tokenizers', 't5'), folder, { recursive: true });
  await copyFile(
    goldenPath('t5', 'model', 'generation_config.json'),
    join(folder, 'generation_config.json'),
  );
  await cut(goldenPath('t5', 'model'), folder, { num_layers: 1, num_decoder_layers: 1 });
  return folder;
}

/** Puts a classifier of one layer into a folder, with its tokenizer. */
export async function shallowRoberta(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']) {
    await copyFile(goldenPath('roberta', 'model', name), join(folder, name));
  }
  await cut(goldenPath('roberta', 'model'), folder, { num_hidden_layers: 1 });
  return folder;
}

/** Puts an adapter of the shallow T5 into a folder, which is not the bare model any more. */
export async function shallowAdapter(folder: string): Promise<string> {
  const { config, tensors } = await readAdapter(goldenPath('ppo', 'adapter'));
  const first = [...tensors].filter(([name]) => name.includes('.block.0.'));
  await writeAdapter(folder, { config, tensors: new Map(first) });
  return folder;
}

/** The weights of the further layers stay in the file, unread. */
async function cut(golden: string, folder: string, layers: Record<string, number>): Promise<void> {
  await copyFile(join(golden, 'model.safetensors'), join(folder, 'model.safetensors'));
  const config = JSON.parse(await readFile(join(golden, 'config.json'), 'utf8'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...layers }));
}
