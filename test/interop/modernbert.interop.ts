/** ModernBERT against transformers: models there and back, training, tokenizer, export. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportDTypes } from '../../src/export/dtypes.ts';
import { readModelConfig } from '../../src/family/config.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import type { ModernBertConfig } from '../../src/family/modernbert.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { freshClassifier, loadClassifier } from '../../src/model/load.ts';
import { classifierLearner, trainSupervised } from '../../src/model/supervised.ts';
import { SupervisedConfig } from '../../src/model/supervised-config.ts';
import { randomStream } from '../../src/random.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { tactful } from '../cli/io.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { expectFamily, type Family } from '../model/families.ts';
import { logitsTolerance } from '../tensors.ts';
import { python } from './python.ts';
import '../setup.ts';

const scratch = scratchFolders();
const modernbert = <Result>(...args: string[]) => python<Result>('modernbert.py', args, {}, 5);

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

/** Rows of ids, of many lengths; without the padding's 3, whose embedding torch does not train. */
function rowsOf(count: number): number[][] {
  const stream = randomStream(5, ['modernbert']);
  const id = () => 4 + Math.floor(36 * stream.next());
  return Array.from({ length: count }, (_, i) => Array.from({ length: 1 + ((i * 7) % 24) }, id));
}

/** A file of JSON in a folder of its own. */
async function jsonFile(value: unknown): Promise<string> {
  const file = join(await scratch(), 'job.json');
  await writeFile(file, JSON.stringify(value));
  return file;
}

const kinds = ['base', 'mean', 'local', 'layers'];

describe('a tiny model of random weights', () => {
  let folder: string;
  let theirs: Record<string, Family>;
  beforeAll(async () => {
    folder = await scratch();
    theirs = await modernbert('models', folder);
  });

  test.each(kinds)('%s has the logits and gradients of PyTorch', async (kind) => {
    await expectFamily(engine, join(folder, kind), theirs[kind]);
  });

  test.each(kinds)('%s, drawn and written here, is read by transformers', async (kind) => {
    const config = await readModelConfig(join(folder, kind));
    const fresh = await freshClassifier(engine, config as ModernBertConfig, 3);
    const to = await scratch();
    await writeModelFolder(to, config, fresh.parameters.tensors);
    const rows = rowsOf(9);
    const logits = await modernbert<number[][]>('read', to, await jsonFile({ rows }));
    const own = await fresh.logits(rows);
    await fresh.close();
    expect(own.flatMap((row) => [...row])).toBeAllClose(logits.flat(), logitsTolerance);
  });

  test.each(['base', 'mean'])('%s learns as in PyTorch', async (kind) => {
    const config = SupervisedConfig.parse({
      batchSize: 4,
      epochs: 1,
      learningRate: 0.003,
      schedule: 'constant',
      warmup: 0,
      weightDecay: 0.1,
      maxGradNorm: 1,
      seed: 2,
    });
    const classifier = await loadClassifier(engine, join(folder, kind), { trainable: true });
    const labels = classifier.config.labels.length;
    const items = rowsOf(20).map((ids, i) => ({ ids, label: i % labels }));
    const losses: number[] = [];
    const learner = classifierLearner(classifier, items, {});
    for await (const { loss } of trainSupervised(learner, config)) losses.push(loss);
    const all = Array.from({ length: items.length }, (_, i) => i);
    const order = randomStream(config.seed, ['supervised', 0]).shuffle(all);
    const batches = losses.map((_, step) => {
      const batch = order.slice(4 * step, 4 * step + 4).map((i) => items[i]);
      return { rows: batch.map(({ ids }) => ids), labels: batch.map(({ label }) => label) };
    });
    const rows = rowsOf(6);
    const { learningRate: rate, weightDecay, maxGradNorm } = config;
    const job = await jsonFile({ batches, rate, weightDecay, maxGradNorm, rows });
    const answer = await modernbert<{ losses: number[]; logits: number[][] }>(
      'train',
      join(folder, kind),
      job,
    );
    expect(losses).toHaveLength(5);
    expect(losses).toBeAllClose(answer.losses, { rtol: 1e-4 });
    const own = await classifier.logits(rows);
    await classifier.close();
    // five steps of Adam make more of rounding than one pass does
    expect(own.flatMap((row) => [...row])).toBeAllClose(answer.logits.flat(), { atol: 2e-3 });
  });
});

test('its tokenizer gives the ids of transformers', async () => {
  const texts = [
    '',
    ' a  b',
    'naïve café 한국어 😀',
    "[CLS] don't [MASK] 3.14\n\n[SEP]",
    'The end.',
  ];
  const folder = await scratch();
  const file = await jsonFile(texts);
  const theirs = await modernbert<Record<'ids' | 'pairs', number[][]>>('tokenizer', folder, file);
  const tokenizer = await loadTokenizer(folder);
  expect(await tokenizer.encodeBatch(texts)).toEqual(theirs.ids);
  const pairs = await tokenizer.encodePairs(texts.slice(1).map((text, i) => [texts[i], text]));
  expect(pairs.map(({ ids }) => ids)).toEqual(theirs.pairs);
});

test('its export gives the same probabilities in transformers.js', async () => {
  const texts = ['You idiot', 'Nice to meet you, my friend. How are you?', 'x'];
  const folder = await scratch();
  const model = join(folder, 'model');
  const config = (await readModelConfig(
    goldenPath('families', 'modernbert', 'base'),
  )) as ModernBertConfig;
  const tokenizerFolder = goldenPath('families', 'modernbert', 'tokenizer');
  const tokenizer = await loadTokenizer(tokenizerFolder);
  const sizes = { vocabSize: tokenizer.idCount, padId: tokenizer.padId };
  const classifier = await freshClassifier(engine, { ...config, ...sizes }, 4);
  await writeModelFolder(model, classifier.config, classifier.parameters.tensors, tokenizer.files);
  const logits = await classifier.logits(await tokenizer.encodeBatch(texts));
  const own = logits.map((row) => classifier.scores(row));
  const exported = join(folder, 'exported');
  const words = ['export', '--model', model, '--output', exported, '--quiet'];
  const { code, err } = await tactful([...words, '--dtypes', exportDTypes.join()]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const job = { dtypes: exportDTypes, classifier: exported, texts };
  const script = resolve('test/interop/transformers-js.mjs');
  const run = [script, process.env.TACTFUL_INTEROP_MODULES!, JSON.stringify(job)];
  const { stdout } = await promisify(execFile)(process.execPath, run, { maxBuffer: 1 << 26 });
  const { classifiers } = JSON.parse(stdout) as {
    classifiers: Record<string, { label: string; score: number }[][]>;
  };
  for (const [dtype, limit] of [
    ['fp32', 1e-5],
    ['fp16', 1e-2],
    ['q8', 0.05],
  ] as const) {
    classifiers[dtype].forEach((rows, i) => {
      for (const { label, score } of rows) {
        const expected = own[i][classifier.labelIndex(label)];
        expect(Math.abs(score - expected), `${dtype} ${label}`).toBeLessThan(limit);
      }
    });
  }
  await classifier.close();
});
