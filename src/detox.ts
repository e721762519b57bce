import { join } from 'node:path';
import { trainingBatches } from './data/batches.ts';
import { buildPrompt, filterByLength, splitExamples } from './data/prepare.ts';
import { readExamples } from './data/read.ts';
import { type DetoxConfig, rlConfigOf } from './detox-config.ts';
import { detoxReward } from './detox-reward.ts';
import { compareSamples } from './eval/compare.ts';
import { evaluate, type Prompt } from './eval/evaluate.ts';
import { summarize } from './eval/statistics.ts';
import type { ParameterCount, RunEvent, Sample } from './events.ts';
import { type LoraConfig, writeAdapter, writeValueHead } from './hub/peft.ts';
import { countParameters } from './model/count.ts';
import { freshLora } from './model/initial.ts';
import { adapterTensors, loadClassifier, loadPolicy, valueHeadTensors } from './model/load.ts';
import type { Policy } from './model/policy.ts';
import { isToxic } from './model/toxic.ts';
import { classifierJudge } from './rl/judge.ts';
import { RlLearner } from './rl/learner.ts';
import { baseParameters } from './rl/reference.ts';
import { trainRl } from './rl/trainer.ts';
import type { Engine } from './runtime/engine.ts';
import { loadTokenizer } from './tokenizer.ts';

/** Where a detox run computes and writes. */
export interface DetoxContext {
  readonly engine: Engine;
  /** Folder that gets `adapter/`; nothing is written without one. */
  readonly output?: string;
  readonly runId: string;
  readonly version: string;
  /** Ends the training after the step that runs; while it measures, an abort is thrown. */
  readonly signal?: AbortSignal;
}

/**
 * The whole job as a stream of events: measure, train, measure again on the same prompts with the
 * same random numbers, compare. Writes the adapter at the end, or when it is stopped.
 */
export async function* detox(config: DetoxConfig, context: DetoxContext): AsyncGenerator<RunEvent> {
  const opened: Closable[] = [];
  try {
    const job = await setUp(config, context.engine, opened);
    yield* run(job, config, context);
  } finally {
    for (const part of opened) await part.close();
  }
}

interface Closable {
  close(): Promise<void>;
}

async function* run(
  job: Job,
  config: DetoxConfig,
  context: DetoxContext,
): AsyncGenerator<RunEvent> {
  const { policy, lora, tokenizer, learner, judge, ppo, batches, sizes } = job;
  const { engine, output, runId, version, signal } = context;
  const start = performance.now();
  yield {
    type: 'started',
    runId,
    time: new Date().toISOString(),
    version,
    config,
    engine: engine.description,
    ...parameterCounts(policy, lora),
    data: sizes,
  };
  const prompts = job.test.slice(0, config.samples);
  const { generation } = ppo;
  const measure = (when: 'before' | 'after') => {
    const parts = { policy, tokenizer, judge: judge.judge };
    const samples = evaluate(parts, prompts, { generation, seed: config.seed, signal });
    return measured(when, samples, prompts.length);
  };
  const before = yield* measure('before');
  const reward = detoxReward({ judge, policy, tokenizer }, config);
  const parts = { policy, tokenizer, learner, reward, batches };
  for await (const event of trainRl(parts, ppo, signal)) {
    if (event.type === 'stopped') await saveAdapter(output, policy, lora);
    yield event;
    if (event.type === 'stopped') return;
  }
  await saveAdapter(output, policy, lora);
  const after = yield* measure('after');
  const comparison = compareSamples(before, after, { rows: config.rows, seed: config.seed });
  yield { type: 'compared', comparison };
  yield { type: 'finished', steps: ppo.steps, seconds: (performance.now() - start) / 1000 };
}

type Job = Awaited<ReturnType<typeof setUp>>;

