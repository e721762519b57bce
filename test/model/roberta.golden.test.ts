import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { positionIds } from '../../src/family/positions.ts';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { loadClassifier } from '../../src/model/load.ts';
import { probabilities } from '../../src/model/softmax.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensor } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import { expectGradients, logitsTolerance, numbers, ragged, rows2 } from '../tensors.ts';

let engine: Engine;
let classifier: Classifier;
let tokenizer: Tokenizer;
let forward: Map<string, Tensor>;
const folder = goldenPath('roberta', 'model');

beforeAll(async () => {
  engine = await testEngine();
  classifier = await loadClassifier(engine, folder);
  tokenizer = await loadTokenizer(folder);
  forward = await goldenTensors('roberta', 'forward.safetensors');
});
afterAll(async () => {
  await classifier.close();
  await engine.close();
});

const golden = (name: string) => forward.get(name)!;
const realRows = () => ragged(golden('input_ids'), golden('attention_mask'));

test('logits equal those of transformers for a ragged batch', async () => {
  const logits = await classifier.logits(realRows());
  expect(logits.flatMap((row) => [...row])).toBeAllClose(
    numbers(golden('logits')),
    logitsTolerance,
  );
});

test('a batch of one gives the same logits as a batch of n', async () => {
  const rows = realRows();
  const together = await classifier.logits(rows);
  for (const [i, row] of rows.entries()) {
    const [alone] = await classifier.logits([row]);
    expect(alone).toBeAllClose(together[i], { atol: 1e-5 }); // float32 sums in another order
  }
});

/** Inputs of the forward golden whose every id counts, padding ids too. */
const whole = [
  { name: 'without a mask', ids: 'input_ids', logits: 'logits_no_mask' },
  { name: 'of the longest input', ids: 'long_input_ids', logits: 'long_logits' },
  { name: 'with padding ids inside', ids: 'pad_inside_input_ids', logits: 'pad_inside_logits' },
];
test.each(whole)('logits $name equal those of transformers', async ({ ids, logits }) => {
  const actual = await classifier.logits(ragged(golden(ids)));
  const expected = rows2(golden(logits));
  actual.forEach((row, i) => {
    expect(row).toBeAllClose(expected[i], logitsTolerance);
  });
});

test('position ids equal those of transformers', () => {
  const rows = ragged(golden('input_ids')).map((row) => positionIds(row, classifier.config));
  expect(rows).toEqual(ragged(golden('position_ids')));
});

test('probabilities equal those of transformers', async () => {
  const logits = await classifier.logits(realRows());
  expect(logits.flatMap(probabilities)).toBeAllClose(numbers(golden('probs')), { atol: 1e-4 });
});

test('gradients of every parameter equal those of PyTorch', async () => {
  const trained = await loadClassifier(engine, folder, { trainable: true });
  const { loss, gradients } = await trained.gradient(realRows(), numbers(golden('labels')));
  expect([loss]).toBeAllClose(numbers(golden('loss')), { rtol: 1e-4 }); // README of the goldens
  expectGradients(gradients, await goldenTensors('roberta', 'full_grads.safetensors'));
  await trained.close();
});

test('an input with more tokens than there are positions is refused by its length', async () => {
  const most = classifier.maxTokens;
  await expect(classifier.logits([Array<number>(most + 1).fill(5)])).rejects.toThrow(
    `classifier: expected at most ${most} tokens, got ${most + 1}. Truncate the text.`,
  );
});

test('a label that the model does not have is refused with those that it has', () => {
  for (const [i, label] of classifier.config.labels.entries())
    expect(classifier.labelIndex(label)).toBe(i);
  expect(() => classifier.labelIndex('Hate')).toThrow('Did you mean "hate"?');
});

describe('the text-classification pipeline', async () => {
  interface Score {
    label: string;
    score: number;
  }
  type Apply = 'none' | 'softmax' | 'sigmoid';
  interface Run {
    kwargs: { top_k?: number | null; function_to_apply?: Apply; max_length?: number };
    outputs: (Score | Score[])[] | Score[];
    single_string?: string;
  }
  interface Pipeline {
    texts: string[];
    input_ids: number[][];
    runs: Run[];
    truncation: {
      texts: string[];
      outputs: Score[][];
      outputs2: Score[][];
      kwargs2: Run['kwargs'];
      untruncated_lengths: number[];
    };
  }
  const pipeline = await goldenJson<Pipeline>('roberta', 'pipeline.json');
  const texts = (run: Run) => (run.single_string ? [run.single_string] : pipeline.texts);

  const scoresBy: Record<Apply, (logits: ArrayLike<number>) => number[]> = {
    none: (logits) => Array.from(logits),
    softmax: probabilities,
    sigmoid: (logits) => Array.from(logits, (x) => 1 / (1 + Math.exp(-x))),
  };

  async function judge(
    inputs: readonly string[],
    apply: Apply,
    maxLength = tokenizer.maxLength,
  ): Promise<Score[][]> {
    const logits = await classifier.logits(await tokenizer.encodeBatch(inputs, { maxLength }));
    const { labels } = classifier.config;
    return logits.map((row) =>
      scoresBy[apply](row).map((score, i) => ({ label: labels[i], score })),
    );
  }

  function expectScores(actual: Score[][], expected: (Score | Score[])[]): void {
    expected.forEach((output, i) => {
      for (const { label, score } of [output].flat()) {
        const own = actual[i].find((part) => part.label === label)!.score;
        expect([own]).toBeAllClose([score], logitsTolerance);
      }
      const best = actual[i].reduce((a, b) => (b.score > a.score ? b : a));
      expect([output].flat()[0].label).toBe(best.label); // the pipeline sorts by score
    });
  }

  test('reads the same ids', async () => {
    expect(await tokenizer.encodeBatch(pipeline.texts)).toEqual(pipeline.input_ids);
  });

  const cases = pipeline.runs.map((run) => ({ name: JSON.stringify(run.kwargs), run }));
  test.each(cases)('gives the same scores: $name', async ({ run }) => {
    const { kwargs, outputs, single_string } = run;
    const expected = single_string ? [outputs as Score[]] : outputs;
    // the call with one string was recorded with raw scores
    const apply = kwargs.function_to_apply ?? (single_string ? 'none' : 'softmax');
    expectScores(await judge(texts(run), apply), expected);
  });

  test('truncates as transformers does', async () => {
    const { truncation } = pipeline;
    const ids = await tokenizer.encodeBatch(truncation.texts);
    expect(ids.map((row) => row.length)).toEqual(truncation.untruncated_lengths);
    expectScores(await judge(truncation.texts, 'none'), truncation.outputs);
    const short = truncation.kwargs2.max_length!;
    expectScores(await judge(truncation.texts, 'none', short), truncation.outputs2);
  });
});
