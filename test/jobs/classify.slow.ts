import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelConfig } from '../../src/family/config.ts';
import type { RobertaConfig } from '../../src/family/roberta.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { ClassifyConfig } from '../../src/jobs/classify-config.ts';
import { type ClassifyEvent, trainClassifier } from '../../src/jobs/library.ts';
import { loadClassifier } from '../../src/model/load.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

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
  return { output, events, measures: evaluated };
}

test('a fresh classifier learns the labels of the data, sorted, and tells how well', async () => {
  const data = await dataOf(['rude', 'kind']);
  const { output, events, measures } = await run({ data, modelConfig: config, tokenizer: model });
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

test.each([
  ['bert', 'num_hidden_layers'],
  ['distilbert', 'n_layers'],
])('a fresh %s learns as well, its tokenizer from a vocab.txt', async (family, layers) => {
  const tokenizer = goldenPath('wordpiece');
  const { idCount } = await loadTokenizer(tokenizer);
  const raw = await readFile(goldenPath('families', family, 'config.json'), 'utf8');
  const { id2label: _, label2id: __, ...unnamed } = JSON.parse(raw);
  const own = join(await scratch(), 'config.json');
  const wide = { vocab_size: idCount, max_position_embeddings: 64, [layers]: 1 };
  await writeFile(own, JSON.stringify({ ...unnamed, ...wide }));
  const data = await dataOf(['rude', 'kind']);
  const learn = { epochs: 20, learningRate: 2e-2 };
  const { output, measures } = await run({ ...learn, data, modelConfig: own, tokenizer });
  expect(measures?.accuracy).toMatchObject({ share: 1, n: 4 });
  expect((await readModelConfig(output)).modelType).toBe(family);
  expect((await loadTokenizer(output)).idCount).toBe(idCount);
});

test('a fresh modernbert learns too, with its own tokenizer', async () => {
  const tokenizer = goldenPath('families', 'modernbert', 'tokenizer');
  const { idCount, padId } = await loadTokenizer(tokenizer);
  const path = goldenPath('families', 'modernbert', 'mean', 'config.json');
  const { id2label: _, label2id: __, ...unnamed } = JSON.parse(await readFile(path, 'utf8'));
  const own = join(await scratch(), 'config.json');
  await writeFile(own, JSON.stringify({ ...unnamed, vocab_size: idCount, pad_token_id: padId }));
  const data = await dataOf(['rude', 'kind']);
  const learn = { epochs: 20, learningRate: 2e-2 };
  const { output, measures } = await run({ ...learn, data, modelConfig: own, tokenizer });
  expect(measures?.accuracy).toMatchObject({ share: 1, n: 4 });
  expect((await readModelConfig(output)).modelType).toBe('modernbert');
});

test('a model with one label, and one whose labels are true by themselves, are refused', async () => {
  const data = await dataOf(['rude', 'kind']);
  const json = JSON.parse(await readFile(config, 'utf8'));
  const own = join(await scratch(), 'config.json');
  const refused = expect.objectContaining({
    message: expect.stringContaining('at least two labels, one of them true of a text'),
  });
  for (const change of [{ num_labels: 1 }, { problem_type: 'multi_label_classification' }]) {
    await writeFile(own, JSON.stringify({ ...json, ...change }));
    await expect(run({ data, modelConfig: own, tokenizer: model })).rejects.toEqual(refused);
  }
});

test('going on from a model, the labels are its own, by name or by id', async () => {
  const { labels } = (await readModelConfig(model)) as RobertaConfig;
  const named = await run({ model, epochs: 2, data: await dataOf([labels[1], labels[0]]) });
  const byId = await run({ model, epochs: 2, data: await dataOf(['1', '0']) });
  expect(((await readModelConfig(named.output)) as RobertaConfig).labels).toEqual(labels);
  const weights = ({ output }: { output: string }) => readFile(join(output, 'model.safetensors'));
  expect((await weights(named)).equals(await weights(byId))).toBe(true);
});

test('class ids that a Parquet file names are learnt by their names, whatever their order', async () => {
  const { labels } = (await readModelConfig(model)) as RobertaConfig;
  const csv = await dataOf([labels[1], labels[0]]);
  const rows = (await readFile(csv, 'utf8')).trim().split('\n').slice(1);
  const [texts, names] = [0, 1].map((cell) => rows.map((row) => row.split(',')[cell]));
  const fileOf = async (order: readonly string[]) => {
    const path = join(await scratch(), 'texts.parquet');
    const features = { label: { names: order, _type: 'ClassLabel' } };
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'text', data: texts, type: 'STRING' },
        { name: 'label', data: names.map((name) => BigInt(order.indexOf(name))), type: 'INT64' },
      ],
      kvMetadata: [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }],
    });
    await writeFile(path, new Uint8Array(bytes));
    return path;
  };
  const weights = async (settings: Partial<ClassifyConfig>) => {
    const { output, events } = await run({ epochs: 1, ...settings });
    const [started] = events;
    const notes = started.type === 'started' ? started.notes?.map(({ says }) => says) : undefined;
    return { bytes: await readFile(join(output, 'model.safetensors')), notes: notes ?? [], output };
  };
  const named = await weights({ model, data: csv });
  const other = await weights({ model, data: await fileOf([labels[1], labels[0]]) });
  expect(other.bytes.equals(named.bytes)).toBe(true);
  expect(other.notes).toEqual([
    expect.stringContaining(`20 rows: "label" holds class ids, read as the names that the file `),
  ]);
  // a model that names no class takes the ids of the file
  const unnamed = await weights({
    data: await dataOf(['1', '0']),
    modelConfig: config,
    tokenizer: model,
  });
  const path = join(unnamed.output, 'config.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  const id2label = { 0: 'LABEL_0', 1: 'LABEL_1' };
  await writeFile(path, JSON.stringify({ ...json, id2label, label2id: undefined }));
  const from = { model: unnamed.output };
  const byId = await weights({ ...from, data: await dataOf(['0', '1']) });
  const byFile = await weights({ ...from, data: await fileOf([labels[1], labels[0]]) });
  expect(byFile.bytes.equals(byId.bytes)).toBe(true);
  expect(byFile.notes.at(-1)).toContain(`"${labels[1]}" as "LABEL_0", "${labels[0]}" as "LABEL_1"`);
});

