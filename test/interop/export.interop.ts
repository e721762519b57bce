/**
 * What tactful writes for others, loaded by them: an adapter by PEFT, a merged model by transformers,
 * ONNX files by transformers.js.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportDTypes } from '../../src/export/dtypes.ts';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import { loadClassifier, loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { tactful } from '../cli/io.ts';
import { testEngine } from '../engine.ts';
import { logitsTolerance } from '../tensors.ts';
import { eachTransformers, python } from './python.ts';
import '../setup.ts';

const model = resolve('demo/model');
const rewardModel = resolve('demo/reward-model');
const steps = 24;
const prompts = [
  '\nSummarize the following conversation.\n\n#Person1#: Hello, you idiot.\n#Person2#: Hi, what is it?\n\nSummary:\n',
  'A: I went to the shop and bought some apples. B: Great, bring them to my place on Sunday!',
  'x',
  'A: The train was late again. B: I know, I waited for an hour in the cold, and nobody told us why.',
];
const texts = ['You idiot', 'Nice to meet you, my friend. How are you?', ''];

let folder: string;
let engine: Engine;
let policy: Policy;
let tokenizer: Tokenizer;
/** What tactful says: the ids of the prompts, and the responses to them. */
let queries: number[][];
let responses: number[][];
const at = (name: string) => join(folder, name);

