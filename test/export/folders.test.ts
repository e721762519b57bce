import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hubName } from '../../src/export/companions.ts';
import { mergeToFolder } from '../../src/export/merged-folder.ts';
import { exportToFolder } from '../../src/export/onnx-folder.ts';
import { readModelConfig } from '../../src/family/config.ts';
import type { ClassifierConfig } from '../../src/family/families.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { freshClassifier, loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { shallowAdapter, shallowRoberta, shallowT5 } from '../shallow.ts';
import { logitsTolerance } from '../tensors.ts';
import { decodeGreedily, openSession } from './onnx-files.ts';

const scratch = scratchFolders();
let engine: Engine;
let [model, adapter] = ['', ''];
let policy: Policy;
beforeAll(async () => {
  engine = await testEngine();
  const folder = await scratch();
  model = await shallowT5(join(folder, 't5'));
  adapter = await shallowAdapter(join(folder, 'adapter'));
  await writeFile(join(model, 'README.md'), '---\nlicense: mit\n---\n# The base\n');
  await writeFile(join(model, 'secret.txt'), 'not part of a model');
  ({ policy } = await loadPolicy(engine, { model, adapter }));
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

const version = '0.0.0';
const steps = 6;
const queries = [
  [5, 17, 90, 1],
  [33, 4, 8, 15, 16, 23, 42, 1],
];
const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: steps });
const responses = async (of: Policy) =>
  (await of.generate(queries, greedy, { seed: 0, key: [] })).map(({ response }) => response);
const jsonOf = async (...path: string[]) => JSON.parse(await readFile(join(...path), 'utf8'));

test('a merged model gives what base and adapter give, and brings its files along', async () => {
  const output = join(await scratch(), 'merged');
  const progress: number[] = [];
  const written = await mergeToFolder({
    model,
    adapter,
    output,
    version,
    maxShardBytes: 300_000,
    onProgress: (done, total) => void progress.push(done / total),
  });
  expect(written.files.length).toBeGreaterThan(1);
  expect([progress[0], progress.at(-1)]).toEqual([0, 1]);
  const { policy: merged } = await loadPolicy(engine, { model: output });
  const sequence = { query: queries[1], inputs: [0, 7, 9], labels: [7, 9, 1] };
  const actual = await merged.logits(sequence);
  const expected = await policy.logits(sequence);
  expect(actual.data).toBeAllClose([...expected.data], logitsTolerance);
  expect(await responses(merged)).toEqual(await responses(policy));
  await merged.close();

  const names = await readdir(output);
  for (const name of ['tokenizer.json', 'generation_config.json', 'README.md']) {
    expect(names).toContain(name);
  }
  expect(names).not.toContain('secret.txt');
  expect(await readFile(join(output, 'README.md'), 'utf8')).toContain('license: mit');
});

test('numbers of a config that are not changed stay as they were written', async () => {
  const folder = await shallowT5(join(await scratch(), 'spelt'));
  const path = join(folder, 'config.json');
  const text = await readFile(path, 'utf8');
  await writeFile(
    path,
    text.replace('{', '{"initializer_factor": 1.0, "classifier_dropout": 0.0,'),
  );
  const [merged, onnx] = [join(await scratch(), 'merged'), join(await scratch(), 'onnx')];
  await mergeToFolder({ model: folder, adapter, output: merged, version });
  await exportToFolder({ model: folder, output: onnx, version, dtypes: ['fp32'] });
  for (const output of [merged, onnx]) {
    // transformers since 5.4 refuses 1 for a float
    const written = await readFile(join(output, 'config.json'), 'utf8');
    expect(written).toMatch(/"initializer_factor": 1\.0,\s*"classifier_dropout": 0\.0,/);
  }
});

test('a merged model of another dtype says so in its config', async () => {
  const output = join(await scratch(), 'half');
  await mergeToFolder({ model, adapter, output, version, dtype: 'bfloat16' });
  expect(await jsonOf(output, 'config.json')).toEqual({
    ...(await jsonOf(model, 'config.json')),
    torch_dtype: 'bfloat16',
  });
  const { policy: merged } = await loadPolicy(engine, { model: output });
  expect((await responses(merged)).length).toBe(2);
  await merged.close();
});

test('an exported policy with its adapter gives the ids of the policy', async () => {
  const output = join(await scratch(), 'onnx');
  const { files } = await exportToFolder({ model, adapter, output, version, dtypes: ['fp32'] });
  const sessions = await Promise.all(files.map((name) => openSession(output, name)));
  const { ids } = await decodeGreedily(sessions, queries, { padId: 0, startId: 0, steps });
  (await responses(policy)).forEach((response, row) => {
    expect(ids[row].slice(0, response.length)).toEqual(response);
  });
  const config = await jsonOf(output, 'config.json');
  expect(config).toMatchObject({ num_decoder_layers: 1, is_encoder_decoder: true });
  expect(config).not.toHaveProperty(['transformers.js_config']);
  const generation = await jsonOf(output, 'generation_config.json');
  expect(generation).toMatchObject({ decoder_start_token_id: 0, eos_token_id: 1 });
  expect(await readdir(output)).toEqual(
    expect.arrayContaining(['README.md', 'onnx', 'tokenizer.json', 'tokenizer_config.json']),
  );
});

