import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { type EvaluationOptions, evaluate, type Prompt } from '../../src/eval/evaluate.ts';
import { logprobSums } from '../../src/eval/likelihood.ts';
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
      ...(scores && {
        rouge1: scores.rouge1.f,
        rouge2: scores.rouge2.f,
        rougeL: scores.rougeL.f,
        rougeLsum: scores.rougeLsum.f,
      }),
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

test('several samples a prompt: all prompts once, then all once more; the first ones are those of fewer', async () => {
  const one = (await chunks()).flat();
  const two = (await chunks({ samplesPerPrompt: 2 })).flat();
  const three = (await chunks({ samplesPerPrompt: 3, chunk: 2 })).flat();
  expect(one.some((sample) => 'sample' in sample)).toBe(false);
  expect(three.map(({ sample }) => sample)).toEqual([0, 1, 2].flatMap((k) => prompts.map(() => k)));
  expect(three.map(({ id }) => id)).toEqual([...one, ...one, ...one].map(({ id }) => id));
  expect(two).toEqual(three.slice(0, 2 * prompts.length));
  expect(two.slice(0, prompts.length).map(({ sample: _, ...rest }) => rest)).toEqual(one);
  const texts = three.map(({ response }) => response);
  expect(texts.slice(7, 14)).not.toEqual(texts.slice(0, 7));
  expect(texts.slice(14)).not.toEqual(texts.slice(7, 14));
});

test('judges that the training never saw read the responses, each under its name', async () => {
  const witnesses = [
    {
      name: 'length',
      judge: async (texts: readonly string[]) => texts.map(({ length }) => length),
    },
    { name: 'one', judge: async (texts: readonly string[]) => texts.map(() => 1) },
  ];
  for (const { judges, response } of (await chunks({ chunk: 3 }, { witnesses })).flat()) {
    expect(judges).toEqual({ length: response.length, one: 1 });
  }
  expect((await chunks()).flat().some((sample) => 'judges' in sample)).toBe(false);
});

test('with a reference a response is as probable as its tokens are, one after the other', async () => {
  const reference = await baseParameters(engine, policy.parameters);
  const temperature = 0.5;
  const hot = GenerationConfig.parse({ maxNewTokens: 8, temperature });
  const samples = (await chunks({ generation: hot, chunk: 3 }, { reference })).flat();
  const drawn = await policy.generate(
    prompts.map(({ ids }) => ids),
    hot,
    { seed: 1, key: ['evaluate'] },
  );
  for (const [i, { logprob, refLogprob }] of samples.entries()) {
    // what the sampler said of the same tokens: up to float32's rounding over 8 of them
    const said = drawn[i].logprobs.reduce((sum, one) => sum + one, 0);
    expect(logprob).toBeCloseTo(said, 4);
    expect(refLogprob).not.toBeCloseTo(said, 4);
    expect(refLogprob).toBeLessThan(0);
  }
  await reference.close();
});

test('under its own parameters a policy is as probable as it is, to the bit: the KL is 0', async () => {
  const samples = (await chunks({}, { reference: policy.parameters })).flat();
  expect(samples.map(({ refLogprob }) => refLogprob)).toEqual(
    samples.map(({ logprob }) => logprob),
  );
});

test("a first token that settings force is nobody's choice", async () => {
  const [query] = prompts.map(({ ids }) => ids);
  const answer = [{ query, response: [5, 6, 1] }];
  const [whole] = await logprobSums(policy, answer);
  const forcing = {
    sequence: policy.sequence.bind(policy),
    score: policy.score.bind(policy),
    forcesFirst: true,
  };
  const [rest] = await logprobSums(forcing, answer);
  const [{ logprobs }] = await policy.score([policy.sequence(query, [5, 6, 1])]);
  expect(whole - rest).toBeCloseTo(logprobs[0], 4);
});

test('what is copied is copied from the dialogue where it is known, and not from the instruction', async () => {
  const [{ response }] = (await chunks()).flat();
  const words = `${response} one two three four`; // at least four words
  const tokens = { ...tokenizer, decodeBatch: async (all: unknown[]) => all.map(() => words) };
  const given = prompts;
  prompts = prompts.map((prompt, i) => {
    if (i === 0) return { ...prompt, text: words };
    return { ...prompt, text: words, dialogue: i === 1 ? words : 'something else entirely it is' };
  });
  const samples = (await chunks({}, { tokenizer: tokens })).flat();
  prompts = given;
  expect(samples.slice(0, 3).map(({ copied }) => copied)).toEqual([1, 1, 0]);
});

test('stems match where words do not, if it is asked for', async () => {
  const tokens = {
    ...tokenizer,
    decodeBatch: async (all: unknown[]) => all.map(() => 'references others'),
  };
  const plain = (await chunks({}, { tokenizer: tokens })).flat();
  const stemmed = (await chunks({ stemmer: true }, { tokenizer: tokens })).flat();
  expect(plain[1].rouge1).toBe(0);
  expect(stemmed[1].rouge1).toBe(
    rouge(['one reference', 'another one'], 'references others', { stemmer: true }).rouge1.f,
  );
  expect(stemmed[1].rouge1).toBeGreaterThan(0);
});

test('a reference in a script that ROUGE cannot read is no 0: the measures are missing', async () => {
  const given = prompts;
  prompts = prompts.map((prompt) => ({ ...prompt, references: ['두 사람이 이야기한다'] }));
  const samples = (await chunks()).flat();
  prompts = given;
  const names = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'];
  expect(samples.flatMap((sample) => names.filter((name) => name in sample))).toEqual([]);
});