test('a label that the model does not have is refused', async () => {
  const { labels } = (await readModelConfig(model)) as RobertaConfig;
  const data = await dataOf([`${labels[1]}x`, labels[0]]);
  await expect(run({ model, data })).rejects.toThrow(`Did you mean "${labels[1]}"?`);
});

test('labels under other names than the model has are read as `labelNames` says', async () => {
  const { labels } = (await readModelConfig(model)) as RobertaConfig;
  const learnt = async (settings: object) => {
    const { output } = await run({ model, epochs: 1, ...settings });
    return readFile(join(output, 'model.safetensors'));
  };
  const own = await learnt({ data: await dataOf([labels[1], labels[0]]) });
  const labelNames = [`rude=${labels[1]}`, `kind=${labels[0]}`];
  const named = await learnt({ data: await dataOf(['rude', 'kind']), labelNames });
  expect(named.equals(own)).toBe(true);
  const data = await dataOf(['1', '0']);
  const fresh = { data, modelConfig: config, tokenizer: model, labelNames: ['1=rude', '0=kind'] };
  const { output } = await run({ ...fresh, epochs: 1 });
  expect(((await readModelConfig(output)) as RobertaConfig).labels).toEqual(['kind', 'rude']);
});

test('a fresh config with names of labels keeps their ids', async () => {
  const named = join(await scratch(), 'config.json');
  const json = JSON.parse(await readFile(config, 'utf8'));
  await writeFile(named, JSON.stringify({ ...json, id2label: { 0: 'rude', 1: 'kind' } }));
  const data = await dataOf(['rude', 'kind']);
  const { output } = await run({ data, modelConfig: named, tokenizer: model, epochs: 1 });
  expect(((await readModelConfig(output)) as RobertaConfig).labels).toEqual(['rude', 'kind']);
});

test('a config for fewer tokens than the tokenizer has is refused', async () => {
  const narrow = join(await scratch(), 'config.json');
  const json = JSON.parse(await readFile(config, 'utf8'));
  await writeFile(narrow, JSON.stringify({ ...json, vocab_size: 10 }));
  const data = await dataOf(['rude', 'kind']);
  await expect(run({ data, modelConfig: narrow, tokenizer: model })).rejects.toThrow(
    'config: vocab_size: expected at least',
  );
});

test('the signal ends the training after its step, and what was learnt is saved', async () => {
  const data = await dataOf(['rude', 'kind']);
  const { output, events } = await run(
    { data, modelConfig: config, tokenizer: model },
    { stopAfter: 3 },
  );
  expect(events.at(-1)).toEqual({ type: 'stopped', reason: 'interrupted', step: 3, saved: true });
  expect(await readdir(output)).toContain('model.safetensors');
});