/** Models on the engine, prompts in memory. What is to be closed goes to `opened`. */
async function setUp(config: DetoxConfig, engine: Engine, opened: Closable[]) {
  const { model, adapter, rewardModel, seed } = config;
  const ppo = rlConfigOf(config);
  const { valueHead } = ppo;
  const tokenizer = await loadTokenizer(model);
  const { train, ...prompts } = await prepare(config, tokenizer.encodeBatch);
  const batchSize = ppo.batchSize / ppo.numGenerations;
  const { steps } = ppo;
  const batches = (start: number) =>
    queriesOf(train, trainingBatches(train.length, { batchSize, seed, steps, start }));
  batches(0); // refuses a batch too large
  const classifier = await loadClassifier(engine, rewardModel);
  opened.push(classifier);
  const judgeTokenizer = await loadTokenizer(rewardModel);
  const judge = classifierJudge({ ...config, classifier, tokenizer: judgeTokenizer });
  const lora = freshLora(config);
  const parts = await loadPolicy(engine, { model, adapter, lora, valueHead, seed });
  opened.push(parts.policy);
  const { parameters } = parts.policy;
  const reference =
    ppo.reference === 'base' ? await baseParameters(engine, parameters) : await parameters.copy();
  opened.push(reference);
  const learner = new RlLearner({ policy: parts.policy, reference, config: ppo });
  return { ...parts, ...prompts, batches, ppo, tokenizer, judge, learner };
}

/** Passes the samples on, and says how far it is. */
async function* measured(
  when: 'before' | 'after',
  parts: AsyncIterable<Sample[]>,
  total: number,
): AsyncGenerator<RunEvent, Sample[]> {
  const samples: Sample[] = [];
  const phase = `measure ${when}`;
  yield { type: 'progress', phase, done: 0, total };
  for await (const part of parts) {
    samples.push(...part);
    yield { type: 'progress', phase, done: samples.length, total };
  }
  yield {
    type: 'evaluated',
    when,
    toxicity: summarize(samples.map(({ toxicity }) => toxicity)),
    flagged: summarize(samples.map(({ toxicity }) => Number(isToxic(toxicity)))),
    rouge1: summarize(samples.map(({ rouge1 }) => rouge1)),
  };
  return samples;
}

type Encode = (texts: readonly string[], options: { maxLength: number }) => Promise<number[][]>;

/** Read, filter by length, make prompts, split. */
async function prepare(config: DetoxConfig, encode: Encode) {
  const { minimumLength: minimum, maximumLength: maximum, maxQueryTokens: maxLength } = config;
  const all = await readExamples(config.data, config);
  const kept = filterByLength(all, { minimum, maximum });
  const texts = kept.map(({ dialogue }) => buildPrompt(dialogue));
  const rows = await encode(texts, { maxLength });
  const prompts = kept.map(
    ({ id, summaries, group }, i): Prompt => ({
      id,
      text: texts[i],
      ids: rows[i],
      references: summaries,
      ...(group === undefined ? {} : { group }),
    }),
  );
  const { train, test } = splitExamples(prompts, config.testShare);
  const sizes = { rows: all.length, kept: kept.length, train: train.length, test: test.length };
  return { train, test, sizes };
}

function* queriesOf(train: readonly Prompt[], batches: Iterable<number[]>): Generator<Prompt[]> {
  for (const batch of batches) yield batch.map((i) => train[i]);
}

function parameterCounts(policy: Policy, lora: LoraConfig | undefined) {
  const { config, valueHead } = policy.shape;
  const policyParameters = countParameters(config, { lora, valueHead });
  const referenceParameters: ParameterCount = { trainable: 0, all: policyParameters.all };
  return { policyParameters, referenceParameters };
}

/** The adapter as PEFT reads it, and the value head beside it. */
async function saveAdapter(
  output: string | undefined,
  policy: Policy,
  lora: LoraConfig | undefined,
): Promise<void> {
  if (output === undefined || !lora) return;
  const folder = join(output, 'adapter');
  const { tensors } = policy.parameters;
  await writeAdapter(folder, { config: lora, tensors: adapterTensors(tensors) });
  const valueHead = valueHeadTensors(tensors);
  if (valueHead.size > 0) await writeValueHead(folder, valueHead);
}