test('weights that lie beside a file are announced in the config', async () => {
  const output = join(await scratch(), 'large');
  const dtypes = ['fp32', 'q8'] as const;
  await exportToFolder({ model, output, version, dtypes, limit: 400_000 });
  const { 'transformers.js_config': told } = await jsonOf(output, 'config.json');
  const files = await readdir(join(output, 'onnx'));
  const beside = files.filter((name) => name.endsWith('_data'));
  expect(beside.length).toBeGreaterThan(0);
  expect(Object.entries(told.use_external_data_format).sort()).toEqual(
    beside.map((name) => [name.replace(/_data$/, ''), 1]).sort(),
  );
});

test('a tokenizer of older files becomes one that transformers.js reads', async () => {
  const folder = await shallowRoberta(join(await scratch(), 'roberta'));
  for (const name of ['vocab.json', 'merges.txt']) {
    await copyFile(goldenPath('roberta', 'model', name), join(folder, name));
  }
  await rm(join(folder, 'tokenizer.json'));
  await rm(join(folder, 'tokenizer_config.json'));
  const output = join(await scratch(), 'onnx');
  await exportToFolder({ model: folder, output, version, dtypes: ['q8'] });
  expect((await jsonOf(output, 'tokenizer.json')).model.type).toBe('BPE');
  expect(await jsonOf(output, 'tokenizer_config.json')).toMatchObject({
    tokenizer_class: 'RobertaTokenizer',
    pad_token: '<pad>',
  });
  expect(await readdir(join(output, 'onnx'))).toEqual(['model_quantized.onnx']);
});

test('what transformers.js needs of a tokenizer and its config does not say is added', async () => {
  const folder = join(await scratch(), 'deberta');
  await mkdir(folder);
  const golden = (...names: string[]) => goldenPath('families', 'deberta', ...names);
  const said = (await readModelConfig(golden('deberta-v3'))) as ClassifierConfig;
  const config = { ...said, vocabSize: 80 };
  const fresh = await freshClassifier(engine, config, 1);
  const files = {
    'spm.model': await readFile(golden('tokenizer', 'spm.model')),
    'tokenizer_config.json': Buffer.from('{"vocab_type": "spm", "pad_token": "[MASK]"}'),
  };
  const { tensors } = fresh.parameters;
  await writeModelFolder(folder, config, tensors, new Map(Object.entries(files)));
  await fresh.close();
  const output = join(await scratch(), 'onnx');
  await exportToFolder({ model: folder, output, version, dtypes: ['q8'] });
  expect(await jsonOf(output, 'tokenizer_config.json')).toEqual({
    vocab_type: 'spm',
    pad_token: '[MASK]',
    tokenizer_class: 'DebertaV2Tokenizer',
    bos_token: '[CLS]',
    eos_token: '[SEP]',
    unk_token: '[UNK]',
  });
});

test.each([
  [
    'merge',
    (output: string, signal: AbortSignal, onProgress: () => void) =>
      mergeToFolder({ model, adapter, output, version, signal, onProgress }),
  ],
  [
    'export',
    (output: string, signal: AbortSignal, onProgress: () => void) =>
      exportToFolder({ model, output, version, dtypes: ['fp32'], signal, onProgress }),
  ],
] as const)(
  '%s that is interrupted leaves nothing behind, and an earlier result as it was',
  async (_, write) => {
    const folder = await scratch();
    const output = join(folder, 'result');
    const interrupt = () => {
      const controller = new AbortController();
      let calls = 0;
      return write(output, controller.signal, () => {
        if (++calls === 4) controller.abort();
      });
    };
    await expect(interrupt()).rejects.toThrow('aborted');
    expect(await readdir(folder)).toEqual([]);
    const never = new AbortController().signal;
    await write(output, never, () => undefined);
    const before = await readFile(join(output, 'training.json'), 'utf8');
    await expect(interrupt()).rejects.toThrow('aborted');
    expect(await readdir(folder)).toEqual(['result']);
    expect(await readFile(join(output, 'training.json'), 'utf8')).toBe(before);
  },
);

test('a folder that holds something else is refused before anything is read', async () => {
  const output = await scratch();
  await writeFile(join(output, 'thesis.txt'), 'mine');
  const message = 'expected a new or empty folder, or one that tactful export wrote';
  const dtypes = ['fp32'] as const;
  await expect(exportToFolder({ model: 'no', output, version, dtypes })).rejects.toThrow(message);
  expect(await readdir(output)).toEqual(['thesis.txt']);
});

test('a base model is called what the cache or its files call it, never by a path', async () => {
  const root = await scratch();
  const cached = join(root, 'models--google--flan-t5-base', 'snapshots', 'abc');
  expect(await hubName(cached, [])).toBe('google/flan-t5-base');
  expect(await hubName(join(root, 'model'), ['google/flan-t5-small'])).toBe('google/flan-t5-small');
  expect(await hubName(join(root, 'demo', 'model'), ['demo/model', undefined, 3])).toBeUndefined();
  await mkdir(join(root, 'real'));
  await symlink(join(root, 'real'), join(root, 'link'));
  expect(await hubName(join(root, 'x'), ['./out', '/tmp', 'src/export'])).toBeUndefined();
});