describe('measurements in between', () => {
  test('keep the best and end the training when it gets no better', async () => {
    const data = await dataOf(['rude', 'kind']);
    const fresh = { data, modelConfig: config, tokenizer: model };
    const patient = { evaluateEvery: 1, patience: 3, bestMetric: 'accuracy' as const };
    const { output, events } = await run({ ...fresh, ...patient });
    const finished = events.at(-1);
    if (finished?.type !== 'finished') throw new Error();
    const { best = 0, steps, early } = finished;
    expect({ early, steps }).toEqual({ early: true, steps: best + 3 });
    const worth = events.flatMap((event) =>
      event.type === 'validated' ? [event.accuracy.share] : [],
    );
    expect(worth.indexOf(Math.max(...worth))).toBe(best - 1);
    const there = await run(fresh, { stopAfter: best });
    const weights = (folder: string) => readFile(join(folder, 'model.safetensors'));
    expect((await weights(output)).equals(await weights(there.output))).toBe(true);
    const record = JSON.parse(await readFile(join(output, 'training.json'), 'utf8'));
    expect(record).toMatchObject({ best, steps });
    expect(record.heldOut.after.accuracy.share).toBe(Math.max(...worth));
  });
});

test('balanced, a frequent label is no longer taken for granted', async () => {
  const path = join(await scratch(), 'texts.csv');
  const rows = Array.from({ length: 40 }, (_, i) => `some text,${i % 10 === 0 ? 'rude' : 'kind'}`);
  await writeFile(path, `text,label\n${rows.join('\n')}\n`);
  // nothing but the shares of the labels can be learnt, from all texts at once
  const fresh = { data: path, modelConfig: config, tokenizer: model, epochs: 9, batchSize: 31 };
  const loss = async (classWeights: 'none' | 'balanced') =>
    (await run({ ...fresh, classWeights })).measures?.loss;
  expect(await loss('none')).toBeLessThan(0.5);
  expect(await loss('balanced')).toBeGreaterThan(0.6); // ln 2 is that of an open question
});

test('without a rate it takes a careful one for a trained model', async () => {
  const { labels } = (await readModelConfig(model)) as RobertaConfig;
  const rate = async (options: Partial<ClassifyConfig>) => {
    const { output } = await run({ epochs: 1, learningRate: undefined, ...options });
    return JSON.parse(await readFile(join(output, 'training.json'), 'utf8')).config.learningRate;
  };
  expect(await rate({ model, data: await dataOf([labels[1], labels[0]]) })).toBe(2e-5);
  expect(
    await rate({ data: await dataOf(['a', 'b']), modelConfig: config, tokenizer: model }),
  ).toBe(1e-3);
});

test.each([
  [{ model: 'a', patience: 1 }, 'patience', 'needs `evaluateEvery`'],
  [{}, 'model', 'must be given, or `modelConfig` and `tokenizer`'],
  [{ model: 'a', modelConfig: 'b', tokenizer: 'c' }, 'model', 'cannot go with `modelConfig`'],
  [{ modelConfig: 'b' }, 'tokenizer', 'must be given with `modelConfig`'],
  [{ model: 'a', tokenizer: 'c' }, 'tokenizer', 'cannot go without `modelConfig`'],
])('refuses %j', (options, field, message) => {
  const { error } = ClassifyConfig.safeParse({ data: 'd.csv', ...options });
  expect(error?.issues).toMatchObject([{ path: [field], message }]);
});

test('what it will take is told, and refused where there is not so much', async () => {
  const data = await dataOf(['hate', 'nothate']);
  const { events } = await run({ data, model, epochs: 1 });
  const [started] = events;
  if (started.type !== 'started') throw new Error();
  expect(started.memory?.total).toBeGreaterThan(1e8); // the program alone
  expect(started.memory?.total).toBeLessThan(4e8); // a small model
  const huge = join(await scratch(), 'config.json');
  const json = JSON.parse(await readFile(config, 'utf8'));
  await writeFile(huge, JSON.stringify({ ...json, vocab_size: 1e11 }));
  const start = run({ data, modelConfig: huge, tokenizer: model });
  await expect(start).rejects.toThrow(
    /^memory: expected about \d{6,}\.\d GB \(what is learnt .*`microBatchSize`/,
  );
});
