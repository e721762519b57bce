/** Classifiers that tactful writes, trains and exports, in transformers and transformers.js; and the other way around. */
import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelConfig } from '../../src/family/config.ts';
import { type ClassifierConfig, isPolicy } from '../../src/family/families.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { freshClassifier, loadClassifier } from '../../src/model/load.ts';
import { scheduleFactor } from '../../src/model/schedule.ts';
import { classifierLearner, trainSupervised } from '../../src/model/supervised.ts';
import { SupervisedConfig } from '../../src/model/supervised-config.ts';
import { randomStream } from '../../src/random.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { tactful } from '../cli/io.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { randomRows } from '../model/tiny.ts';
import { logitsTolerance } from '../tensors.ts';
import { eachTransformers, python } from './python.ts';
import '../setup.ts';

const scratch = scratchFolders();
let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

/** Golden folders whose configs a fresh classifier is made of. */
const kinds = ['deberta-v3', 'deberta-v2', 'deberta-wide'].map((kind) =>
  goldenPath('families', 'deberta', kind),
);

interface Theirs {
  readonly names: Record<string, string[]>;
  readonly before: number[][];
  readonly losses: number[];
  readonly after: number[][];
}

const settings = SupervisedConfig.parse({
  ...{ batchSize: 4, epochs: 1, learningRate: 0.01, warmup: 2, weightDecay: 0.1, seed: 3 },
  maxGradNorm: 0.5,
});
const steps = 5;

async function configOf(folder: string): Promise<ClassifierConfig> {
  const config = await readModelConfig(folder);
  if (isPolicy(config)) throw new Error(folder);
  return config;
}

describe.each(eachTransformers)('transformers %i', (version) => {
  test.each(kinds)('reads, trains and writes what tactful does: %s', async (kind) => {
    const config = await configOf(kind);
    const fresh = await freshClassifier(engine, config, 5);
    const { parameters } = fresh;
    for (const { data } of parameters.tensors.values()) {
      for (let i = 0; i < data.length; i++) data[i] += 0.1 * Math.sin(i);
    }
    await parameters.commit();
    const [home, output] = [await scratch(), await scratch()];
    await writeModelFolder(home, config, parameters.tensors);

    const texts = randomRows(20, { lengths: [2, 20] });
    const examples = texts.map((ids, i) => ({ ids, label: i % config.labels.length }));
    const order = randomStream(settings.seed, ['supervised', 0]).shuffle(examples);
    const batches = Array.from({ length: steps }, (_, i) => order.slice(4 * i, 4 * i + 4));
    const schedule = { name: settings.schedule, warmup: settings.warmup, total: steps };
    const rates = batches.map((_, i) => settings.learningRate * scheduleFactor(schedule, i + 1));
    const job = {
      texts,
      batches,
      rates,
      weightDecay: settings.weightDecay,
      maxGradNorm: settings.maxGradNorm,
    };
    await writeFile(join(home, 'job.json'), JSON.stringify(job));
    const args = [home, join(home, 'job.json'), output];
    const theirs = await python<Theirs>('classifiers.py', args, {}, version);

    expect(Object.values(theirs.names).flat()).toEqual([]);
    const expectLogits = async (classifier: typeof fresh, expected: number[][]) =>
      expect((await classifier.logits(texts)).flatMap((row) => [...row])).toBeAllClose(
        expected.flat(),
        logitsTolerance,
      );
    await expectLogits(fresh, theirs.before);
    const losses: number[] = [];
    for await (const { loss } of trainSupervised(classifierLearner(fresh, examples), settings)) {
      losses.push(loss);
    }
    expect(losses).toBeAllClose(theirs.losses, { rtol: 1e-4, atol: 0 });
    await expectLogits(fresh, theirs.after);

    const read = await loadClassifier(engine, output, { trainable: true });
    expect(read.config).toEqual(config);
    await expectLogits(read, theirs.after);
    for (const [name, { data }] of parameters.tensors) {
      // adds the same to all scores of a word, so that its gradient is rounding alone, and Adam's step any
      if (name.endsWith('key_proj.bias')) continue;
      expect(data).toBeAllClose(read.parameters.tensors.get(name)!.data, { atol: 1e-4 });
    }
    for (const classifier of [fresh, read]) await classifier.close();
  });
});

test('transformers.js computes of an exported DeBERTa what tactful computes', async () => {
  const [folder, home] = [await scratch(), await scratch()];
  const kind = goldenPath('families', 'deberta', 'deberta-v2');
  const config = { ...(await configOf(kind)), vocabSize: 80 };
  const fresh = await freshClassifier(engine, config, 1);
  await writeModelFolder(folder, config, fresh.parameters.tensors);
  await cp(goldenPath('families', 'deberta', 'tokenizer', 'spm.model'), join(folder, 'spm.model'));
  const words = ['export', '--model', folder, '--output', home, '--dtypes', 'fp32', '--quiet'];
  expect((await tactful(words)).err).toBe('');

  const texts = ['please answer', 'The rain', 'why? a ticket for the school.'];
  const job = { classifier: home, texts };
  const script = resolve('test/interop/classifiers.mjs');
  const modules = process.env.TACTFUL_INTEROP_MODULES ?? '';
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [script, modules, JSON.stringify(job)]);
  const answers: { label: string; score: number }[][] = JSON.parse(stdout);

  const tokenizer = await loadTokenizer(folder);
  const rows = await fresh.logits(await tokenizer.encodeBatch(texts));
  for (const [i, row] of rows.entries()) {
    const scores = new Map(answers[i].map(({ label, score }) => [label, score]));
    const inOrder = config.labels.map((label) => scores.get(label)!);
    expect(inOrder).toBeAllClose(fresh.scores(row), { atol: 1e-5 });
  }
  await fresh.close();
});
