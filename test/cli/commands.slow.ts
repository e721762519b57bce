import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelConfig } from '../../src/family/config.ts';
import type { RobertaConfig } from '../../src/family/roberta.ts';
import { readEvents } from '../../src/store/event-log.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { shallowAdapter, shallowT5 } from '../shallow.ts';
import { logitsTolerance } from '../tensors.ts';
import { tactful } from './io.ts';

const flanT5Base = {
  model_type: 't5',
  d_model: 768,
  d_kv: 64,
  d_ff: 2048,
  num_layers: 12,
  num_decoder_layers: 12,
  num_heads: 12,
  vocab_size: 32128,
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
};

let directory: string;
/** A T5 with a tokenizer, and an adapter of it. */
let model: string;
let adapter: string;
const classifier = goldenPath('roberta', 'model');
const data = goldenPath('data', 'dialogsum.test.jsonl');

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-cli-'));
  model = await shallowT5(join(directory, 't5'));
  adapter = await shallowAdapter(join(directory, 'adapter'));
  await writeFile(join(directory, 'flan.json'), JSON.stringify(flanT5Base));
});
afterAll(() => rm(directory, { recursive: true }));

async function json(words: readonly string[], options: { stdin?: string } = {}) {
  const { code, out, err } = await tactful([...words, '--json'], options);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('inspect', () => {
  const flags = ['--lora-rank', '32', '--lora-targets', 'q,v'];

  test('counts the parameters of a LoRA adapter on FLAN-T5-base from its config alone', async () => {
    const { out } = await tactful(['inspect', '--config', join(directory, 'flan.json'), ...flags]);
    expect(out.replace(directory, 'DIR')).toMatchInlineSnapshot(`
      "DIR/flan.json
      architecture       T5, encoder–decoder
      layers             12 + 12, 12 heads of 64
      widths             model 768, feed-forward 2048 (gated-gelu)
      vocabulary         32,128, untied embeddings
      parameters         trainable of all
        policy           3538944 of 251116800 (1.41 %)
        with value head  3539713 of 251117569 (1.41 %)
        reference        0 of 251117569 (0.00 %)
      "
    `);
    expect(out).toContain('3538944 of 251116800 (1.41 %)');
    expect(out).toContain('3539713 of 251117569 (1.41 %)');
    expect(out).toContain('0 of 251117569 (0.00 %)');
  });

  test('gives the same numbers as JSON', async () => {
    const [{ parameters }] = await json(['inspect', join(directory, 'flan.json'), ...flags]);
    expect(parameters).toEqual({
      base: 247577856,
      policy: { trainable: 3538944, all: 251116800 },
      policyWithValueHead: { trainable: 3539713, all: 251117569 },
      reference: { trainable: 0, all: 251117569 },
    });
  });

  test('tells of a model folder its weights, files and tokenizer', async () => {
    const [found] = await json(['inspect', model, '--tensors']);
    expect(found.model).toEqual(await readModelConfig(model));
    expect(found.weights.tensors).toBe(found.tensors.length);
    expect(found.weights.dtypes).toEqual(['float32']);
    expect(found.files.map(({ name }: { name: string }) => name)).toContain('model.safetensors');
    expect(found.tokenizer.tokens).toBeGreaterThan(0);
    const { out } = await tactful(['inspect', model]);
    expect(out).toMatch(/architecture +T5, encoder–decoder\n/);
  });

  test('tells of a classifier its labels', async () => {
    const { labels } = (await readModelConfig(classifier)) as RobertaConfig;
    const { out } = await tactful(['inspect', '--model', classifier]);
    expect(out).toContain(labels.map((label, i) => `${i} ${label}`).join(', '));
  });

  test('tells of an adapter its config, with and without its model', async () => {
    const [alone] = await json(['inspect', adapter]);
    expect(alone.adapter.rank).toBeGreaterThan(0);
    const [both] = await json(['inspect', '--model', model, '--adapter', adapter]);
    expect(both.adapter).toEqual(alone.adapter);
    expect(both.parameters.policy.trainable).toBe(alone.adapter.parameters);
  });

  test('lists the tensors of a file', async () => {
    const { out } = await tactful(['inspect', goldenPath('ppo', 'v_head.safetensors')]);
    expect(out).toMatch(/v_head\.summary\.bias {4}F32 {2}\[1\]\n/);
    expect(out).toMatch(/2 tensors, \d+ elements\n$/);
  });
});

describe('generate', () => {
  const few = ['--max-new-tokens', '6', '--threads', '1'];

  test('refuses a wrong value as wrong usage', async () => {
    const { code, out, err } = await tactful(['generate', '--model', 'm', '--top-k', 'ten']);
    const message = 'error: --top-k: expected a whole number of at least 0, got "ten".\n';
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: message });
  });

  test('gives the same greedy response whatever the seed', async () => {
    const words = ['generate', '--model', model, '--prompt', 'Hello there', '--greedy', ...few];
    const one = await tactful(words);
    expect(one.code).toBe(0);
    expect(await tactful([...words, '--seed', '9'])).toEqual(one);
  });

  test('gives the same samples for the same seed, others for another', async () => {
    const words = ['generate', '--model', model, '--prompt', 'Hello', ...few];
    const [first] = await json(words);
    const [again] = await json(words);
    const [other] = await json([...words, '--seed', '1']);
    expect(again).toEqual(first);
    expect(other.response).not.toBe(first.response);
  });

  test('puts the prompt of the lab around dialogues', async () => {
    const rows = await json([
      'generate',
      '--model',
      model,
      '--data',
      data,
      '--samples',
      '3',
      ...few,
    ]);
    expect(rows.length).toBe(3);
    for (const { query, tokens } of rows) {
      expect(query).toMatch(/^\nSummarize the following conversation\.\n\n[\s\S]*\n\nSummary:\n$/);
      expect(tokens).toBeLessThanOrEqual(6);
    }
    const [bare] = await json(['generate', '--model', model, '--dialogue', 'A: Hi.', ...few]);
    expect(bare.query).toBe('\nSummarize the following conversation.\n\nA: Hi.\n\nSummary:\n');
  });

  test('reads a prompt from the standard input, and takes an adapter', async () => {
    const words = ['generate', '--model', model, '--adapter', adapter, ...few];
    const [row] = await json(words, { stdin: 'From a pipe\nin two lines' });
    expect(row.query).toBe('From a pipe\nin two lines');
  });
});

