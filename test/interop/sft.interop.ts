/** Supervised fine-tuning, step by step, against PyTorch's AdamW on PEFT's adapter. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAdapter, writeAdapter } from '../../src/adapter/peft.ts';
import { buildPrompt } from '../../src/data/prompt.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { type SftEvent, sft } from '../../src/jobs/library.ts';
import { SftConfig } from '../../src/jobs/sft-config.ts';
import { freshLora } from '../../src/model/initial.ts';
import { adapterTensors, loadPolicy } from '../../src/model/load.ts';
import { scheduleFactor } from '../../src/model/schedule.ts';
import { randomStream } from '../../src/random.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensors } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { python } from './python.ts';
import '../setup.ts';

interface Theirs {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly learnt: number;
}

const scratch = scratchFolders();
const model = goldenPath('t5', 'model');
const tokenizerFolder = goldenPath('tokenizers', 't5');
const settings = {
  batchSize: 4,
  epochs: 1,
  learningRate: 0.001,
  warmup: 2,
  weightDecay: 0.1,
  maxGradNorm: 0.5,
  loraRank: 4,
  evaluationSamples: 0,
  seed: 3,
} as const;
const steps = 5;

let engine: Engine;
let home: string;
let base: string;
let start: string;
let theirs: Theirs;
let data: string;
beforeAll(async () => {
  engine = await testEngine();
  home = await scratch();
  base = join(home, 'model');
  await cp(model, base, { recursive: true });
  await cp(tokenizerFolder, base, { recursive: true, force: false });
  data = join(home, 'data.jsonl');
  await writeFile(data, rows().join('\n'));
  start = await freshAdapter();
  const job = join(home, 'job.json');
  await writeFile(job, JSON.stringify(await jobOf()));
  theirs = await python<Theirs>('sft.py', [base, start, job, home]);
});
afterAll(() => engine.close());

/** Dialogues of different lengths: 25, of which 20 are trained on. */
function rows(): string[] {
  const words = [
    'really',
    'never',
    'tomorrow',
    'a train',
    'the doctor',
    'two tickets',
    'green tea',
  ];
  return Array.from({ length: 25 }, (_, i) => {
    const talk = Array.from({ length: 4 + (i % 6) }, (_, j) => {
      const said = Array.from({ length: 8 }, (_, k) => words[(i * j + k * k + i) % words.length]);
      return `#Person${1 + (j % 2)}#: ${said.join(' ')}.`;
    });
    const summary = `They talk about ${words[i % words.length]}${i % 3 ? ` and ${words[(i + 2) % words.length]}` : ''}.`;
    return JSON.stringify({ id: `${i}`, dialogue: talk.join('\n'), summary });
  });
}

/** An adapter whose B is not zero any more, so that A has a gradient from the start. */
async function freshAdapter(): Promise<string> {
  const folder = join(home, 'start');
  const lora = freshLora({
    model: base,
    loraRank: settings.loraRank,
    loraAlpha: 32,
    loraTargets: ['q', 'v'],
  });
  const { policy } = await loadPolicy(engine, { model: base, lora, seed: 7 });
  const stream = randomStream(7, ['interop']);
  const tensors = adapterTensors(policy.parameters.tensors);
  for (const [name, { data: b }] of tensors) {
    if (name.includes('lora_B')) for (let i = 0; i < b.length; i++) b[i] = 0.02 * stream.normal();
  }
  await writeAdapter(folder, { config: lora, tensors });
  await policy.close();
  return folder;
}

/** The same examples in the same order at the same rates. */
async function jobOf() {
  const { batchSize, learningRate, warmup, seed, weightDecay, maxGradNorm } = settings;
  const tokenizer = await loadTokenizer(base);
  const examples = (await readFile(data, 'utf8')).split('\n').map((line) => JSON.parse(line));
  const queries = await tokenizer.encodeBatch(
    examples.map(({ dialogue }) => buildPrompt(dialogue)),
    { maxLength: 512 },
  );
  const responses = await tokenizer.encodeBatch(examples.map(({ summary }) => summary));
  const train = Array.from({ length: 20 }, (_, i) => i);
  const order = randomStream(seed, ['supervised', 0]).shuffle(train);
  const batches = Array.from({ length: steps }, (_, step) =>
    order
      .slice(step * batchSize, (step + 1) * batchSize)
      .map((i) => ({ query: queries[i], response: responses[i] })),
  );
  const schedule = { name: 'cosine', warmup, total: steps } as const;
  const rates = batches.map((_, step) => learningRate * scheduleFactor(schedule, step + 1));
  return { batches, rates, weightDecay, maxGradNorm };
}

async function ours(options: Partial<SftConfig>, stopAfter = steps) {
  const output = join(await scratch(), 'result');
  const controller = new AbortController();
  const { signal } = controller;
  const config = SftConfig.parse({
    ...settings,
    model: base,
    adapter: start,
    data,
    minimumLength: 0,
    maximumLength: 100_000,
    ...options,
  });
  const events: SftEvent[] = [];
  for await (const event of sft(config, { engine, output, version: '', signal })) {
    events.push(event);
    if (event.type === 'step' && event.step === stopAfter) controller.abort();
  }
  const told = events.flatMap((event) => (event.type === 'step' ? [event] : []));
  return { tensors: (await readAdapter(output)).tensors, told };
}

function expectClose(tensors: Tensors, expected: Tensors) {
  expect([...tensors.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { data: values }] of tensors) {
    expect(values).toBeAllClose(expected.get(name)!.data, { atol: 1e-5 });
  }
}
const theirAdapter = async (step: number) =>
  (await readAdapter(join(home, `step-${step}`))).tensors;

describe.each([
  ['whole batches', {}],
  ['batches computed in parts', { microBatchSize: 3 }],
  ['gradient checkpointing', { gradientCheckpointing: true }],
])('with %s', (_, options) => {
  test('one step of AdamW moves the adapter as PyTorch does', async () => {
    const { tensors, told } = await ours(options, 1);
    expect(told).toHaveLength(1);
    const changed = await readAdapter(start);
    expect(tensors).not.toEqual(changed.tensors);
    expectClose(tensors, await theirAdapter(1));
  });

  test('five steps have the losses and gradient norms of PyTorch, and end at the same adapter', async () => {
    const { tensors, told } = await ours(options);
    expect(theirs.learnt).toBe(tensors.size);
    expect(told.map(({ metrics }) => metrics.loss)).toBeAllClose(theirs.losses, {
      rtol: 1e-5,
      atol: 0,
    });
    expect(told.map(({ metrics }) => metrics.grad_norm)).toBeAllClose(theirs.norms, {
      rtol: 1e-4,
      atol: 0,
    });
    expect(Math.max(...theirs.norms)).toBeGreaterThan(settings.maxGradNorm); // clipping took part
    expectClose(tensors, await theirAdapter(steps));
  });
});
