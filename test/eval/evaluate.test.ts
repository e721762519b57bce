import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { type EvaluationOptions, evaluate, type Prompt } from '../../src/eval/evaluate.ts';
import { rouge } from '../../src/eval/rouge.ts';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import type { Policy } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { baseParameters } from '../../src/rl/reference.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { goldenBatch, goldenPolicy } from '../rl/golden-policy.ts';

let engine: Engine;
let policy: Policy;
let tokenizer: Tokenizer;
let prompts: Prompt[];
beforeAll(async () => {
  engine = await testEngine();
  policy = await goldenPolicy(engine);
  tokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
  const { queries } = await goldenBatch();
  prompts = queries.slice(0, 7).map((ids, i) => ({
    id: `row ${i}`,
    text: `prompt ${i}`,
    ids,
    references: i === 0 ? [] : ['one reference', 'another one'],
    ...(i % 2 === 0 ? { group: 'even' } : {}),
  }));
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

const generation = GenerationConfig.parse({ maxNewTokens: 8 });
/** Toxicity: length of the query; reward: length of the response. */
const judge = async (pairs: readonly { query: string; response: string }[]) =>
  pairs.map(({ query, response }) => ({ toxicity: query.length, reward: response.length }));

async function chunks(options: Partial<EvaluationOptions> = {}, parts = {}): Promise<Sample[][]> {
  const all: Sample[][] = [];
  const settings = { generation, seed: 1, ...options };
  for await (const part of evaluate({ policy, tokenizer, judge, ...parts }, prompts, settings))
    all.push(part);
  return all;
}

test('one sample a prompt, in the order of the prompts, a chunk at a time', async () => {
  const parts = await chunks({ chunk: 3 });
  expect(parts.map((part) => part.length)).toEqual([3, 3, 1]);
  expect(parts.flat().map(({ id }) => id)).toEqual(prompts.map(({ id }) => id));
  expect(parts.flat().map(({ group }) => group)).toEqual(prompts.map(({ group }) => group));
});

test('the chunk size changes nothing', async () => {
  const whole = (await chunks()).flat();
  expect((await chunks({ chunk: 2 })).flat()).toEqual(whole);
});

test('another seed draws other responses', async () => {
  const first = (await chunks()).flat().map(({ response }) => response);
  const second = (await chunks({ seed: 2 })).flat().map(({ response }) => response);
  expect(second).not.toEqual(first);
});

test('the same seed draws the same numbers for another policy: greedy differs by its parameters alone', async () => {
  const parameters = await baseParameters(engine, policy.parameters);
  const own = (await chunks()).flat();
  const bare = (await chunks({}, { parameters })).flat();
  expect(bare.map(({ id }) => id)).toEqual(own.map(({ id }) => id));
  expect(bare.map(({ response }) => response)).not.toEqual(own.map(({ response }) => response));
  await parameters.close();
});

test('a sample holds the judgement, ROUGE against all references, and the length', async () => {
  for (const [i, sample] of (await chunks()).flat().entries()) {
    const { references, text } = prompts[i];
    const scores = references.length > 0 ? rouge(references, sample.response) : undefined;
    if (!scores) expect(sample).not.toHaveProperty('rouge1'); // none, which is not 0
    expect(sample).toMatchObject({
      query: text,
      toxicity: text.length,
      reward: sample.response.length,
      ...(scores && { rouge1: scores.rouge1.f, rougeL: scores.rougeL.f }),
    });
    expect(sample.tokens).toBeGreaterThan(0);
    expect(sample.tokens).toBeLessThanOrEqual(generation.maxNewTokens);
    if (sample.truncated) expect(sample.tokens).toBe(generation.maxNewTokens);
  }
});

test('responses hold no special tokens', async () => {
  const texts = (await chunks()).flat().map(({ response }) => response);
  expect(texts.filter((text) => /<\/s>|<pad>/.test(text))).toEqual([]);
});

test('no prompts, no chunks', async () => {
  const none = evaluate({ policy, tokenizer, judge }, [], { generation, seed: 1 });
  expect(await none.next()).toEqual({ done: true, value: undefined });
});

test('an abort signal ends it with an AbortError', async () => {
  await expect(chunks({ signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: 'AbortError',
  });
});
