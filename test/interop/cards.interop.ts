/** The code of every card, cut out of its text and run as it is, says what tactful says. */

import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPrompt } from '../../src/data/prompt.ts';
import { modelCard } from '../../src/export/card.ts';
import type { Head } from '../../src/family/classifier-config.ts';
import { readModelConfig } from '../../src/family/config.ts';
import type { ClassifierConfig } from '../../src/family/families.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { freshClassifier, loadClassifier, loadPolicy } from '../../src/model/load.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { tactful } from '../cli/io.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { eachTransformers, python } from './python.ts';
import '../setup.ts';

const model = resolve('demo/model');
const rewardModel = resolve('demo/reward-model');
const template = 'Sum up "this":\n{dialogue}\nIn short: ';
const heads: Readonly<Record<string, Partial<ClassifierConfig>>> = {
  single: {},
  multi: { head: 'multi' },
  'one label': { head: 'multi', labels: ['toxic'] },
  regression: { head: 'regression', labels: ['score'] },
  'two numbers': { head: 'regression' },
};

const scratch = scratchFolders();
let engine: Engine;
let home: string;
beforeAll(async () => {
  engine = await testEngine();
  home = await scratch();
  await symlink(process.env.TACTFUL_INTEROP_MODULES!, join(home, 'node_modules'));
  const few = ['--max-rows', '60', '--epochs', '2', '--batch-size', '8', '--learning-rate', '0.01'];
  const data = ['--data', resolve('demo/dialogues.csv'), '--prompt-template', template];
  const sft = ['sft', '--model', model, ...data, ...few];
  await succeed([...sft, '--output', at('adapter')]);
  await succeed([...sft.slice(0, -1), '0.0001', '--full', '--output', at('full')]);
  const merge = ['--model', model, '--adapter', at('adapter'), '--output'];
  await succeed(['merge', ...merge, at('merged')]);
  await succeed(['export', ...merge, at('onnx'), '--dtypes', 'fp32']);
  await succeed([
    'export',
    '--model',
    at('merged'),
    '--output',
    at('onnx of merged'),
    '--dtypes',
    'fp32',
  ]);
  for (const name of Object.keys(heads)) await classifierFolder(name);
});
afterAll(() => engine.close());

const at = (name: string) => join(home, name);

async function succeed(words: readonly string[]): Promise<void> {
  const { code, err } = await tactful([...words, '--quiet']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
}

/** A classifier with another head, as a folder, and as ONNX. */
async function classifierFolder(name: string): Promise<void> {
  const own = (await readModelConfig(rewardModel)) as ClassifierConfig;
  const config = { ...own, ...heads[name] } as ClassifierConfig;
  const { parameters, close } = await opened(config);
  const { files } = await loadTokenizer(rewardModel);
  await writeModelFolder(at(name), config, parameters.tensors, files);
  await close();
  await succeed([
    'export',
    '--model',
    at(name),
    '--output',
    at(`${name}, onnx`),
    '--dtypes',
    'fp32',
  ]);
}

async function opened(config: ClassifierConfig) {
  const classifier = await freshClassifier(engine, config, 3);
  return { parameters: classifier.parameters, close: () => classifier.close() };
}

/** The code of a card, with the places that a reader fills in. */
async function codeIn(card: string, folder: string): Promise<string> {
  const blocks = [...card.matchAll(/^```(?:python|js)\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  expect(blocks).toHaveLength(1);
  const filled = blocks[0].replaceAll('PATH_OF_THIS_FOLDER', folder);
  return filled.replaceAll(/"(BASE_MODEL|demo\/model)"/g, JSON.stringify(model));
}
const cardOf = (name: string) => readFile(join(at(name), 'README.md'), 'utf8');

/** What tactful answers to the dialogue of the card. */
async function summary(
  options: { model: string; adapter?: string },
  code: string,
): Promise<string> {
  const dialogue = JSON.parse(/dialogue = (".*")/.exec(code)![1]);
  const tokenizer = await loadTokenizer(options.model);
  const { policy } = await loadPolicy(engine, options);
  const query = await tokenizer.encodeBatch([buildPrompt(dialogue, template)]);
  const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: 100 });
  const [{ response }] = await policy.generate(query, greedy, { seed: 0, key: [] });
  await policy.close();
  const [text] = await tokenizer.decodeBatch([response]);
  expect(text.length).toBeGreaterThan(10);
  return text;
}

/** What tactful says of the text of the card, by label. */
async function judged(name: string): Promise<Record<string, number>> {
  const classifier = await loadClassifier(engine, at(name));
  const tokenizer = await loadTokenizer(at(name));
  const [row] = await classifier.logits(await tokenizer.encodeBatch(['A text to judge']));
  const scores = classifier.scores(row);
  await classifier.close();
  return Object.fromEntries(classifier.config.labels.map((label, i) => [label, scores[i]]));
}

function expectScores(actual: Record<string, number>, expected: Record<string, number>) {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [label, score] of Object.entries(expected)) {
    expect(actual[label], label).toBeCloseTo(score, 4);
  }
}

test.each(eachTransformers)('the code of Python runs on transformers %i', async (version) => {
  const policies = ['adapter', 'full', 'merged'];
  const cards = await Promise.all(policies.map(cardOf));
  const facts = { kind: 'model', task: 'text-classification', version: '1' } as const;
  for (const name of Object.keys(heads)) {
    const { head } = (await readModelConfig(at(name))) as { head: Head };
    cards.push(modelCard({ ...facts, head }));
  }
  const names = [...policies, ...Object.keys(heads)];
  const codes = await Promise.all(cards.map((card, i) => codeIn(card, at(names[i]))));
  const printed = await python<string[]>('cards.py', [JSON.stringify(codes)], {}, version);
  for (const [i, name] of names.entries()) {
    if (policies.includes(name)) {
      const own = name === 'adapter' ? { model, adapter: at(name) } : { model: at(name) };
      expect(printed[i].trim(), name).toBe((await summary(own, codes[i])).trim());
    } else expectScores(JSON.parse(printed[i].replaceAll("'", '"')), await judged(name));
  }
});

test('the code of JavaScript runs on transformers.js', async () => {
  const policies = ['onnx', 'onnx of merged'];
  const names = [...policies, ...Object.keys(heads).map((name) => `${name}, onnx`)];
  const files: string[] = [];
  const codes: string[] = [];
  for (const [i, name] of names.entries()) {
    codes.push(await codeIn(await cardOf(name), at(name)));
    files.push(at(`card-${i}.mjs`));
    await writeFile(files[i], codes[i]);
  }
  const script = resolve('test/interop/cards.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...files]);
  const printed: string[] = JSON.parse(stdout);
  for (const [i, name] of names.entries()) {
    if (policies.includes(name)) {
      expect(printed[i].trim(), name).toBe(
        (await summary({ model: at('merged') }, codes[i])).trim(),
      );
      continue;
    }
    const own = await judged(name.replace(', onnx', ''));
    const given: (number | { label: string; score: number })[] = JSON.parse(printed[i]);
    const labels = Object.keys(own);
    const scores = given.map((one, k) =>
      typeof one === 'number' ? [labels[k], one] : [one.label, one.score],
    );
    expectScores(Object.fromEntries(scores), own);
  }
});
