import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClassifyEvent, trainClassifier } from '../src/classify.ts';
import { ClassifyConfig } from '../src/classify-config.ts';
import { type RobertaConfig, readModelConfig } from '../src/hub/config.ts';
import { loadClassifier } from '../src/model/load.ts';
import type { Engine } from '../src/runtime/engine.ts';
import { loadTokenizer } from '../src/tokenizer.ts';
import { testEngine } from './engine.ts';
import { goldenPath } from './golden.ts';
import { scratchFolders } from './hub/folder.ts';

const scratch = scratchFolders();
const model = goldenPath('roberta', 'model');
let engine: Engine;
let home: string;
/** A fresh config without names of labels. */
let config: string;

beforeAll(async () => {
  engine = await testEngine();
  home = await scratch();
  config = join(home, 'config.json');
  const json = JSON.parse(await readFile(join(model, 'config.json'), 'utf8'));
  const { id2label: _, label2id: __, ...unnamed } = json;
  await writeFile(config, JSON.stringify(unnamed));
});
afterAll(() => engine.close());

const small = { epochs: 12, batchSize: 8, learningRate: 3e-3, warmup: 2 };

/** A file of texts that are easy to tell apart. */
async function dataOf(labels: readonly [rude: string, kind: string], count = 20) {
  const path = join(await scratch(), 'texts.csv');
  const [rude, kind] = labels;
  const rows = Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? `you stupid fool number ${i},${rude}` : `thank you dear friend ${i},${kind}`,
  );
  await writeFile(path, `text,label\n${rows.join('\n')}\n`);
  return path;
}

async function run(
  options: Partial<ClassifyConfig>,
  { stopAfter = Number.POSITIVE_INFINITY } = {},
) {
  const output = join(await scratch(), 'result');
  const controller = new AbortController();
  const events: ClassifyEvent[] = [];
  const { signal } = controller;
  const settings = ClassifyConfig.parse({ ...small, ...options });
  for await (const event of trainClassifier(settings, { engine, output, version: '', signal })) {
    events.push(event);
    if (event.type === 'step' && event.step === stopAfter) controller.abort();
  }
  const evaluated = events.find((event) => event.type === 'evaluated');
  return { output, events, measures: evaluated?.measures };
}

test('a fresh classifier learns the labels of the data, sorted, and tells how well', async () => {
  const data = await dataOf(['rude', 'kind']);
  const { output, events, measures } = await run({ data, config, tokenizer: model });
  expect(events[0]).toMatchObject({ data: { rows: 20, train: 16, test: 4, cut: 0 } });
  expect(measures?.accuracy).toMatchObject({ share: 1, n: 4 });
  expect(measures?.confusion).toEqual([
    [2, 0],
    [0, 2],
  ]);
  expect(((await readModelConfig(output)) as RobertaConfig).labels).toEqual(['kind', 'rude']);
  const classifier = await loadClassifier(engine, output);
  const tokenizer = await loadTokenizer(output);
  const [logits] = await classifier.logits([await tokenizer.encode('thank you dear friend 99')]);
  expect(logits[0]).toBeGreaterThan(logits[1]);
  await classifier.close();
});

test('going on from a model, the labels are its own, by name or by id', async () => {
  const { labels } = (await readModelConfig(model)) as RobertaConfig;
  const named = await run({ model, epochs: 2, data: await dataOf([labels[1], labels[0]]) });
  const byId = await run({ model, epochs: 2, data: await dataOf(['1', '0']) });
  expect(((await readModelConfig(named.output)) as RobertaConfig).labels).toEqual(labels);
  const weights = ({ output }: { output: string }) => readFile(join(output, 'model.safetensors'));
  expect((await weights(named)).equals(await weights(byId))).toBe(true);
});

test('a label that the model does not have is refused', async () => {
  const { labels } = (await readModelConfig(model)) as RobertaConfig;
  const data = await dataOf([`${labels[1]}x`, labels[0]]);
  await expect(run({ model, data })).rejects.toThrow(`Did you mean "${labels[1]}"?`);
});

test('a fresh config with names of labels keeps their ids', async () => {
  const named = join(await scratch(), 'config.json');
  const json = JSON.parse(await readFile(config, 'utf8'));
  await writeFile(named, JSON.stringify({ ...json, id2label: { 0: 'rude', 1: 'kind' } }));
  const data = await dataOf(['rude', 'kind']);
  const { output } = await run({ data, config: named, tokenizer: model, epochs: 1 });
  expect(((await readModelConfig(output)) as RobertaConfig).labels).toEqual(['rude', 'kind']);
});

test('a config for fewer tokens than the tokenizer has is refused', async () => {
  const narrow = join(await scratch(), 'config.json');
  const json = JSON.parse(await readFile(config, 'utf8'));
  await writeFile(narrow, JSON.stringify({ ...json, vocab_size: 10 }));
  const data = await dataOf(['rude', 'kind']);
  await expect(run({ data, config: narrow, tokenizer: model })).rejects.toThrow(
    'config: vocab_size: expected at least',
  );
});

test('the signal ends the training after its step, and what was learnt is saved', async () => {
  const data = await dataOf(['rude', 'kind']);
  const { output, events } = await run({ data, config, tokenizer: model }, { stopAfter: 3 });
  expect(events.at(-1)).toEqual({ type: 'stopped', step: 3, saved: true });
  expect(await readdir(output)).toContain('model.safetensors');
});

test.each([
  [{}, 'model', 'must be given, or `config` and `tokenizer`'],
  [{ model: 'a', config: 'b', tokenizer: 'c' }, 'model', 'cannot go with `config`'],
  [{ config: 'b' }, 'tokenizer', 'must be given with `config`'],
  [{ model: 'a', tokenizer: 'c' }, 'tokenizer', 'cannot go without `config`'],
])('refuses %j', (options, field, message) => {
  const { error } = ClassifyConfig.safeParse({ data: 'd.csv', ...options });
  expect(error?.issues).toMatchObject([{ path: [field], message }]);
});