async function succeed(words: readonly string[]): Promise<void> {
  const { code, err } = await tactful([...words, '--quiet']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-export-'));
  const few = ['--max-rows', '60', '--epochs', '2', '--batch-size', '8', '--learning-rate', '0.01'];
  const targets = ['--lora-rank', '4', '--lora-alpha', '8', '--lora-targets', 'q,v,o,wi_0,wo'];
  const data = ['--data', resolve('demo/dialogues.csv'), '--seed', '1', '--threads', '2'];
  await succeed(['sft', '--model', model, '--output', at('adapter'), ...data, ...few, ...targets]);
  engine = await testEngine();
  ({ policy } = await loadPolicy(engine, { model, adapter: at('adapter') }));
  tokenizer = await loadTokenizer(model);
  queries = await tokenizer.encodeBatch(prompts);
  const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: steps });
  const generations = await policy.generate(queries, greedy, { seed: 0, key: [] });
  responses = generations.map(({ response }) => response);
});
afterAll(async () => {
  await policy.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

interface Judged {
  readonly logits: number[];
  readonly greedy: number[];
}
interface Answer {
  readonly base: Judged[];
  readonly adapter: Judged[];
  readonly merged: Record<string, { dtype: string; results: Judged[] }>;
  readonly text: number[];
}

describe.each(eachTransformers)('Python with transformers %i', (version) => {
  let answer: Answer;
  let own: Float32Array[];
  beforeAll(async () => {
    const from = ['merge', '--model', model, '--adapter', at('adapter')];
    await succeed([...from, '--output', at('float32')]);
    await succeed([...from, '--output', at('shards'), '--max-shard-size', '0.5MB']);
    await succeed([...from, '--output', at('bfloat16'), '--dtype', 'bfloat16']);
    const inputs = responses.map((response) => [0, ...response.slice(0, -1)]);
    const merged = Object.fromEntries(['float32', 'shards', 'bfloat16'].map((n) => [n, at(n)]));
    const job = { model, adapter: at('adapter'), merged, queries, inputs, steps, text: prompts[0] };
    answer = await python<Answer>('export.py', [JSON.stringify(job)], {}, version);
    own = [];
    for (const [i, query] of queries.entries()) {
      own.push((await policy.logits({ query, inputs: inputs[i], labels: responses[i] })).data);
    }
  });

  const expectOwn = (judged: readonly Judged[]) => {
    judged.forEach(({ logits, greedy }, i) => {
      expect(logits).toBeAllClose([...own[i]], logitsTolerance);
      expect(greedy).toEqual(responses[i]);
    });
  };

  test('PEFT computes of an adapter that tactful trained what tactful computes', () => {
    expectOwn(answer.adapter);
    const bare = answer.base.flatMap(({ logits }) => logits);
    const adapted = answer.adapter.flatMap(({ logits }) => logits);
    const change = Math.max(...bare.map((x, i) => Math.abs(x - adapted[i])));
    expect(change).toBeGreaterThan(0.1); // the adapter does something
  });

  test.each(['float32', 'shards'])(
    'transformers computes the same of a merged model: %s',
    (name) => {
      expect(answer.merged[name].dtype).toBe('torch.float32');
      expectOwn(answer.merged[name].results);
    },
  );

  test('a merged model in bfloat16 is loaded as such, and is near', () => {
    const { dtype, results } = answer.merged.bfloat16;
    expect(dtype).toBe('torch.bfloat16');
    const differences = results.flatMap(({ logits }, i) => logits.map((x, j) => x - own[i][j]));
    const largest = Math.max(...own.flatMap((row) => [...row].map(Math.abs)));
    expect(Math.max(...differences.map(Math.abs))).toBeLessThan(0.03 * largest);
  });

  test('the tokenizer came along', () => {
    expect(answer.text).toEqual(queries[0]);
  });
});

interface FromJs {
  readonly policies: Record<string, { batch: number[][]; single: number[][]; texts: string[] }>;
  readonly summary: string;
  readonly classifiers: Record<string, { label: string; score: number }[][]>;
}

describe('transformers.js', () => {
  let answer: FromJs;
  beforeAll(async () => {
    const dtypes = exportDTypes.join();
    const from = ['export', '--dtypes', dtypes, '--model'];
    await succeed([...from, model, '--adapter', at('adapter'), '--output', at('policy')]);
    await succeed([...from, rewardModel, '--output', at('classifier')]);
    const job = {
      dtypes: exportDTypes,
      policy: at('policy'),
      classifier: at('classifier'),
      prompts,
      texts,
      steps,
    };
    const modules = process.env.TACTFUL_INTEROP_MODULES!;
    const script = resolve('test/interop/transformers-js.mjs');
    const words = [script, modules, JSON.stringify(job)];
    const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 1 << 26 });
    answer = JSON.parse(stdout);
  });

  /** transformers.js goes on with a row that has ended, as long as another one has not. */
  const ended = (ids: readonly number[]) => {
    const end = ids.indexOf(1);
    return end < 0 ? ids : ids.slice(0, end + 1);
  };

  test('gives in fp32 the greedy ids of the policy, alone and in a padded batch', async () => {
    const { batch, single } = answer.policies.fp32;
    expect(batch.map(ended)).toEqual(responses);
    expect(single.map(ended)).toEqual(responses);
    const [summary] = await tokenizer.decodeBatch(responses.slice(0, 1));
    expect(answer.summary).toBe(summary);
  });

  test('gives sensible text in the smaller formats: most ids are those of fp32', () => {
    for (const dtype of ['fp16', 'q8', 'int8']) {
      const { single, texts: told } = answer.policies[dtype];
      const same = single.flatMap((row, i) => responses[i].map((id, t) => row[t] === id));
      const share = same.filter(Boolean).length / same.length;
      expect(share, dtype).toBeGreaterThan(dtype === 'fp16' ? 0.95 : 0.5);
      expect(told.every((text) => text.trim().length > 0)).toBe(true);
    }
    expect(answer.policies.int8).toEqual(answer.policies.q8);
  });

  test('gives the probabilities of the classifier', async () => {
    const classifier = await loadClassifier(engine, rewardModel);
    const judge = await loadTokenizer(rewardModel);
    const logits = await classifier.logits(await judge.encodeBatch(texts));
    const own = logits.map((row) => classifier.scores(row));
    await classifier.close();
    for (const [dtype, limit] of [
      ['fp32', 1e-5],
      ['fp16', 1e-2],
      ['q8', 0.05],
    ] as const) {
      answer.classifiers[dtype].forEach((rows, i) => {
        for (const { label, score } of rows) {
          const expected = own[i][classifier.labelIndex(label)];
          expect(Math.abs(score - expected), `${dtype} ${label}`).toBeLessThan(limit);
        }
      });
    }
  });
});