describe('score', () => {
  const words = ['score', '--reward-model', classifier, '--threads', '1'];

  test('gives the logits of transformers by label name', async () => {
    interface Golden {
      texts: string[];
      runs: {
        kwargs: object;
        truncation: boolean;
        outputs: { label: string; score: number }[][];
      }[];
    }
    const { texts, runs } = await goldenJson<Golden>('roberta', 'pipeline.json');
    const plain = { top_k: null, function_to_apply: 'none' };
    const { outputs } = runs.find(({ kwargs }) => isDeepStrictEqual(kwargs, plain))!;
    const rows = await json([...words, ...texts]);
    rows.forEach(({ text, logits, probabilities }, i) => {
      expect(text).toBe(texts[i]);
      const actual = outputs[i].map(({ label }) => logits[label]);
      expect(actual).toBeAllClose(
        outputs[i].map(({ score }) => score),
        logitsTolerance,
      );
      const total = Object.values<number>(probabilities).reduce((sum, p) => sum + p, 0);
      expect(total).toBeCloseTo(1, 12);
    });
  });

  test('prints a table', async () => {
    const { out } = await tactful([...words, 'You are a clown.', 'Nice.']);
    expect(out).toMatch(
      /^ *\w+ +logit +\w+ +logit {2}text\n.* {2}You are a clown\.\n.* {2}Nice\.\n$/,
    );
  });

  test('reads lines of the standard input, shows one label', async () => {
    const { labels } = (await readModelConfig(classifier)) as RobertaConfig;
    const label = labels[1];
    const rows = await json([...words, '--label', label], { stdin: 'one\n\ntwo\n' });
    expect(rows.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(Object.keys(rows[0].logits)).toEqual([label]);
  });

  test('reads summaries of a file, as many as asked for', async () => {
    const { out, err } = await tactful([...words, '--data', data, '--samples', '70']);
    expect(out.trimEnd().split('\n').length).toBe(71);
    expect(err).toContain('score 70/70 (100 %)');
  });

  test('refuses a label that the classifier does not have', async () => {
    const { code, err } = await tactful([...words, '--label', 'hat', 'text']);
    expect(code).toBe(1);
    expect(err).toContain('Did you mean "hate"?');
  });
});

describe('detox', () => {
  const sizes = ['--steps', '1', '--batch-size', '4', '--samples', '4', '--max-new-tokens', '6'];
  const small = [...sizes, '--threads', '1'];
  const parts = ['--reward-model', classifier, '--data', data, '--group-column', 'topic'];
  const run = (name: string) => join(directory, name);

  test('does the whole job, and again from its own config.yaml', async () => {
    const first = ['detox', '--model', model, ...parts, ...small, '--output', run('first')];
    const { code, out, err } = await tactful([...first, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ directory: run('first'), steps: 1 });
    expect(err).toContain('train 1/1 (100 %)');
    const files = ['comparison.csv', 'comparison.jsonl', 'config.yaml', 'events.jsonl'];
    const all = [
      'adapter',
      'checkpoints',
      ...files,
      'report.html',
      'report.md',
      'rollouts',
      'samples-after.jsonl',
      'samples-before.jsonl',
      'samples.jsonl',
      'samples.parquet',
      'why.json',
    ];
    expect((await readdir(run('first'))).sort()).toEqual(all);

    const again = ['--config', join(run('first'), 'config.yaml'), '--output', run('again')];
    const second = await tactful(['detox', ...again]);
    expect({ code: second.code, err: second.err }).toEqual({ code: 0, err });
    expect(second.out).toMatch(/\d+ of \d+ \(\d+\.\d\d %\) parameters trainable/);
    const adapters = ['first', 'again'].map((name) =>
      readFile(join(run(name), 'adapter', 'adapter_model.safetensors')),
    );
    const [one, two] = await Promise.all(adapters);
    expect(one.equals(two)).toBe(true);
    const configs = ['first', 'again'].map((name) =>
      readFile(join(run(name), 'config.yaml'), 'utf8'),
    );
    const [then, now] = await Promise.all(configs);
    expect(now).toBe(then);
    // what was given, and the engine that was taken; the log has what follows from it
    expect(then).toContain('\nengine: onnxruntime\n');
    expect(then).not.toContain('klPenalty');
    const [started] = await readEvents(join(run('first'), 'events.jsonl'));
    const config = { klPenalty: 'kl', adamEps: 1e-5, seed: 0 };
    expect(started).toMatchObject({ type: 'started', job: 'detox', config });
    expect(err).toContain(
      `no --adapter: training starts from a fresh LoRA adapter of rank 32 on queries and values of ${model}\n`,
    );
  });

  test.each([
    [
      ['--mini-batch-size', '3'],
      /^error: --mini-batch-size: .*must divide --batch-size; got --mini-batch-size 3, .*\n$/,
    ],
    [['--config', '/no/such.yaml'], /^error: \/no\/such\.yaml: expected a readable file/],
    [
      ['--preset', 'demos'],
      /^error: --preset: expected one of demo, lab, got "demos"\. Did you mean "demo"\?\n$/,
    ],
    [['--model', '/no/such'], /^error: expected --reward-model <dir\|name>, got nothing\.\n$/],
  ])('refuses %j', async (words, message) => {
    const { code, out, err } = await tactful(['detox', ...words]);
    expect(code).toBeGreaterThan(0);
    expect(out).toBe('');
    expect(err).toMatch(message);
  });

  test('leaves no folder behind when there is nothing to begin with', async () => {
    const words = ['--model', '/no/such', ...parts, '--output', run('none')];
    const { code, err } = await tactful(['detox', ...words]);
    expect(code).toBe(1);
    expect(err).toContain('/no/such');
    await expect(readdir(run('none'))).rejects.toThrow('ENOENT');
  });
});
